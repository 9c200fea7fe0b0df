/** `berth images`, as people use it: on the real Docker, from a real registry, with what is registered in a real etcd. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Berth } from '../support/berth.js';
import { etcdctl } from '../support/etcd.js';
import { forgetImage, publish, REGISTRY_USER, startRegistry } from '../support/registry.js';
import { describeWithDocker, describeWithEtcd, describeWithRegistry } from '../support/services.js';

const PROGRAM = new URL('../../packages/cli/bin/berth.js', import.meta.url).pathname;
const MIB = 1024 * 1024;

describeWithDocker('images', (docker) => {
  const engine = new Docker({ socketPath: docker.socketPath });
  let berth: Berth;
  let made: string[];
  beforeEach(async () => {
    berth = await Berth.create(docker);
    made = [];
  });
  afterEach(async () => {
    for (const name of made) await forgetImage(engine, name);
    await berth.dispose();
  });
  /** Removed in the end. */
  const remember = (...names: string[]) => void made.push(...names);
  const json = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>[]>;

  it('are listed with their references and the names that managers know', async () => {
    const tag = `t-${randomBytes(6).toString('hex')}`;
    const reference = `lablup/kernel-story:${tag}`;
    remember(reference);
    await engine.getImage(docker.images.empty).tag({ repo: 'lablup/kernel-story', tag });
    const listed = json((await berth.run(['images', 'ls', '-o', 'json'])).stdout)['images']!;
    const image = listed.find(({ references }) => (references as string[]).includes(reference))!;
    expect(image['names']).toContain(`story:${tag}`);
    expect(image['references']).toContain(docker.images.empty);
    const lines = (await berth.run(['images', 'ls'])).stdout.split('\n');
    expect(lines.find((line) => line.startsWith(reference))).toMatch(new RegExp(`^${reference} +story:${tag} +[0-9a-f]{12}$`));
    expect(json((await berth.run(['images', 'inspect', `story:${tag}`, '-o', 'json'])).stdout)).toMatchObject({
      imageId: image['imageId'],
      timeoutSeconds: null,
    });
    expect(await berth.run(['images', 'rm', `story:${tag}`])).toMatchObject({ code: 0, stdout: `${reference}\n` });
    expect((await berth.run(['images', 'ls'])).stdout).not.toContain(reference);
  });

  it.each([
    ['no verb', ['images'], 64, /needs one of ls, pull, inspect, rm/],
    ['an unknown verb', ['images', 'lst'], 64, /Did you mean ls\?/],
    ['nothing to pull', ['images', 'pull'], 64, /needs a NAME, or --registered/],
    ['names and --registered', ['images', 'pull', '--registered', 'a'], 64, /either names or --registered/],
    ['etcd without --registered', ['images', 'pull', '--etcd-addr', 'a:1', 'b'], 64, /--etcd-addr needs --registered/],
    ['a password without a user', ['images', 'pull', '--password-stdin', 'a'], 64, /go together/],
    ['an option of another verb', ['images', 'ls', '--registry', 'a'], 64, /--registry is for `berth images pull` only/],
    ['an image that is not there', ['images', 'inspect', 'berth-test/none:1'], 69, /there is no image "berth-test\/none:1"/],
    ['the built-in image', ['images', 'rm', 'host'], 69, /host is no image of Docker/],
    ['no such reference', ['images', 'pull', 'A B'], 69, /"A B" is not the name of an image/],
  ])('say what is wrong in one line: %s', async (_what, args, code, message) => {
    const ended = await berth.run(args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr.split('\n').at(-2)).toMatch(message);
  });

  it('need Docker, and say so', async () => {
    const ended = await berth.run(['images', 'ls'], { env: { DOCKER_HOST: 'unix:///nothing/here.sock' } });
    expect(ended).toMatchObject({ code: 69, stdout: '', stderr: expect.stringMatching(/^berth: .*\n$/) as string });
  });

  describeWithRegistry('from a registry', ({ address }) => {
    it('are pulled one after the other; one that fails does not stop the others', async () => {
      const image = await publish(engine, address);
      const missing = `${address}/${image.repository}:2`;
      remember(image.at(address));
      const ended = await berth.run(['images', 'pull', missing, image.at(address)]);
      const { Id } = await engine.getImage(image.at(address)).inspect();
      expect(ended).toMatchObject({ code: 69, stdout: `${image.at(address)} ${Id}\n` });
      expect(ended.stderr).toContain(`berth: pulling ${missing} failed: `);
      expect(ended.stderr).toContain('berth: 1 pulled, 1 failed\n');
      expect(json((await berth.run(['images', 'pull', missing, image.at(address), '-o', 'json'])).stdout)).toMatchObject({
        pulled: [{ reference: image.at(address), imageId: Id }],
        failed: [{ code: 'pull-failed', fields: { reference: missing } }],
      });
    });

    it('show a line that changes to a person at a terminal, and only there', async () => {
      const image = await publish(engine, address, { bytes: 24 * MIB });
      remember(image.at(address));
      const command = `${process.execPath} ${PROGRAM} images pull ${image.at(address)}`;
      const env = { ...process.env, DOCKER_HOST: `unix://${docker.socketPath}`, NODE_EXTRA_CA_CERTS: '' };
      const child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let shown = '';
      child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(shown.split('\r\u001b[K')).toContainEqual(expect.stringMatching(/^pulling .*: .*layers$/));
      await forgetImage(engine, image.at(address));
      const plain = await berth.run(['images', 'pull', image.at(address)]);
      expect(plain.stderr).toBe(`berth: pulling ${image.at(address)}\n`);
    });

    it('stop on Ctrl-C', async () => {
      const image = await publish(engine, address, { bytes: 32 * MIB });
      remember(image.at(address));
      const child = berth.spawn(['images', 'pull', image.at(address)]);
      await once(child.stderr, 'data');
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([130, null]);
    });

    it('are pulled with a user and a password, which comes from standard input', async () => {
      const own = await startRegistry();
      try {
        const image = await publish(engine, own.address, { credentials: REGISTRY_USER });
        remember(image.at(own.address));
        const { username, password } = REGISTRY_USER;
        const pull = ['images', 'pull', image.at(own.address), '--username', username, '--password-stdin'];
        expect(await berth.run(pull, { input: 'wrong\n' })).toMatchObject({ code: 69, stdout: '' });
        expect(await berth.run(pull, { input: `${password}\n` })).toMatchObject({ code: 0 });
      } finally {
        await own.dispose();
      }
    });

    describeWithEtcd('registered in etcd', (etcd) => {
      it('are pulled together, and get the names that managers ask for', async () => {
        const namespace = `images-${randomBytes(6).toString('hex')}`;
        const name = `story-${randomBytes(6).toString('hex')}`;
        const image = await publish(engine, address, { repository: `lablup/kernel-${name}` });
        remember(image.at(address), `lablup/kernel-${name}:1`);
        const keys = { '1': 'ca7b9f52b6c2', latest: ':1', missing: 'x', circle: ':circle' };
        try {
          for (const [tag, value] of Object.entries(keys))
            await etcdctl(etcd.address, 'put', `/sorna/${namespace}/images/${name}/tags/${tag}`, value);
          const where = ['--etcd-addr', etcd.address, '--namespace', namespace, '--registry', address];
          const ended = await berth.run(['images', 'pull', '--registered', ...where]);
          const { Id } = await engine.getImage(`lablup/kernel-${name}:1`).inspect();
          expect(ended).toMatchObject({ code: 69, stdout: `lablup/kernel-${name}:1 ${Id}\n` });
          expect(ended.stderr).toContain(`warning: ${name}:circle stands for itself`);
          expect(ended.stderr).toContain(`kernel-${name}:missing failed`);
          expect(ended.stderr).toContain('1 pulled, 1 failed');
        } finally {
          await etcdctl(etcd.address, 'del', '--prefix', `/sorna/${namespace}/`);
        }
      });

      it('are none where nothing is registered', async () => {
        const where = ['--etcd-addr', etcd.address, '--namespace', `none-${randomBytes(6).toString('hex')}`];
        expect(await berth.run(['images', 'pull', '--registered', ...where, '-o', 'json'])).toMatchObject({
          code: 0,
          stdout: '{"pulled":[],"failed":[]}\n',
        });
      });
    });

    describe('registered in an etcd that is away', () => {
      it('cannot be known, and that is one line', async () => {
        const ended = await berth.run(['images', 'pull', '--registered', '--etcd-addr', '127.0.0.1:1']);
        expect(ended).toMatchObject({
          code: 69,
          stdout: '',
          stderr: expect.stringMatching(/^berth: [^\n]*etcd[^\n]*\n$/) as string,
        });
      });
    });
  });
});
