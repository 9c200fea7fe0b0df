/** How far a pull is, from what is told of its layers. Pure. */
import { inUnits } from '../units.js';

/** As the agent's driver tells it. */
export interface LayerProgress {
  readonly status: string;
  /** Empty for a word about the whole. */
  readonly layer: string;
  readonly bytes: number;
  readonly total: number | null;
}

/** Of the statuses of a layer, those after which nothing more of it is fetched. */
const FETCHED = new Set(['Already exists', 'Download complete', 'Verifying Checksum', 'Extracting', 'Pull complete']);
const DONE = new Set(['Already exists', 'Pull complete']);
const MOST_LAYERS = 1000;

interface Layer {
  bytes: number;
  total: number;
  done: boolean;
}

export class PullSummary {
  readonly #layers = new Map<string, Layer>();

  add({ status, layer, bytes, total }: LayerProgress): void {
    const known = this.#layers.get(layer);
    // A name such as `latest` stands where layers do, in the first line.
    if (!/^[0-9a-f]{12}$/.test(layer) || (!known && this.#layers.size >= MOST_LAYERS)) return;
    const now = known ?? { bytes: 0, total: 0, done: false };
    if (status === 'Downloading' && total !== null) Object.assign(now, { bytes, total });
    else if (FETCHED.has(status)) now.bytes = now.total;
    now.done = DONE.has(status);
    this.#layers.set(layer, now);
  }

  /** For example `45 % of 158 MB, 3 of 7 layers`; empty before anything is known. */
  toString(): string {
    const layers = [...this.#layers.values()];
    if (layers.length === 0) return '';
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    const total = layers.reduce((sum, layer) => sum + layer.total, 0);
    const done = `${layers.filter((layer) => layer.done).length} of ${layers.length} layers`;
    return total === 0 ? done : `${Math.floor((100 * bytes) / total)} % of ${inUnits(total)}, ${done}`;
  }
}
