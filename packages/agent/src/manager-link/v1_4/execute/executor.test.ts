import { afterEach, describe, expect, it } from 'vitest';
import type { Script } from '../../../../testing/fake-scripts.js';
import { ExecuteWorld, KERNEL, settled, type ExecuteWorldOptions } from '../../../../testing/execute-world.js';

let world: ExecuteWorld;
afterEach(async () => {
  await world.executor.stop();
  await world.passed();
  expect(world.clock.pending, 'timers left behind').toBe(0);
});
const start = async (options: ExecuteWorldOptions = {}) => (world = await ExecuteWorld.start(options));

const continued = { status: 'continued', exitCode: null, text: '' };

describe('execute', () => {
  it('gives what has come within two seconds of the call, and the rest to the calls after it', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await settled();
    world.runs[0]!.print('one\n');
    await world.advance(1990);
    world.runs[0]!.print('two\n');
    expect(await world.told(call)).toMatchObject({ status: 'continued', exitCode: null, text: 'one\ntwo\n' });
    world.runs[0]!.print('three\n');
    world.runs[0]!.finish({ exitCode: 3 });
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: 3, text: 'three\n' });
  });

  it('answers at once when the run has something to be told', async () => {
    await start();
    const before = world.clock.now();
    const call = world.query('r1', 'ask');
    await settled();
    const { result, delivered } = await call;
    delivered(true);
    expect(result).toEqual({
      runId: 'r1',
      status: 'waiting-input',
      exitCode: null,
      options: {},
      files: [],
      console: [['stdout', 'name? ']],
    });
    expect(world.clock.now()).toBe(before);
  });

  it('makes up an id of 32 hexadecimal digits for a run without one', async () => {
    await start();
    const { result } = await world.told(world.call({ runId: null, mode: 'query', code: 'numbers 1' }));
    expect(result!.runId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('starts runs so that nothing is lost while nobody polls', async () => {
    await start();
    await world.told(world.query('r1', 'numbers 2'));
    expect(world.runs[0]!.request).toMatchObject({ mode: 'query', language: 'python', code: 'numbers 2', durable: true });
  });

  it('passes through build-finished in a batch', async () => {
    await start();
    const call = world.call({ mode: 'batch', opts: { build: 'make', exec: './main' } });
    await settled();
    expect(world.runs[0]!.request).toMatchObject({ build: 'make', argv: ['/bin/sh', '-c', './main'], stdin: 'open' });
    world.runs[0]!.emit({ type: 'build-finished', exitCode: 2 });
    world.runs[0]!.finish({ exitCode: 127 });
    expect(await world.told(call)).toMatchObject({ status: 'build-finished', exitCode: 2 });
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: 127 });
  });

  it('ends a call early at 524,288 characters, and gives the rest with the next', async () => {
    await start({ scripts: { flood: (run) => (run.print('x'.repeat(1_000_000)), run.finish()) } });
    const sizes = [];
    for (let last = ''; last !== 'finished';) {
      const { text, status } = await world.told(sizes.length === 0 ? world.query('r1', 'flood') : world.call({}));
      sizes.push(text.length);
      last = status!;
    }
    expect(sizes).toEqual([524_288, 1_000_000 - 524_288]);
  });

  it.each(['nonsense', ''])('refuses the mode %j', async (mode) => {
    await start();
    await expect(world.call({ mode })).rejects.toMatchObject({ type: 'builtins.ValueError' });
  });
});

