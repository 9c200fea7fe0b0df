// The last lines of .ci/run: how many tests talked to each real service, then the count of tests. Exits 1 when a service had
// none, when a test failed, or when there is no report.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from './services/table.mjs';

const directory = process.argv[2];
const talks = readFileSync(join(directory, 'services.log'), 'utf8').split('\n');
let good = true;

for (const { name } of SERVICES) {
  const count = talks.filter((line) => line === name).length;
  console.log(`${name}: ${count} tests talked to it`);
  if (count === 0) good = false;
}

const counts = readCounts(join(directory, 'report.json'));
if (!counts || counts.failed > 0 || counts.passed === 0) good = false;
const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 };
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = good ? 0 : 1;

/** Counts of vitest's JSON report; undefined when vitest did not come so far. */
function readCounts(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  // A file that fails to load has no tests in it, and is a failure all the same.
  const brokenFiles = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
