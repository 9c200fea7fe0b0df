import { readdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS } from '@berth/wire';
import { CliWorld } from '../testing/cli-world.js';

let world: CliWorld;
beforeEach(async () => {
  world = await CliWorld.make();
});
afterEach(() => world.stop());

const living = () => world.node!.service.listKernels();

describe('berth run', () => {
  beforeEach(async () => void (await world.startNode()));

  it('prints what the program prints, ends with its code, and removes the session', async () => {
    expect(await world.run(['run', 'numbers', '3', '7'])).toEqual({ code: 7, stdout: '1\n2\n3\n', stderr: '' });
    expect(living()).toEqual([]);
    expect(world.node!.service.listKernels({ ended: true })[0]!.spec).toMatchObject({ image: 'host', leaseSeconds: 90 });
  });

  it('passes on standard input and its end', async () => {
    expect(await world.run(['run', 'upper'], 'hello')).toEqual({ code: 0, stdout: 'HELLO', stderr: '' });
  });

  it('asks for what the options say', async () => {
    const options = [
      '--image',
      'some:1',
      '--cpu',
      '0.5',
      '--mem',
      '64m',
      '--env',
      'A=b',
      '--network',
      'bridge',
      '--name',
      'work',
      '--keep',
    ];
    expect((await world.run(['run', ...options, 'exit', '0'])).code).toBe(0);
    expect(living()).toMatchObject([
      {
        sessionId: 'work',
        spec: {
          image: 'some:1',
          cpus: 0.5,
          memoryBytes: 64 * 1024 * 1024,
          env: { A: 'b' },
          network: 'bridge',
          leaseSeconds: null,
        },
      },
    ]);
    expect((await world.run(['run', 'exit', '0'], '', { BERTH_IMAGE: 'other:2' })).code).toBe(0);
    expect(world.node!.service.listKernels({ ended: true }).at(-1)!.spec.image).toBe('other:2');
  });

  it('brings the script along', async () => {
    await writeFile(join(world.dataDir, 'exit'), 'content');
    expect((await world.run(['run', '--keep', '--name', 'work', 'python', 'exit', '4'])).code).toBe(4);
    const { content } = await world.node!.service.readFile('work' as never, 'exit');
    for await (const chunk of content) expect(Buffer.from(chunk).toString()).toBe('content');
  });

  it('goes on where it was when the node comes back elsewhere', async () => {
    const child = world.spawn(['run', 'wait']);
    await once(child.stdout!, 'data');
    await world.node!.gateway.close();
    await once(child.stderr!, 'data');
    const { service } = await world.startNode();
    const [kernel] = service.listKernels();
    const [run] = await service.listRuns(kernel!.kernelId);
    service.run(kernel!.kernelId, run!.runId).finish({ exitCode: 7 });
    expect(await child.ended).toMatchObject({
      code: 7,
      stdout: 'waiting\n',
      stderr: expect.stringContaining('gone away') as string,
    });
    expect(living()).toEqual([]);
  });

  it('is interrupted by the first Ctrl-C', async () => {
    const child = world.spawn(['run', 'wait']);
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: 130, stderr: '' });
    expect(living()).toEqual([]);
  });

  it('kills at the second Ctrl-C', async () => {
    const child = world.spawn(['run', 'stubborn']);
    await once(child.stdout!, 'data');
    const [kernel] = living();
    const [run] = await world.node!.service.listRuns(kernel!.kernelId);
    child.kill('SIGINT');
    await world.node!.service.run(kernel!.kernelId, run!.runId).signalled();
    child.kill('SIGINT');
    expect(await child.ended).toMatchObject({ code: 137 });
    expect(living()).toEqual([]);
  });

  it('undoes a session that is being made when Ctrl-C comes', async () => {
    world.node!.service.holdCreation = new Promise(() => {});
    const create = world.node!.service.createKernel.bind(world.node!.service);
    const child = world.spawn(['run', 'wait']);
    const asked = new Promise<void>((resolve) => {
      world.node!.service.createKernel = (wanted, signal) => (resolve(), create(wanted, signal));
    });
    await asked;
    child.kill('SIGINT');
    expect(await child.ended).toEqual({ code: 130, stdout: '', stderr: '' });
  });

  it('removes the session on SIGTERM', async () => {
    const child = world.spawn(['run', 'stubborn']);
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    expect(await child.ended).toMatchObject({ code: 143 });
    expect(living()).toEqual([]);
  });

  it('ends, with its session, when nobody reads any more', async () => {
    const child = world.spawn(['run', 'numbers', '100000']);
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    expect(await child.ended).toMatchObject({ code: 141, stderr: '' });
    expect(living()).toEqual([]);
  });

  it('keeps media and pages as files, and says so', async () => {
    const { stdout, stderr } = await world.run(['run', 'rich']);
    expect(stdout).toBe('');
    const files = (await readdir(world.dataDir)).filter((name) => name.startsWith('berth-')).sort();
    expect(files).toEqual([expect.stringMatching(/-1\.png$/), expect.stringMatching(/-2\.html$/)]);
    expect(await readFile(join(world.dataDir, files[0]!), 'utf8')).toBe('png');
    for (const file of files) expect(stderr).toContain(file);
    expect(stderr).toContain('berth: a note');
  });

  it('says why the program ended when the program cannot', async () => {
    expect(await world.run(['run', 'oom'])).toEqual({ code: 137, stdout: '', stderr: 'berth: more than 64 MiB were used\n' });
  });

  it('prints records for programs with -o json', async () => {
    const { stdout } = await world.run(['run', '-o', 'json', 'numbers', '1', '7']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { seq: 1, type: 'stdout', data: '1\n', encoding: 'utf8' },
      { seq: 2, type: 'finished', exitCode: 7 },
    ]);
  });
});

