/** Tables in the documents say what the code says. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as wire from '@berth/wire';
import { ERRORS, FINISH_REASONS, FRAME, RECORD_TYPES } from '@berth/wire';
import { read, rowsOf } from './tables.js';
import { toStatisticsMap } from '../../packages/agent/src/manager-link/v1_4/statistics-hash.js';
import { GROUP_SOURCES, NETWORK_FILE } from '../../packages/agent/src/node/statistics/sources.js';
import { ROOT } from './temporary-tree.js';

describe('docs/errors.md', () => {
  it('has the codes, statuses, exit codes and fixes of the closed list, in its order', () => {
    const expected = Object.entries(ERRORS).map(([code, { status, exit, fix }]) => [code, `${status}`, `${exit}`, fix]);
    expect(rowsOf('docs/errors.md', 'code')).toEqual(expected);
  });
});

describe('docs/runner-protocol.md', () => {
  it('has every frame type with its number', () => {
    const expected = Object.entries({ ...FRAME, ...RECORD_TYPES }).map(([name, code]) => [
      `0x${code.toString(16).padStart(2, '0')}`,
      name,
    ]);
    // A type that both ends send has a row for each.
    const documented = new Map(rowsOf('docs/runner-protocol.md', 'type').map(([type, name]) => [type, name]));
    expect([...documented]).toEqual(expected.sort());
  });
});

describe('docs/execution.md', () => {
  it('has every reason for which a run ends', () => {
    expect(rowsOf('docs/execution.md', 'reason').map(([reason]) => reason)).toEqual(FINISH_REASONS);
  });

  it('has all that is told of what a run used', () => {
    const usage: wire.RunUsage = { cpuMs: 1, outputBytes: 1, peakMemoryBytes: 1, throttled: 1 };
    expect(rowsOf('docs/execution.md', 'field').map(([field]) => field)).toEqual(Object.keys(usage));
  });
});

describe('docs/statistics.md', () => {
  const rows = rowsOf('docs/statistics.md', 'statistic');
  /** What stands between code marks first. */
  const named = (cell: string) => /`([^`]+)`/.exec(cell)?.[1];

  it('says of each statistic which file tells it', () => {
    const network = `/proc/<pid>/${NETWORK_FILE}`;
    const expected = [
      ...GROUP_SOURCES.flatMap(({ gives, file }) => gives.map((name) => [name, file[1], file[2]])),
      ...['netRxBytes', 'netTxBytes'].map((name) => [name, network, network]),
      ...['scratchBytes', 'scratchPeakBytes'].map((name) => [name, undefined, undefined]),
    ];
    expect(rows.map(([name, , v1, v2]) => [name, named(v1!), named(v2!)])).toEqual(expected);
  });

  it('says of each statistic what a manager 1.4 calls it', () => {
    const numbered = Object.fromEntries(rows.map(([name], index) => [name, (index + 1) * 1e6]));
    const map = toStatisticsMap({ at: 1, final: null, ...numbered } as unknown as wire.KernelStatistics)!;
    const fieldOf = (value: number) => Object.keys(map).find((field) => map[field as keyof typeof map] === value);
    const expected = rows.map(([name]) => fieldOf(name === 'cpuNs' ? 1 : numbered[name!]!));
    expect(rows.map((row) => named(row[4]!))).toEqual(expected);
  });
});

describe('docs/dependencies.md', () => {
  interface Manifest {
    readonly dependencies?: Record<string, string>;
    readonly devDependencies?: Record<string, string>;
  }
  const manifests = ['', ...readdirSync(`${ROOT}packages`).map((name) => `packages/${name}/`)].map(
    (folder) => JSON.parse(read(`${folder}package.json`)) as Manifest,
  );
  const outside = (pick: (manifest: Manifest) => Record<string, string> | undefined) =>
    [...new Set(manifests.flatMap((m) => Object.entries(pick(m) ?? {})).map(([name, version]) => `${name} ${version}`))]
      .filter((text) => !text.startsWith('@berth/'))
      .sort();
  const documented = (first: string) => rowsOf('docs/dependencies.md', first).map(([name, version]) => `${name} ${version}`);

  it('names the dependencies of what ships, with their versions', () => {
    expect(documented('ships').sort()).toEqual(outside((manifest) => manifest.dependencies));
  });

  it('names the dependencies of development, with their versions', () => {
    expect(documented('development').sort()).toEqual(outside((manifest) => manifest.devDependencies));
  });

  it('says of each why it is there and what the way out is', () => {
    for (const row of [...rowsOf('docs/dependencies.md', 'ships'), ...rowsOf('docs/dependencies.md', 'development')]) {
      expect(row, row[0]).toHaveLength(4);
      expect(
        row.every((cell) => cell.length > 0),
        row[0],
      ).toBe(true);
    }
  });

  it('pins each dependency to one exact version', () => {
    for (const text of [...outside((m) => m.dependencies), ...outside((m) => m.devDependencies)]) {
      expect(text).toMatch(/ \d+\.\d+\.\d+$/);
    }
  });
});

describe('the public exports of wire', () => {
  it('are these', () => {
    expect(Object.keys(wire).sort()).toMatchInlineSnapshot(`
      [
        "ATTACH_CLOSE",
        "BerthError",
        "DEFAULT_RETENTION",
        "ERRORS",
        "FINISH_REASONS",
        "FRAME",
        "FRAME_HEADER_BYTES",
        "FRAME_MORE",
        "ID_PATTERN",
        "INPUT_WINDOW_BYTES",
        "IN_KERNEL",
        "KERNEL_PHASES",
        "KERNEL_SPEC_DEFAULTS",
        "LANGUAGES",
        "LINK_CHANNELS",
        "MAX_DEFINITION_BYTES",
        "MAX_FRAME_LENGTH",
        "MAX_FRAME_PAYLOAD",
        "MAX_JOINED_PAYLOAD",
        "MOST_TUNNELS",
        "PROCESS_SIGNALS",
        "RECORD_TYPES",
        "RUNNER_PROTOCOL",
        "RUN_SIGNALS",
        "RUN_STATES",
        "SERVICES_SINCE",
        "SERVICE_NAME_PATTERN",
        "SERVICE_PROTOCOLS",
        "SUPERVISORS",
        "TERMINATION_REASONS",
        "TUNNEL_FRAME_BYTES",
        "TUNNEL_WINDOW_BYTES",
        "completeKernelSpec",
        "decodeJsonPayload",
        "decodeRecord",
        "encodeFrames",
        "encodeJsonFrame",
        "encodeRecordPayload",
        "errorFromBody",
        "frameHeader",
        "isBerthError",
        "isId",
        "newRunId",
        "newSessionId",
        "parseFrame",
        "readFrames",
        "recordTypeOf",
        "toBerthError",
        "writeFrameHeader",
      ]
    `);
  });
});
