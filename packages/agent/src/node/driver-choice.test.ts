import { describe, expect, it } from 'vitest';
import { BerthError } from '@berth/wire';
import { DRIVER_NAMES } from '../ports/driver.js';
import { chooseDriver, nextDriverStep, type DriverQuestion, type DriverStep } from './driver-choice.js';

const AWAY = new BerthError('driver-unavailable', 'connect ENOENT /d.sock');
const SHUT = new BerthError('driver-forbidden', 'connect EACCES /d.sock');
const SLOW = new BerthError('timeout', 'no answer within a second');
const MISSING = new BerthError('driver-unavailable', 'bubblewrap is not installed');
const REFUSED = new BerthError('driver-forbidden', 'this machine refuses', { fix: 'Allow user namespaces, or use Docker.' });

const taken = (driver: string, reason: RegExp) => ({ kind: 'take', driver, reason: expect.stringMatching(reason) as string });

describe('the driver', () => {
  const auto: Partial<DriverQuestion> = { wanted: 'auto' };
  const table: [string, Partial<DriverQuestion>, object][] = [
    ['that is named is taken untried', { wanted: 'docker' }, taken('docker', /asked for/)],
    ['that is named is taken, whatever waits', { wanted: 'docker', kept: 'sandbox' }, taken('docker', /asked for/)],
    ['that waiting sessions need is taken untried', { ...auto, kept: 'sandbox' }, taken('sandbox', /sessions/)],
    ['Docker is tried first', auto, { kind: 'try', driver: 'docker' }],
    ['Docker is taken when it answers', { ...auto, tried: { docker: null } }, taken('docker', /Docker answers/)],
    ['sandbox is tried when Docker is away', { ...auto, tried: { docker: AWAY } }, { kind: 'try', driver: 'sandbox' }],
    ['sandbox is tried when Docker is not for us', { ...auto, tried: { docker: SHUT } }, { kind: 'try', driver: 'sandbox' }],
    ['sandbox is tried when Docker is slow', { ...auto, tried: { docker: SLOW } }, { kind: 'try', driver: 'sandbox' }],
    ['sandbox is taken, and says why', { ...auto, tried: { docker: AWAY, sandbox: null } }, taken('sandbox', /ENOENT/)],
    [
      'Docker gets more time as the last hope',
      { ...auto, tried: { docker: SLOW, sandbox: MISSING } },
      taken('docker', /nothing/),
    ],
  ];
  it.each(table)('%s', (_, question, step) => {
    expect(nextDriverStep({ wanted: 'auto', kept: undefined, tried: {}, ...question })).toEqual(step);
  });
});

describe('without any driver', () => {
  const failure = (docker: BerthError, sandbox: BerthError) => {
    const step = nextDriverStep({ wanted: 'auto', kept: undefined, tried: { docker, sandbox } });
    return (step as Extract<DriverStep, { kind: 'fail' }>).error;
  };

  it('both ways out are told, with the code of Docker', () => {
    expect(failure(AWAY, MISSING)).toMatchObject({
      code: 'driver-unavailable',
      message: expect.stringMatching(/ENOENT.*not installed/) as string,
      fix: expect.stringMatching(
        /^Either start Docker.*; or, .*install bubblewrap \(`apt-get install bubblewrap`\)\. .*`--isolation none`/,
      ) as string,
    });
  });

  it('each is told by what it lacks', () => {
    expect(failure(SHUT, REFUSED)).toMatchObject({
      code: 'driver-forbidden',
      fix: expect.stringMatching(
        /^Either add the user to the group `docker`.*; or, .*, allow user namespaces\. For code of your own/,
      ) as string,
    });
  });
});

it('is found by trying no more than is needed', async () => {
  const asked: string[] = [];
  const choose = (usable: readonly string[]) =>
    chooseDriver({ wanted: 'auto', kept: undefined }, (driver) => {
      asked.push(driver);
      return Promise.resolve(usable.includes(driver) ? null : AWAY);
    });
  expect((await choose(DRIVER_NAMES)).driver).toBe('docker');
  expect((await choose(['sandbox'])).driver).toBe('sandbox');
  await expect(choose([])).rejects.toMatchObject({ code: 'driver-unavailable' });
  expect(asked).toEqual(['docker', ...DRIVER_NAMES, ...DRIVER_NAMES]);
});
