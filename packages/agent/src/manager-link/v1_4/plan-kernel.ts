/** From a manager's request to a kernel specification. Pure. */
import { completeKernelSpec, type KernelMount, type KernelSpec, type NetworkMode } from '@berth/wire';
import type { Wish } from '../../alloc/admission.js';
import type { CreateRequest } from './create-request.js';
import type { SchedulableImage } from './images.js';
import { toAnnotations, type KernelNotes } from './notes.js';

const LEAST_MEMORY_BYTES = 32 * 2 ** 20;

/** Settings of the node that shape every kernel. */
export interface KernelDefaults {
  readonly network: NetworkMode;
  /** Seconds without any use after which a kernel ends; null: never. */
  readonly idleSeconds: number | null;
  /** Seconds that one execution may take, above what images say; undefined: the images decide; null: any. */
  readonly execTimeoutSeconds: number | null | undefined;
  /** Uid of the agent, for images that want their user to have the same. */
  readonly uid: number;
}

/** Throws `RangeError` for what this node cannot give, with field, value, limit and remedy. */
export function wishOf({ cpu, memory, gpu, cpuSet }: CreateRequest, cores: readonly number[]): Wish {
  if (cpu.hundredths < 1) throw new RangeError(`limits.cpu_slot is ${cpu.text}: it must be at least 0.01`);
  if (memory.bytes < LEAST_MEMORY_BYTES) {
    throw new RangeError(`limits.mem_slot is ${memory.bytes} bytes: it must be at least 32 MiB (0.03125)`);
  }
  if (gpu.hundredths > 0) {
    throw new RangeError(`limits.gpu_slot is ${gpu.text}: this node has no accelerators; ask for 0, or another agent`);
  }
  const foreign = cpuSet?.find((core) => !cores.includes(core));
  if (foreign !== undefined) throw new RangeError(`cpu_set has the core ${foreign}: this node has ${cores.join(', ')}`);
  return { cores: Math.floor(cpu.hundredths / 100), cpuset: cpuSet, memoryBytes: memory.bytes };
}

export interface KernelPlan {
  readonly request: CreateRequest;
  readonly image: SchedulableImage;
  readonly cpuset: readonly number[];
  readonly mounts: readonly KernelMount[];
  readonly terminal: KernelNotes['terminal'];
}

/** The specification, with this dialect's notes in it. */
export function specOf(plan: KernelPlan, defaults: KernelDefaults): KernelSpec {
  const { request, image, cpuset, mounts } = plan;
  return completeKernelSpec({
    image: image.reference,
    supervisor: image.supervisor,
    cpus: request.cpu.hundredths / 100,
    cpuset,
    memoryBytes: request.memory.bytes,
    network: defaults.network,
    mounts,
    env: environment(plan, defaults),
    leaseSeconds: defaults.idleSeconds,
    annotations: toAnnotations(notesFor(plan, defaults)),
  });
}

function notesFor({ request, image, terminal }: KernelPlan, { execTimeoutSeconds }: KernelDefaults): KernelNotes {
  return {
    lang: request.lang,
    shares: { cpu: request.cpu.text, mem: request.memory.text, gpu: request.gpu.text },
    execTimeoutSeconds: (execTimeoutSeconds === undefined ? image.timeoutSeconds : execTimeoutSeconds) ?? 0,
    terminal,
  };
}

/** The caller's variables, then those that the image asks for (seed spec 8.3, step 6). */
function environment({ request, image, cpuset }: KernelPlan, { uid }: KernelDefaults): Record<string, string> {
  return {
    ...request.environ,
    ...(image.features.has('uid-match') ? { LOCAL_USER_ID: String(uid) } : {}),
    ...Object.fromEntries(image.corecount.map((name) => [name, String(cpuset.length)])),
  };
}
