/**
 * The corpus of escapes and snooping, on both drivers: each attempt is made, and comes to what docs/security.md says. The same programs on the
 * bare machine get through, which shows that they would notice.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IN_KERNEL, newRunId, type KernelId, type NetworkMode } from '@berth/wire';
import { batch, createKernel, python, query, run, shell, startTestAgent, type TestAgent } from '../support/agent.js';
import { ATTEMPTS, outcomeOf, programOf, type Attempt, type Column } from '../support/escapes/index.js';
import { layBait, type Bait } from '../support/escapes/bait.js';
import { describeWithBubblewrap, isRoot, startSandboxAgent } from '../support/sandbox.js';
import { describeWithDocker } from '../support/services.js';

const MEMORY_BYTES = 256 * 1024 * 1024;
const RUNNER = `${IN_KERNEL.carry}/runner.mjs`;
/** Programs at a time, on a machine that others use too. */
const AT_ONCE = 4;
const PATIENCE_MS = 30_000;

interface World {
  readonly column: Column;
  readonly image: string;
  readonly start: () => Promise<TestAgent>;
  /** Networks that the driver has. */
  readonly networks: readonly NetworkMode[];
  /** Whether its programs are tried on the bare machine too. */
  readonly control?: true;
}

describeWithDocker('code in a container', (docker) => {
  const start = () => startTestAgent(docker);
  const networks = ['none', 'bridge', 'host'] as const;
  describe('of an image', () => attempts({ column: 'docker', image: docker.images.debian, start, networks, control: true }));
  describe('of the image host', () => attempts({ column: 'docker', image: 'host', start, networks }));
});

describeWithBubblewrap('code in a sandbox', () => {
  const column = isRoot ? 'sandbox-root' : 'sandbox-user';
  attempts({ column, image: 'host', start: startSandboxAgent, networks: ['none', 'host'] });
});

function attempts({ column, image, start, networks, control }: World): void {
  let bait: Bait;
  let node: TestAgent;
  let kernel: KernelId;
  let other: KernelId;
  /** What each attempt printed, in a program, in a language session, and on the bare machine. */
  const said = { program: new Map<Attempt, string>(), session: new Map<Attempt, string>(), bare: new Map<Attempt, string>() };

  beforeAll(async () => {
    bait = await layBait();
    node = await start();
    const { service } = node;
    const make = (network: NetworkMode) => createKernel(service, { image, network, memoryBytes: MEMORY_BYTES });
    const made = await Promise.all([make('none'), ...networks.map(make)]);
    other = made[0]!;
    const kernels = new Map(networks.map((network, index) => [network, made[index + 1]!]));
    kernel = kernels.get('none')!;
    const facts = { ...bait.facts, ...(await layInside(node, kernel, other)) };

    const inProgram = async (attempt: Attempt) => {
      const at = kernels.get(attempt.network ?? 'none');
      if (at === undefined) return;
      const { stdout, stderr, finished } = await run(service, at, {
        ...python(programOf(attempt, facts)),
        timeoutMs: PATIENCE_MS,
      });
      said.program.set(attempt, stdout + (finished.exitCode === 0 ? '' : stderr));
    };
    const inSession = async (attempt: Attempt) => {
      const { stdout, stderr } = await run(service, kernel, { ...query(programOf(attempt, facts)), timeoutMs: PATIENCE_MS });
      said.session.set(attempt, stdout + stderr);
    };
    const onMachine = async (attempt: Attempt) => {
      const bare = { ...facts, inside: false, private: join(node.directory, 'private') };
      said.bare.set(attempt, await bareOutput(programOf(attempt, bare)));
    };
    const tasks = [
      ...ATTEMPTS.filter(({ alone }) => !alone).map((attempt) => () => inProgram(attempt)),
      ...ATTEMPTS.filter(({ session }) => session).map((attempt) => () => inSession(attempt)),
      ...ATTEMPTS.filter(isControlled).map((attempt) => () => onMachine(attempt)),
    ];
    await atOnce(AT_ONCE, tasks);
    for (const attempt of ATTEMPTS.filter(({ alone }) => alone)) await inProgram(attempt);
  }, 120_000);

  afterAll(async () => {
    await node?.stop();
    await bait?.remove();
  });

  const isControlled = ({ uncontrolled }: Attempt): boolean => control === true && isRoot && uncontrolled === undefined;

  for (const attempt of ATTEMPTS) {
    const { state, because } = attempt.verdicts[column];
    const expected = { held: [false], open: [true], depends: [false, true] }[state];
    const words = `${attempt.id}: ${{ held: 'cannot', open: 'can', depends: 'may or may not' }[state]} ${attempt.title} (${because})`;

    if (networks.includes(attempt.network ?? 'none')) {
      it(words, () => {
        for (const one of attempt.session ? [said.program, said.session] : [said.program]) {
          const { escaped, line } = outcomeOf(one.get(attempt) ?? '');
          expect(expected, line).toContain(escaped);
        }
      });
    } else {
      it(words, async () => {
        const wish = { image, network: attempt.network! };
        await expect(createKernel(node.service, wish)).rejects.toMatchObject({ code: 'create-failed' });
      });
    }
    if (isControlled(attempt)) {
      it(`${attempt.id} would be noticed`, () => expect(outcomeOf(said.bare.get(attempt) ?? '').line).toContain('ESCAPED'));
    }
  }

  it('has a user id of its own where the agent is root, else that of the agent', async () => {
    const uid = Number((await run(node.service, kernel, python('import os; print(os.getuid())'))).stdout);
    if (isRoot) expect(uid).toBeGreaterThanOrEqual(1_900_000_000);
    else expect(uid).toBe(process.getuid!());
  });

  it('ends only itself by killing all that it can', async () => {
    await run(node.service, other, query('x = 41'));
    const { finished } = await run(node.service, kernel, python('import os, signal\nos.kill(-1, signal.SIGKILL)'));
    expect(finished.reason).not.toBe('repl-lost');
    expect((await run(node.service, kernel, python('print("alive")'))).stdout).toBe('alive\n');
    expect((await run(node.service, other, query('x + 1'))).stdout).toBe('42\n');
  });
}