describe('delivery', () => {
  it('gives the same again when the reply was handed to nobody', async () => {
    await start();
    const first = await world.told(world.query('r1', 'numbers 3 5'), false);
    expect(first).toMatchObject({ status: 'finished', exitCode: 5, text: '1\n2\n3\n' });
    expect(world.runs[0]!.view.acknowledged).toBe(0);
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: 5, text: '1\n2\n3\n' });
    expect(world.runs[0]!.view.acknowledged).toBe(4);
  });

  it('waits a moment for word of the reply before, and gives the same again without it', async () => {
    await start();
    const first = world.query('r1', 'numbers 2');
    await settled();
    const { delivered } = await first;
    const second = world.call({});
    await settled();
    delivered(true);
    expect(await world.told(second), 'word came').toMatchObject({ status: 'finished', text: '' });

    const third = world.query('r2', 'numbers 2');
    await settled();
    const late = await third;
    expect(await world.told(world.call({ runId: 'r2' })), 'no word came').toMatchObject({ text: '1\n2\n' });
    late.delivered(true);
    expect(await world.told(world.call({ runId: 'r2' }))).toMatchObject({ status: 'finished', text: '' });
  });

  it('goes on with the first record that was not confirmed after the agent was killed', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await settled();
    world.runs[0]!.print('told ');
    expect(await world.told(call)).toMatchObject({ text: 'told ' });
    world.runs[0]!.print('sent ');
    await world.told(world.call({}), false);
    await world.restart();
    world.runs[0]!.print('new');
    world.runs[0]!.finish();
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', text: 'sent new' });
  });

  it('does not confirm half a character, so that a killed agent loses none of it', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await settled();
    const [run] = world.runs;
    run!.print('x');
    run!.emit({ type: 'stdout', data: Buffer.from('é').subarray(0, 1) });
    expect(await world.told(call)).toMatchObject({ text: 'x' });
    await world.restart();
    run!.emit({ type: 'stdout', data: Buffer.from('é').subarray(1) });
    run!.finish();
    expect(await world.told(world.call({}))).toMatchObject({ text: 'é' });
  });

  it('lets go of what it read ahead when nobody asks for long, and loses nothing', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await settled();
    world.runs[0]!.print('a');
    await world.told(call);
    world.runs[0]!.print('b');
    await world.advance(61_000);
    world.runs[0]!.print('c');
    world.runs[0]!.finish();
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', text: 'bc' });
  });

  it('lets a later call for the same run take over: the earlier one gets nothing, and its reply means nothing', async () => {
    await start();
    const earlier = world.query('r1', 'quiet');
    await settled();
    world.runs[0]!.print('x');
    await world.advance(500);
    const later = world.call({});
    await settled();
    expect(await world.told(earlier)).toMatchObject(continued);
    world.runs[0]!.print('y');
    world.runs[0]!.finish();
    expect(await world.told(later)).toMatchObject({ status: 'finished', text: 'xy' });
  });

  it('skips nothing when word of a reply comes while the next one is made', async () => {
    await start();
    const call = world.query('r1', 'quiet');
    await settled();
    world.runs[0]!.print('a');
    await world.advance(2000);
    const { delivered } = await call;
    const next = world.call({});
    await world.advance(750);
    delivered(true);
    for (const text of ['b', 'c']) world.runs[0]!.print(text);
    world.runs[0]!.finish();
    expect(await world.told(next)).toMatchObject({ status: 'finished', text: 'abc' });
  });
});

describe('the end of a run', () => {
  it('is told again to whoever continues after it (D32)', async () => {
    await start();
    await world.told(world.query('r1', 'exit 7'));
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: 7, text: '' });
    await world.restart();
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: 7, text: '' });
  });

  it('is no key error for a run that never was', async () => {
    await start();
    await expect(world.call({ runId: 'other' })).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    await expect(world.call({ runId: null })).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
  });

  it('frees the id for another run', async () => {
    await start();
    await world.told(world.query('r1', 'exit 1'));
    expect(await world.told(world.query('r1', 'exit 2'))).toMatchObject({ exitCode: 2 });
    expect(world.runs).toHaveLength(2);
    await world.restart();
    expect(await world.told(world.call({}))).toMatchObject({ exitCode: 2 });
  });

  it('does not run code twice whose end was not delivered', async () => {
    await start();
    await world.told(world.query('r1', 'exit 1'), false);
    expect(await world.told(world.query('r1', 'exit 1'))).toMatchObject({ exitCode: 1 });
    expect(world.runs).toHaveLength(1);
  });
});

