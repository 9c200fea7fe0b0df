/** Which way the quickstart goes on which machine. The ways themselves are walked in test/e2e/quickstart*.test.ts. */
import { describe, expect, it } from 'vitest';
import { chooseStep, installerOf } from '../../scripts/quickstart/ladder.mjs';

const APT = 'apt-get install bubblewrap';
const DOCKER = { fault: undefined, withPython: undefined };
const NO_DOCKER = { fault: 'connect ENOENT', withPython: undefined };
const USABLE = { usable: true, unlimited: [] };
const MISSING = { usable: false, missing: true, message: 'bubblewrap is not installed', fix: 'Install bubblewrap.' };
const REFUSED = { usable: false, missing: false, message: 'this machine refuses', fix: 'Allow user namespaces.' };
const DEBIAN_ROOT = { root: true, installer: APT };

const choose = (seen: object) =>
  chooseStep({
    wanted: 'auto',
    image: undefined,
    docker: NO_DOCKER,
    sandbox: undefined,
    root: false,
    installer: undefined,
    installTried: false,
    ...seen,
  }) as { step: string; node?: string[]; image?: string; lines: string[] };

describe('the ladder', () => {
  it.each([
    ['Docker with an image of Python', { docker: { ...DOCKER, withPython: 'python:3' } }, ['docker-image', 'docker', 'python:3']],
    ['Docker with the image that is named', { docker: DOCKER, image: 'my:1' }, ['docker-image', 'docker', 'my:1']],
    ['Docker with the image host', { docker: DOCKER }, ['docker-host', 'docker', 'host']],
    ['host by name', { docker: { ...DOCKER, withPython: 'python:3' }, image: 'host' }, ['docker-host', 'docker', 'host']],
    ['without Docker, a look at sandboxes', {}, ['try-sandbox', undefined, undefined]],
    ['a sandbox', { sandbox: USABLE }, ['sandbox', 'sandbox', 'host']],
    ['a sandbox cannot have images of Docker', { sandbox: USABLE, image: 'my:1' }, ['sandbox', 'sandbox', 'host']],
    ['a sandbox of an unpacked image', { sandbox: USABLE, image: '/srv/root' }, ['sandbox', 'sandbox', '/srv/root']],
    ['root on Debian installs', { sandbox: MISSING, ...DEBIAN_ROOT }, ['install', undefined, undefined]],
    ['but once', { sandbox: MISSING, ...DEBIAN_ROOT, installTried: true }, ['plain', 'none', 'host']],
    ['and not what would not help', { sandbox: REFUSED, ...DEBIAN_ROOT }, ['plain', 'none', 'host']],
    ['an ordinary user goes on', { sandbox: MISSING, installer: APT }, ['plain', 'none', 'host']],
    ['root elsewhere goes on', { sandbox: MISSING, root: true, installer: 'apk add bubblewrap' }, ['plain', 'none', 'host']],
    ['a driver that is named: docker', { wanted: 'docker' }, ['docker-host', 'docker', 'host']],
    ['a driver that is named: sandbox', { wanted: 'sandbox', docker: DOCKER }, ['try-sandbox', undefined, undefined]],
    ['which is never left', { wanted: 'sandbox', sandbox: REFUSED }, ['sandbox', 'sandbox', 'host']],
  ])('%s', (_, seen, expected) => {
    const { step, node, image } = choose(seen);
    expect([step, node?.[1], image]).toEqual(expected);
  });

  const said = (seen: object) => choose(seen).lines.join('\n');

  it('says what would be better', () => {
    expect(said({ docker: { ...DOCKER, withPython: 'python:3' } })).not.toContain('better');
    expect(said({ docker: DOCKER })).toMatch(/better: .*docker pull/);
    expect(said({ sandbox: { usable: true, unlimited: ['CPU time is not limited.'] } })).toMatch(
      /ENOENT[^]*CPU time is not limited\.\nbetter: Docker/,
    );
    expect(said({ sandbox: REFUSED })).toMatch(/better: Docker[^]*better: a sandbox \(Allow user namespaces\.\)/);
  });

  it('says before it installs, and tells ordinary users how', () => {
    expect(said({ sandbox: MISSING, ...DEBIAN_ROOT })).toContain(`is installed now from this distribution: ${APT}`);
    expect(said({ sandbox: MISSING, installer: APT })).toContain(`better: a sandbox (sudo ${APT})`);
    expect(said({ sandbox: MISSING })).toContain('better: a sandbox (Install bubblewrap.)');
  });

  it('says in capital letters that nothing is isolated', () => {
    expect(said({ sandbox: REFUSED })).toMatch(/NO ISOLATION\. THE PROGRAMS OF THIS DEMO RUN DIRECTLY ON THIS MACHINE/);
  });
});

describe('the command that installs', () => {
  it.each([
    ['ID=debian\nVERSION_ID="12"', APT],
    ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian', APT],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', APT],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'dnf install bubblewrap'],
    ['ID=alpine', 'apk add bubblewrap'],
    ['ID=constructor', undefined],
    ['', undefined],
  ])('of %j is %s', (text, command) => {
    expect(installerOf(text)).toBe(command);
  });
});