/** Bait that only the agent's side can lay: in another session, in the node's directory, in the kernel's own scratch. */
async function layInside(node: TestAgent, kernel: KernelId, other: KernelId): Promise<object> {
  const { service, directory, config } = node;
  const otherMark = `other-${other}`;
  const setuidFile = 'set-uid-id';
  await run(service, other, shell(`touch ${otherMark} /tmp/${otherMark} /var/tmp/${otherMark}`));
  await service.startRun(other, { runId: newRunId(), ...batch('/bin/sh', '-c', 'sleep 600; exit', otherMark) });
  await run(service, kernel, shell(`cp /usr/bin/id ${setuidFile}`));
  if (isRoot) makeSetuid(join(config.scratchRoot, kernel, '.work', setuidFile));
  const key = join(directory, 'key');
  writeFileSync(key, 'secret', { mode: 0o600 });
  mkdirSync(join(directory, 'private'));
  symlinkSync(join(config.scratchRoot, kernel, 'run-1'), join(directory, 'private', 'run'));
  return {
    inside: true,
    directory,
    nodeFiles: [key, config.stateDirectory, join(config.stateDirectory, 'kernels'), config.scratchRoot, directory],
    otherScratch: join(config.scratchRoot, other),
    otherBait: otherMark,
    otherMark,
    otherPids: pidsWith(otherMark),
    setuidFile: isRoot ? setuidFile : null,
    tmpBytes: MEMORY_BYTES / 2,
    runner: RUNNER,
    private: IN_KERNEL.private,
  };
}

function makeSetuid(path: string): void {
  chownSync(path, 0, 0);
  chmodSync(path, 0o4755);
}

/** Processes of this machine with `argument` in their command line. */
function pidsWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const bareOutput = (program: string): Promise<string> =>
  promisify(execFile)('python3', ['-c', program], { timeout: PATIENCE_MS }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: unknown) => String(error),
  );

async function atOnce(count: number, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = tasks.values();
  const worker = async () => {
    for (const task of waiting) await task();
  };
  await Promise.all(Array.from({ length: count }, worker));
}
