import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const PROGRAM = new URL('../bin/berth.js', import.meta.url).pathname;

/** Lets Node claim another version before the program begins. */
function runAs(version: string): Promise<{ code: number | undefined; stderr: string }> {
  const claim = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${version}'}})`;
  const env = { ...process.env };
  delete env['NODE_EXTRA_CA_CERTS'];
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', claim, PROGRAM, 'version'], { env }, (error, _stdout, stderr) =>
      resolve({ code: (error?.code as number | undefined) ?? 0, stderr }),
    );
  });
}

describe('Node.js', () => {
  it.each(['18.20.0', '20.18.3', '12.0.0'])('%s is told to be too old, in one line', async (version) => {
    const { code, stderr } = await runAs(version);
    expect(code).toBe(78);
    expect(stderr).toMatch(/^berth: [^\n]*20\.19 or later\.\n$/);
    expect(stderr).toContain(version);
  });

  it.each(['20.19.0', '22.0.0'])('%s will do', async (version) => expect(await runAs(version)).toEqual({ code: 0, stderr: '' }));
});
