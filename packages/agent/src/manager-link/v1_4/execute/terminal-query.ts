/** Queries that the manager's terminals send instead of code (seed spec 8.10). */
import { RpcError } from '../../transport/rpc-error.js';
import type { TerminalHooks } from './options.js';

const RESIZE = /^%resize\s+(\d{1,5})\s+(\d{1,5})\s*$/;
const PING = /^%ping\s*$/;
const MOST = 10_000;

export const isTerminalQuery = (code: string): boolean => RESIZE.test(code) || PING.test(code);

/** Throws `RpcError` for a size that no terminal has. */
export async function serveTerminalQuery(terminal: TerminalHooks, code: string): Promise<void> {
  const [, rows, columns] = RESIZE.exec(code) ?? [];
  if (rows === undefined) return terminal.ping();
  const size = { rows: Number(rows), columns: Number(columns) };
  if (Math.min(size.rows, size.columns) < 1 || Math.max(size.rows, size.columns) > MOST) {
    throw new RpcError('builtins.ValueError', `a terminal of ${rows} rows and ${columns} columns`);
  }
  await terminal.resize(size);
}
