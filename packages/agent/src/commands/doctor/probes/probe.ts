/** What a probe is: a program in a kernel of its own, and the pure judgement of how it fared. */
import type { KernelId } from '@berth/wire';
import type { Bench, Ran } from '../bench.js';
import { red, type Finding } from '../finding.js';

export interface Probe {
  /** After the name of the driver. */
  readonly id: string;
  readonly title: string;
  /** Begins the sentence by which a driver says that it cannot do this here: then it is no broken promise. */
  readonly missing?: RegExp;
  run(bench: Bench, signal?: AbortSignal): Promise<Finding>;
}

/** What a program wrote last, as JSON; undefined when it is none. */
export function reportOf<Report>({ stdout }: Ran): Report | undefined {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const report: unknown = JSON.parse(last);
    return typeof report === 'object' && report !== null ? (report as Report) : undefined;
  } catch {
    return undefined;
  }
}

/** A probe that told nothing has proven nothing. */
export const untold = ({ finished }: Ran): Finding =>
  red(
    `the probe told nothing; it ended as ${finished.reason}, exit code ${finished.exitCode ?? finished.signal}`,
    'Run it again with `--only`; if it stays so, this is a defect in Berth or in the image.',
  );

/** Runs `code` in a kernel and judges its report. */
export const reporting =
  <Report>(
    code: string,
    judge: (report: Report) => Finding,
    spec: Parameters<Bench['withKernel']>[0] = {},
  ): ((bench: Bench, signal?: AbortSignal) => Promise<Finding>) =>
  (bench, signal) =>
    bench.withKernel(spec, signal, async (kernel: KernelId) => {
      const ran = await bench.run(kernel, code);
      const report = reportOf<Report>(ran);
      return report ? judge(report) : untold(ran);
    });
