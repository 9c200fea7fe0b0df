import { expect, it } from 'vitest';
import { parseStatus } from './status.js';

it.each([
  ['', null, null],
  ['{ "child-pid": 7 }\n', 7, null],
  ['{ "child-pid": 7, "net-namespace": 1 }\n{ "exit-code": 3 }\n', 7, 3],
  ['{ "child-pid": 7 }\n{ "exit-c', 7, null],
  ['null\n[]\n{ "child-pid": "7" }\n', null, null],
])('of %j', (text, firstPid, exitCode) => {
  expect(parseStatus(text)).toEqual({ firstPid, exitCode });
});
