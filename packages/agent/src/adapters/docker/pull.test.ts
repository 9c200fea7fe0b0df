import { inspect } from 'node:util';
import { VirtualClock } from '@berth/base';
import { toBerthError } from '@berth/wire';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, PlayedEngine } from '../../../testing/played-engine.js';
import type { PullProgress } from '../../ports/driver.js';
import { Engine } from './engine.js';
import { ImagePulls } from './pull.js';

const NAME = 'registry.test/image:1';

let engine: PlayedEngine;
let clock: VirtualClock;
let pulls: ImagePulls;
/** Answers that are open, and how to wait for the next. */
let open: ServerResponse[];
let opened: (() => void) | undefined;
let header: string | undefined;

beforeEach(async () => {
  open = [];
  clock = new VirtualClock();
  engine = await PlayedEngine.start((path, response, request) => {
    if (path.startsWith('/images/create')) {
      header = request.headers['x-registry-auth'] as string | undefined;
      response.writeHead(200).flushHeaders();
      open.push(response);
      opened?.();
      return true;
    }
    return path === `/images/${NAME}/json` ? answer(response, { Id: 'sha256:1' }) : false;
  });
  pulls = new ImagePulls(new Engine(engine.target), clock);
});
afterEach(() => engine.stop());

async function nextPull(): Promise<ServerResponse> {
  if (open.length === 0) await new Promise<void>((resolve) => (opened = resolve));
  return open.shift()!;
}
const line = (value: object) => `${JSON.stringify(value)}\r\n`;
const created = () => engine.requests.filter((request) => request === 'POST /images/create').length;

describe('ImagePulls', () => {
  it('is one request for all who ask at the same time, and a new one afterwards', async () => {
    const both = [pulls.pull(NAME, {}), pulls.pull('registry.test/image:1', {})];
    (await nextPull()).end(line({ status: 'done' }));
    expect(await Promise.all(both)).toEqual([{ imageId: 'sha256:1' }, { imageId: 'sha256:1' }]);
    expect(created()).toBe(1);
    const third = pulls.pull(NAME, {});
    (await nextPull()).end(line({ status: 'done' }));
    await third;
    expect(created()).toBe(2);
  });

  it('tells progress to each, and to one who came later from then on', async () => {
    const early: PullProgress[] = [];
    const late: PullProgress[] = [];
    let heard = () => {};
    const first = pulls.pull(NAME, { onProgress: (progress) => (early.push(progress), heard()) });
    const response = await nextPull();
    const told = new Promise<void>((resolve) => (heard = resolve));
    response.write(line({ status: 'one' }));
    await told;
    const second = pulls.pull(NAME, { onProgress: (progress) => void late.push(progress) });
    response.end(line({ status: 'two' }));
    await Promise.all([first, second]);
    expect([early, late].map((all) => all.map(({ status }) => status))).toEqual([['one', 'two'], ['two']]);
  });

  it('fails by what is told within the stream', async () => {
    const pull = pulls.pull(NAME, {});
    (await nextPull()).end(
      line({ status: 'one' }) + line({ errorDetail: { message: 'unexpected EOF' }, error: 'unexpected EOF' }),
    );
    await expect(pull).rejects.toMatchObject({ code: 'pull-failed', message: `pulling ${NAME} failed: unexpected EOF` });
  });

  it('fails when nothing is heard for a minute', async () => {
    const heard: PullProgress[] = [];
    let tell = () => {};
    const pull = pulls.pull(NAME, { onProgress: (progress) => (heard.push(progress), tell()) });
    const response = await nextPull();
    for (let i = 0; i < 3; i++) {
      clock.advance(59_000);
      const told = new Promise<void>((resolve) => (tell = resolve));
      response.write(line({ status: 'slow' }));
      await told;
    }
    clock.advance(60_000);
    await expect(pull).rejects.toMatchObject({ code: 'pull-failed', message: expect.stringContaining('60 s') as string });
    expect(heard).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('fails as driver-unavailable when the engine dies meanwhile', async () => {
    const pull = pulls.pull(NAME, {});
    (await nextPull()).destroy();
    await expect(pull).rejects.toMatchObject({ code: 'driver-unavailable' });
  });

  it('hangs up with the last who waited, and not before', async () => {
    const controllers = [new AbortController(), new AbortController()];
    const both = controllers.map(({ signal }) => pulls.pull(NAME, { signal }));
    const response = await nextPull();
    let gone = false;
    const hungUp = new Promise<void>((resolve) => response.on('close', () => ((gone = true), resolve())));
    controllers[0]!.abort(new Error('first'));
    await expect(both[0]).rejects.toThrow('first');
    await new Promise((resolve) => setImmediate(resolve));
    expect(gone).toBe(false);
    controllers[1]!.abort(new Error('second'));
    await expect(both[1]).rejects.toThrow('second');
    await hungUp;
    const again = pulls.pull(NAME, {});
    (await nextPull()).end(line({ status: 'done' }));
    expect(await again).toEqual({ imageId: 'sha256:1' });
  });

  it('goes on when somebody cannot bear the progress', async () => {
    const onProgress = () => {
      throw new Error('too much');
    };
    const pull = pulls.pull(NAME, { onProgress });
    (await nextPull()).end(line({ status: 'one' }));
    expect(await pull).toEqual({ imageId: 'sha256:1' });
  });

  it('hands over user and password, and shows them nowhere', async () => {
    const pull = pulls.pull(NAME, { credentials: { username: 'ada', password: 'open sesame' } });
    (await nextPull()).end(line({ error: 'unauthorized: authentication required' }));
    const error = await pull.catch(toBerthError);
    expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toMatchObject({ username: 'ada', password: 'open sesame' });
    for (const shown of [inspect(error, { depth: null }), JSON.stringify(error), inspect(pulls, { depth: null })])
      expect(shown).not.toContain('sesame');
  });
});
