/**
 * Deletes each row of each transition table in turn and runs the table's own test (`x.test.ts` beside `x.ts`): it must fail, or no
 * test holds that row. The mutants are copies below .cache/, all tested in one run, beside one copy with all rows, which must
 * pass. Exits 1 and names the rows that nobody missed.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { startVitest } from 'vitest/node';
import { ROOT } from './install-and-build.mjs';

/** The tree whose tables are mutated. */
const TREE = process.argv[2] ?? ROOT;

/** Every `new TransitionTable([...])` in product code, as the file with its text and the span and text of each row. */
function findTables() {
  const files = readdirSync(join(TREE, 'packages'), { recursive: true })
    .filter((path) => /^[^/]+\/src\/.*(?<!\.test)\.ts$/.test(path))
    .map((path) => join('packages', path));
  return files.flatMap((file) => {
    const text = readFileSync(join(TREE, file), 'utf8');
    if (!text.includes('new TransitionTable')) return [];
    return [{ file, text, rows: rowsOf(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)) }];
  });
}

function rowsOf(node) {
  if (ts.isNewExpression(node) && node.expression.getText() === 'TransitionTable') {
    const list = node.arguments?.[0];
    if (!list || !ts.isArrayLiteralExpression(list)) throw new Error('a transition table without literal rows cannot be mutated');
    return list.elements.map((row) => ({ start: row.getStart(), end: row.getEnd(), text: row.getText() }));
  }
  return ts.forEachChild(node, (child) => (rowsOf(child).length > 0 ? rowsOf(child) : undefined)) ?? [];
}

/** A copy of what the table's own test reads, without one row; with all of them when `row` is undefined. */
function writeCopy(directory, { file, text }, row) {
  const folder = dirname(file);
  const testing = join(...file.split('/').slice(0, 2), 'testing');
  const ownTest = file.replace(/\.ts$/, '.test.ts');
  const isWanted = (path) => !path.endsWith('.test.ts') || path.endsWith(ownTest);
  const parts = [folder, testing, 'docs'].filter((part) => existsSync(join(TREE, part)));
  for (const part of parts) cpSync(join(TREE, part), join(directory, part), { recursive: true, filter: isWanted });
  if (!row) return;
  // The comma stays behind and would make a hole in the list, so it goes too.
  const after = text.slice(row.end).replace(/^\s*,/, '');
  writeFileSync(join(directory, file), text.slice(0, row.start) + after);
}

/** Packages of ours, as the type-check of the tests finds them. */
function aliases() {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.tests.json'), ts.sys.readFile);
  const entries = Object.entries(config.compilerOptions.paths);
  return entries.map(([name, [path]]) => ({ find: new RegExp(`^${name}$`), replacement: join(ROOT, path) }));
}

/** Names of the copies in which a test fails. */
async function failingAmong(directory) {
  const options = {
    root: directory,
    config: false,
    include: ['*/packages/*/src/**/*.test.ts'],
    reporters: [{}],
    watch: false,
    isolate: false,
    pool: 'threads',
  };
  const vitest = await startVitest('test', [], options, { resolve: { alias: aliases() } });
  const modules = vitest.state.getTestModules();
  const failed = modules.filter((module) => [...module.children.allTests('failed')].length > 0);
  await vitest.close();
  return new Set(failed.map((module) => relative(directory, module.moduleId).split('/')[0]));
}

mkdirSync(join(TREE, '.cache'), { recursive: true });
const directory = mkdtempSync(join(TREE, '.cache', 'mutants-'));
try {
  const tables = findTables();
  const mutants = tables.flatMap((table) => table.rows.map((row) => ({ table, row })));
  if (mutants.length === 0) throw new Error('no transition table found');
  tables.forEach((table, number) => writeCopy(join(directory, `whole-${number}`), table));
  mutants.forEach(({ table, row }, number) => writeCopy(join(directory, `${number}`), table, row));
  const failing = await failingAmong(directory);
  const broken = tables.filter((_, number) => failing.has(`whole-${number}`));
  const survivors = mutants.filter((_, number) => !failing.has(`${number}`));
  for (const { file } of broken) console.log(`the test of ${file} fails with all rows there`);
  for (const { table, row } of survivors) console.log(`survived in ${table.file}: ${row.text}`);
  console.log(`${mutants.length} rows deleted, ${mutants.length - survivors.length} noticed`);
  process.exitCode = survivors.length + broken.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
