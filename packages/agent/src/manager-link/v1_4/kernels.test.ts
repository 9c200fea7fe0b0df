import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@berth/base';
import { BerthError, completeKernelSpec, type KernelId, type SessionId } from '@berth/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeKernelService } from '../../../testing/fake-kernel-service.js';
import { Admission } from '../../alloc/admission.js';
import { silentLogger } from '../../ports/logger.js';
import { createZapGate, type ZapGate } from '../transport/zap-gate.js';
import type { SchedulableImage } from './images.js';
import { ManagedKernels } from './kernels.js';
import { PortRange } from './port-range.js';
import { Terminals } from './terminals.js';

const ID = '6fc9a4f8-0c7c-4a36-9f9a-9c1f3f5c2d11';
const FOLDER = 'ab'.repeat(16);
const CONFIG = { lang: 'python:3.6', limits: { cpu_slot: '1', mem_slot: '0.5', gpu_slot: '0' }, mounts: [], environ: {} };
const NODES = [{ node: 0, cores: [0, 1] }];

const image = (name: string, features: readonly string[] = []): SchedulableImage => ({
  name,
  reference: `lablup/kernel-${name}`,
  imageId: 'sha256:x',
  corecount: [],
  features: new Set(features),
  timeoutSeconds: null,
  supervisor: 'berth',
});
const IMAGES: readonly SchedulableImage[] = [
  image('python:3.6'),
  image('git:latest', ['tty']),
  { ...image('old:1', ['tty']), supervisor: 'kernel-runner' },
];

let service: FakeKernelService;
let gate: ZapGate;
let terminals: Terminals;
let kernels: ManagedKernels;
let events: unknown[];
let root: string;
let probe: (signal: AbortSignal) => Promise<unknown>;
const here = new AbortController().signal;

beforeEach(async () => {
  service = new FakeKernelService();
  events = [];
  probe = () => Promise.resolve();
  root = await mkdtemp(join(tmpdir(), 'folders-'));
  gate = await createZapGate({ allow: [], logger: silentLogger });
  const common = { service, clock: systemClock, logger: silentLogger };
  terminals = new Terminals({ ...common, gate, host: '127.0.0.1', ports: new PortRange(30_100, 30_400) });
  kernels = new ManagedKernels({
    ...common,
    terminals,
    admission: new Admission({ nodes: NODES, memoryBytes: 2 ** 30 }, () => service.listKernels()),
    nodes: NODES,
    images: { all: () => IMAGES, find: async (name) => IMAGES.find((known) => known.name === name) },
    probe: (signal) => probe(signal),
    kernelHost: '10.0.0.1',
    publishedPorts: async () => ({ 2000: { port: 1 }, 2001: { port: 2 }, 2002: { port: 3 }, 2003: { port: 4 } }),
    defaults: () => ({ network: 'bridge', idleSeconds: 600, execTimeoutSeconds: undefined, uid: 1000 }),
    folderRoot: () => root,
    emit: (event, args) => void events.push([event, ...args]),
  });
});
afterEach(async () => {
  await terminals.close();
  gate.close();
  await rm(root, { recursive: true, force: true });
});