describe('input', () => {
  it('answers the question of a query with one line, whether or not it came with its end', async () => {
    const echo: Script = async (run) => {
      for (let text; (text = await run.read()) !== undefined;) {
        run.print(JSON.stringify(text));
        run.emit({ type: 'waiting-input', prompt: '', password: false });
      }
    };
    await start({ scripts: { echo } });
    await world.told(world.query('r1', 'echo'));
    for (const code of ['Ada', 'Ada\n']) {
      expect(await world.told(world.call({ mode: 'input', code }))).toMatchObject({ text: '"Ada\\n"' });
    }
  });

  it('goes to a program as it is, each piece once, also after the agent was killed', async () => {
    const upper = {
      '/bin/sh': async (run: { read(): Promise<string | undefined>; print(t: string): void }) => {
        for (let text; (text = await run.read()) !== undefined;) run.print(`${text.toUpperCase()}|`);
      },
    };
    await start({ scripts: upper });
    await world.told(world.call({ mode: 'batch', opts: { exec: 'cat' } }));
    expect(await world.told(world.call({ mode: 'input', code: 'a' }))).toMatchObject({ text: 'A|' });
    expect(await world.told(world.call({ mode: 'input', code: 'bä\n' }))).toMatchObject({ text: 'BÄ\n|' });
    await world.restart();
    expect(await world.told(world.call({ mode: 'input', code: 'c' }))).toMatchObject({ text: 'C|' });
  });

  it('after the end of the run is no error', async () => {
    await start();
    await world.told(world.query('r1', 'exit 1'));
    expect(await world.told(world.call({ mode: 'input', code: 'x' }))).toMatchObject({ status: 'finished', exitCode: 1 });
  });
});

describe('an interrupt', () => {
  it('reaches the run whose turn it is, also after the agent was killed', async () => {
    await start();
    await world.told(world.query('r1', 'wait'));
    await world.restart();
    await world.executor.interrupt(KERNEL);
    expect(world.runs[0]!.signals).toEqual(['interrupt']);
    expect(await world.told(world.call({}))).toMatchObject({ status: 'finished', exitCode: -2 });
    await world.executor.interrupt(KERNEL);
  });
});

describe('files in .output', () => {
  const at = (mtimeMs: number, size = 1) => ({ mtimeMs, size });

  it('are those that are new or newer, told with the end and uploaded once', async () => {
    const uploads: string[] = [];
    let now = new Map([
      ['old', at(1)],
      ['touched', at(1)],
      ['grown', at(1)],
    ]);
    const upload = async (_: string, name: string) => {
      uploads.push(name);
      if (name === 'bad') throw new Error('no room');
      return `https://store.example/${name}`;
    };
    await start({ executor: { scanOutput: async () => now, upload } });
    const call = world.query('r1', 'quiet');
    await settled();
    now = new Map([...now, ['touched', at(2)], ['grown', at(1, 2)], ['new', at(0)], ['bad', at(3)]]);
    world.runs[0]!.print('x');
    expect((await world.told(call)).result!.files).toEqual([]);
    world.runs[0]!.finish();
    const files = ['grown', 'new', 'touched'].map((name) => ({ name, url: `https://store.example/${name}` }));
    expect((await world.told(world.call({}), false)).result!.files).toEqual(files);
    expect((await world.told(world.call({}))).result!.files).toEqual(files);
    expect(uploads).toEqual(['bad', 'grown', 'new', 'touched']);
  });

  it('are told without an address where there is no object store', async () => {
    const scans = [new Map(), new Map([['a/b', at(1)]])];
    await start({ executor: { scanOutput: async () => scans.shift()! } });
    expect((await world.told(world.query('r1', 'numbers 1'))).result!.files).toEqual([{ name: 'a/b', url: '#dummy-upload' }]);
  });

  it('are told from the start of the run on by an agent that was killed meanwhile', async () => {
    let now = new Map<string, ReturnType<typeof at>>();
    await start({ executor: { scanOutput: async () => now } });
    await world.told(world.query('r1', 'quiet'));
    now = new Map([
      ['before', at(world.clock.now() - 60_000)],
      ['after', at(world.clock.now())],
    ]);
    await world.restart();
    world.runs[0]!.finish();
    expect((await world.told(world.call({}))).result!.files).toEqual([{ name: 'after', url: '#dummy-upload' }]);
  });

  it('that cannot be looked at cost nothing but themselves', async () => {
    await start({ executor: { scanOutput: async () => Promise.reject(new Error('gone')) } });
    expect(await world.told(world.query('r1', 'numbers 1'))).toMatchObject({ status: 'finished', text: '1\n' });
  });
});