describe('sessions', () => {
  beforeEach(async () => {
    await world.startNode();
    await world.run(['run', '--keep', '--name', 'work', 'numbers', '2']);
  });

  it('are listed and removed', async () => {
    expect((await world.run(['ps'])).stdout).toMatch(/^SESSION .*\nwork +host +running/);
    expect(JSON.parse((await world.run(['ps', '-o', 'json'])).stdout)).toMatchObject({ sessions: [{ sessionId: 'work' }] });
    expect(await world.run(['rm', 'work', 'nobody'])).toMatchObject({
      code: 69,
      stdout: 'work\n',
      stderr: expect.stringContaining('nobody') as string,
    });
    expect((await world.run(['ps'])).stdout).not.toContain('work');
    expect((await world.run(['ps', '-a'])).stdout).toContain('user-requested');
  });

  it('run code and commands', async () => {
    expect(await world.run(['exec', 'work', '-c', 'exit 3'])).toMatchObject({ code: 3 });
    expect(await world.run(['exec', 'work', '-'], 'numbers 1 4')).toMatchObject({ code: 4, stdout: '1\n' });
    for (const words of [
      ['--', 'upper'],
      ['upper', '-c', '--help'],
    ])
      expect(await world.run(['exec', 'work', ...words], 'abc')).toMatchObject({ code: 0, stdout: 'ABC' });
    expect(living()).toHaveLength(1);
  });

  it('ask, and are answered by a line of standard input', async () => {
    expect(await world.run(['exec', 'work', '-c', 'ask'], 'Ada\nmore')).toEqual({
      code: 0,
      stdout: 'hello Ada\n',
      stderr: 'name? ',
    });
    expect(await world.run(['exec', 'work', '-c', 'ask'])).toMatchObject({ stdout: 'hello nobody\n' });
  });

  it('keep the output of their runs', async () => {
    expect(await world.run(['logs', 'work'])).toEqual({ code: 0, stdout: '1\n2\n', stderr: '' });
    expect(await world.run(['logs', 'work', 'other'])).toMatchObject({ code: 69 });
  });
});

describe('the node', () => {
  it('is told by status', async () => {
    const stopped = await world.run(['status', '-o', 'json']);
    expect(stopped.code).toBe(ERRORS['node-not-running'].exit);
    expect(JSON.parse(stopped.stdout)).toEqual({ running: false, dataDir: world.dataDir });
    const { endpoint } = await world.startNode();
    const { code, stdout } = await world.run(['status', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      running: true,
      pid: process.pid,
      endpoint,
      driver: 'fake',
      dataDir: expect.any(String) as string,
    });
  });

  it('is asked to stop by down', async () => {
    const { stops } = await world.startNode();
    const child = world.spawn(['down', '--terminate']);
    while (stops.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await world.stop();
    expect(await child.ended).toMatchObject({ code: 0 });
    expect(stops).toEqual([{ terminate: true }]);
  });
});

describe('what goes wrong is one line and a code', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['no node', ['ps'], 69, /no node runs on/],
    ['no such command', ['rum'], 64, /Did you mean run\?/],
    ['no such option', ['run', '--cpus', '1', 'x'], 64, /Did you mean --cpu\?/],
    ['a bad size', ['run', '--mem', '5x', 'x'], 64, /--mem is "5x"/],
    ['too little memory', ['run', '--mem', '1m', 'x'], 64, /--mem: must be at least 32 MiB/],
    ['a bad variable', ['run', '--env', 'novalue', 'x'], 64, /--env is "novalue"/],
    ['a bad name', ['run', '--name', '../x', 'x'], 64, /--name is/],
    ['a bad time', ['run', '--timeout', 'soon', 'x'], 64, /--timeout is "soon"/],
    ['a bad network', ['run', '--network', 'moon', 'x'], 64, /--network: /],
    ['nothing to run', ['run'], 64, /needs something to run/],
    ['a missing script', ['run', 'python', 'missing.py'], 66, /missing\.py does not exist/],
    ['a bad address', ['up', '--listen', 'nowhere'], 64, /--listen is "nowhere"/],
    ['two ways at once', ['exec', 'work', '-c', 'x', '-'], 64, /needs one of/],
    ['a terminal for code', ['exec', '-t', 'work', '-c', 'x'], 64, /-t is for a command/],
    ['a terminal where there is none', ['exec', '-t', 'work', 'top'], 64, /-t needs a terminal/],
    ['nothing to kill', ['kill', 'work'], 64, /either a RUN or --pid/],
    ['an odd signal', ['kill', '-s', 'FOO', 'work', 'r'], 64, /must be one of HUP, INT/],
    ['a signal that no run takes', ['kill', '-s', 'USR1', 'work', 'r'], 64, /can be sent INT, TERM, KILL/],
    ['an odd process', ['kill', 'work', '--pid', 'x'], 64, /berth processes/],
    ['an unknown language', ['exec', '--lang', 'cobol', 'work', '-c', 'x'], 64, /python, node, bash/],
  ];
  it.each(cases)('%s', async (_name, args, code, message) => {
    const ended = await world.run(args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).toMatch(/^berth: [^\n]*\n$/);
    expect(await readdir(world.dataDir)).toEqual([]);
  });

  it('and with -o json also an object', async () => {
    const { stdout, code } = await world.run(['ps', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'node-not-running' } });
    expect(code).toBe(69);
  });

  it('of a session, too', async () => {
    await world.startNode();
    expect(await world.run(['exec', 'nobody', '-c', 'x'])).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/^berth: there is no session nobody\. .*\n$/) as string,
    });
    expect(await world.run(['run', '--image', 'missing', 'x'])).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('docker pull') as string,
    });
  });
});