describe('create_kernel', () => {
  it('answers what the manager stores, after having told that it begins', async () => {
    const answer = await kernels.create(ID, CONFIG, here);
    expect(answer).toEqual({
      id: ID,
      kernel_host: '10.0.0.1',
      repl_in_port: 0,
      repl_out_port: 0,
      stdin_port: 0,
      stdout_port: 0,
      container_id: 'f'.repeat(64),
      resource_spec: expect.any(String) as string,
    });
    expect(JSON.parse((answer as { resource_spec: string }).resource_spec)).toEqual({
      shares: { _cpu: '1.00', _mem: '0.50', _gpu: '0.00' },
      memory_limit: 2 ** 29,
      numa_node: 0,
      cpu_set: [0],
      mounts: [],
      scratch_disk_size: 0,
    });
    expect(events).toEqual([['kernel_creating', ID]]);
  });

  it('gives each kernel the cores that are used least', async () => {
    await kernels.create(ID, CONFIG, here);
    await kernels.create('second', CONFIG, here);
    expect(service.getKernel('second' as KernelId).spec.cpuset).toEqual([1]);
  });

  it('has virtual folders at /home/work, and follows no link to them', async () => {
    await mkdir(join(root, 'local', FOLDER), { recursive: true });
    await kernels.create(ID, { ...CONFIG, mounts: [['data', 'local', FOLDER]] }, here);
    const source = join(root, 'local', FOLDER);
    expect(service.getKernel(ID as KernelId).spec.mounts).toEqual([{ source, target: '/home/work/data', readOnly: false }]);
    await symlink('/etc', join(root, 'elsewhere'));
    await expect(kernels.create('x', { ...CONFIG, mounts: [['data', 'elsewhere', FOLDER]] }, here)).rejects.toMatchObject({
      type: 'builtins.ValueError',
      message: expect.stringContaining('the folder "data" is not at') as string,
    });
  });

  it('gives a kernel with a terminal the ports on which it will be, also after a restart', async () => {
    const answer = (await kernels.create(ID, { ...CONFIG, lang: 'git:latest' }, here)) as {
      stdin_port: number;
      stdout_port: number;
    };
    expect(answer.stdin_port).toBeGreaterThanOrEqual(30_100);
    expect(answer.stdout_port).toBeGreaterThan(answer.stdin_port);
    expect(await kernels.restart(ID)).toMatchObject({ stdin_port: answer.stdin_port, stdout_port: answer.stdout_port });
  });

  it('tells the ports of a kernel that brings its own runner', async () => {
    expect(await kernels.create(ID, { ...CONFIG, lang: 'old:1' }, here)).toMatchObject({
      repl_in_port: 1,
      repl_out_port: 2,
      stdin_port: 3,
      stdout_port: 4,
    });
  });

  it('makes nothing while the driver is away, or says nothing', async () => {
    probe = () => Promise.reject(new BerthError('driver-unavailable', 'no socket'));
    await expect(kernels.create(ID, CONFIG, here)).rejects.toThrow('no socket');
    probe = () => new Promise(() => {});
    await expect(kernels.create(ID, CONFIG, here)).rejects.toMatchObject({ code: 'driver-unavailable' });
    expect([service.listKernels({ ended: true }), events]).toEqual([[], []]);
  });

  it('asked for twice answers the same', async () => {
    expect(await kernels.create(ID, CONFIG, here)).toEqual(await kernels.create(ID, CONFIG, here));
  });

  it.each([
    ['an image that is not here', ID, { ...CONFIG, lang: 'r:3' }, 'builtins.RuntimeError', 'berth images pull lablup/kernel-r:3'],
    [
      'more memory than may be promised',
      ID,
      { ...CONFIG, limits: { ...CONFIG.limits, mem_slot: '2' } },
      undefined,
      'mem: 2048 MiB',
    ],
    [
      'a negative limit',
      ID,
      { ...CONFIG, limits: { ...CONFIG.limits, cpu_slot: '-1' } },
      'builtins.ValueError',
      'limits.cpu_slot',
    ],
    ['an odd id', '../x', CONFIG, 'builtins.ValueError', 'kernel_id is "../x"'],
  ])('of %s is refused, and nothing is left', async (_, id, config, type, says) => {
    await expect(kernels.create(id, config, here)).rejects.toMatchObject({
      ...(type ? { type } : { code: 'resources-short' }),
      message: expect.stringContaining(says) as string,
    });
    expect(service.listKernels()).toEqual([]);
  });

  it('is given up in time for the manager, and gives back what it held', async () => {
    service.holdCreation = new Promise(() => {});
    const started = systemClock.monotonic();
    await expect(kernels.create(ID, { ...CONFIG, lang: 'git:latest' }, here)).rejects.toThrow('within 2.7 s');
    expect(systemClock.monotonic() - started).toBeLessThan(3000);
    expect(service.listKernels()).toEqual([]);
    service.holdCreation = undefined;
    await kernels.create('next', { ...CONFIG, limits: { ...CONFIG.limits, mem_slot: '1' } }, here);
  });
});

describe('destroy_kernel', () => {
  it('answers the last statistics', async () => {
    await kernels.create(ID, CONFIG, here);
    service.samples.set(ID as KernelId, { at: 1, final: 'exact', cpuNs: 2e6, memoryBytes: 7 } as never);
    expect(await kernels.destroy(ID)).toMatchObject({ cpu_used: 2, mem_cur_bytes: 7 });
    expect(service.listKernels()).toEqual([]);
  });

  it('answers in time although the end takes longer (D11)', { timeout: 20_000 }, async () => {
    await kernels.create(ID, CONFIG, here);
    service.destroyKernel = () => new Promise(() => {});
    const started = systemClock.monotonic();
    expect(await kernels.destroy(ID)).toBeNull();
    expect(systemClock.monotonic() - started).toBeLessThan(9500);
  });

  it('of a kernel that is not here tells the manager so, and answers nil', async () => {
    expect(await kernels.destroy('none')).toBeNull();
    expect(events).toEqual([['kernel_terminated', 'none', 'self-terminated', null]]);
  });

  it('does not touch kernels of other fronts', async () => {
    await service.createKernel({
      kernelId: 'own' as KernelId,
      sessionId: 'own' as SessionId,
      spec: completeKernelSpec({ image: 'fake' }),
    });
    expect(await kernels.destroy('own')).toBeNull();
    await kernels.reset();
    expect(service.listKernels().length).toBe(1);
  });
});

describe('restart_kernel', () => {
  it('answers all that the manager reads, from our own record', async () => {
    await kernels.create(ID, CONFIG, here);
    expect(await kernels.restart(ID)).toEqual({
      container_id: 'f'.repeat(64),
      repl_in_port: 0,
      repl_out_port: 0,
      stdin_port: 0,
      stdout_port: 0,
      cpu_set: [0],
      gpu_set: [],
    });
    expect(service.getKernel(ID as KernelId).incarnation).toBe(2);
  });

  it('of a kernel that is not here is refused, and the manager told', async () => {
    await expect(kernels.restart('none')).rejects.toMatchObject({ type: 'builtins.RuntimeError' });
    expect(events).toEqual([['kernel_terminated', 'none', 'self-terminated', null]]);
  });
});

it('reset ends all kernels of the manager, with that reason', async () => {
  await kernels.create(ID, CONFIG, here);
  await kernels.reset();
  expect(service.getKernel(ID as KernelId)).toMatchObject({ phase: 'terminated', reason: 'reset' });
});

it('an error of the service reaches the caller as it is', async () => {
  service.createKernel = () => Promise.reject(new BerthError('driver-unavailable', 'Docker is away'));
  await expect(kernels.create(ID, CONFIG, here)).rejects.toMatchObject({ code: 'driver-unavailable' });
});
