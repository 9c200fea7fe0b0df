/** `berth app` and `berth services` as people use them, over `kill -9` of the node. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Berth, collect } from '../support/berth.js';
import { describeWithDocker } from '../support/services.js';

describeWithDocker('berth app', (docker) => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await Berth.create(docker);
    await berth.up();
    await berth.run(['run', '--keep', '--name', 'work', 'true']);
  }, 60_000);
  afterAll(() => berth.dispose());

  it('opens a program of the session, over kill -9 of the node, until the session ends', async () => {
    const server = ['--', 'python3', '-m', 'http.server', '--bind', '127.0.0.1', '8000'];
    const app = berth.spawn(['app', 'work', 'web', '--kernel-port', '8000', ...server]);
    const ended = collect(app);
    const [url] = (await once(createInterface(app.stdout), 'line')) as [string];
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await fetch(url)).status).toBe(200);
    await berth.kill9();
    await berth.up();
    expect((await fetch(url)).status).toBe(200);
    const { stdout } = await berth.run(['services', 'work']);
    expect(stdout).toMatch(/^web +running +8000 +http +request +service\.web\.1$/m);
    expect(await berth.run(['services', 'work', '--stop', 'web'])).toMatchObject({ code: 0 });
    await expect(fetch(url)).rejects.toThrow();
    await berth.run(['rm', 'work']);
    expect(await ended).toMatchObject({ code: 69, stderr: expect.stringContaining('session work has ended') as string });
  }, 60_000);
});
