import { completeKernelSpec } from '@berth/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResources, resourcesOf, resourceText, type KernelResources } from './resource-text.js';

const MIB = 2 ** 20;
const some: KernelResources = {
  numaNode: 0,
  cores: [2, 10],
  memoryBytes: 1024 * MIB,
  scratchBytes: 0,
  shares: { cpu: '2', mem: '1', gpu: '1' },
  mounts: [{ source: '/mnt/a', target: '/home/work/a', readOnly: false }],
  devices: { cuda: { shares: { 0: '1.00' }, memoryLimits: { 0: 4096 }, processorLimits: { 0: 8 } } },
};

describe('resource.txt', () => {
  it('has its lines in their order', () => {
    expect(resourceText(some)).toBe(
      [
        'NUMA_NODE=0',
        'CPU_CORES=10,2',
        'MEMORY_LIMIT=1024M',
        'SCRATCH_SIZE=0',
        '_CPU_SHARES=2',
        '_MEM_SHARES=1',
        '_GPU_SHARES=1',
        'CUDA_SHARES=0:1.00',
        'MOUNTS=/mnt/a:/home/work/a:rw',
        'CUDA_MEMORY_LIMITS=0:4096',
        'CUDA_PROCESSOR_LIMITS=0:8',
        '',
      ].join('\n'),
    );
  });

  it('is read back as it was', () => {
    const device = fc.record({
      shares: fc.dictionary(fc.stringMatching(/^\d$/), fc.stringMatching(/^\d\.\d\d$/), { minKeys: 1, noNullPrototype: true }),
      memoryLimits: fc.dictionary(fc.stringMatching(/^\d$/), fc.nat(), { noNullPrototype: true }),
      processorLimits: fc.dictionary(fc.stringMatching(/^\d$/), fc.nat(), { noNullPrototype: true }),
    });
    const path = fc.stringMatching(/^\/[^,:\r\n]{1,10}$/);
    const resources = fc.record({
      numaNode: fc.nat(7),
      cores: fc.uniqueArray(fc.nat(200)).map((cores) => cores.sort((a, b) => a - b)),
      memoryBytes: fc.oneof(
        fc.nat(MIB),
        fc.nat(4096).map((n) => (n + 1) * MIB),
      ),
      scratchBytes: fc.constant(0),
      shares: fc.record({ cpu: fc.stringMatching(/^\d{1,3}$/), mem: fc.stringMatching(/^\d\.\d$/), gpu: fc.constant('0') }),
      mounts: fc.array(fc.record({ source: path, target: path, readOnly: fc.boolean() }), { maxLength: 3 }),
      devices: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), device, { maxKeys: 2, noNullPrototype: true }),
    });
    fc.assert(
      fc.property(resources, (one) => {
        expect(parseResources(resourceText(one))).toEqual(one);
      }),
    );
  });

  it.each([
    ['512m', 512 * MIB],
    ['1G', 1024 * MIB],
    ['1.5k', 1536],
    ['2T', 2 * 2 ** 40],
    ['77', 77],
  ])('takes the size %s', (text, bytes) => {
    expect(parseResources(resourceText(some).replace('1024M', text)).memoryBytes).toBe(bytes);
  });

  it.each([
    ['MEMORY_LIMIT=1024M', 'MEMORY_LIMIT=much'],
    ['MEMORY_LIMIT=1024M\n', ''],
    ['CPU_CORES=10,2', 'CPU_CORES=x'],
    [':rw', ':everything'],
  ])('with %j as %j is refused, not guessed', (good, bad) => {
    expect(() => parseResources(resourceText(some).replace(good, bad))).toThrow(RangeError);
  });

  it('leaves out a mount that would bring others along', () => {
    const mounts = [{ source: '/a,/etc:/x', target: '/home/work/a', readOnly: true }];
    expect(resourceText({ ...some, mounts })).toContain('MOUNTS=\n');
  });

  it('comes of a specification, also of a part of a core', () => {
    const spec = completeKernelSpec({ image: 'x', cpus: 0.5, memoryBytes: 512 * MIB });
    expect(resourcesOf(spec)).toMatchObject({ cores: [0], shares: { cpu: '0.5', mem: '0.5', gpu: '0' } });
    expect(resourcesOf({ ...spec, cpuset: [3, 4] }, 1)).toMatchObject({ numaNode: 1, cores: [3, 4] });
  });
});
