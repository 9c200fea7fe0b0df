/** Tables of the documents. */
import { readFileSync } from 'node:fs';
import { ROOT } from './temporary-tree.js';

export const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

/** Rows of the Markdown tables of a document whose first column is headed `first`, as cells without code marks in the first. */
export function rowsOf(document: string, first: string): string[][] {
  const rows: string[][] = [];
  let inside = false;
  for (const line of read(document).split('\n')) {
    if (!line.startsWith('|')) {
      inside = false;
      continue;
    }
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [head, ...rest] = cells.slice(1, -1);
    if (head === first) inside = true;
    else if (inside && !/^-+$/.test(head!)) rows.push([head!.replaceAll('`', ''), ...rest]);
  }
  return rows;
}
