import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { completeKernelSpec } from '../spec.js';
import {
  completeSchema,
  createSessionSchema,
  envSchema,
  kernelSpecSchema,
  MAX_RUN_BYTES,
  runRequestSchema,
  signalRunSchema,
  stopNodeSchema,
} from './schemas.js';

const MIB = 1024 * 1024;
const query = { mode: 'query', runId: 'r1', language: 'python', code: '1' };
const batch = { mode: 'batch', runId: 'r1', argv: ['ls'] };

const GOOD: readonly [string, z.ZodType, unknown][] = [
  ['the least of a session', createSessionSchema, { spec: { image: 'host' } }],
  ['a session with an id', createSessionSchema, { sessionId: 'my-session.1', spec: { image: 'host' } }],
  ['the smallest kernel', kernelSpecSchema, { image: 'a', cpus: 0.01, memoryBytes: 32 * MIB, pids: 32 }],
  ['no lease said outright', kernelSpecSchema, { image: 'a', leaseSeconds: null, lifetimeSeconds: null }],
  ['an environment', envSchema, { _A: '', PATH: '/bin', a1: 'ü\n' }],
  ['a query', runRequestSchema, query],
  ['an empty query', runRequestSchema, { ...query, code: '' }],
  ['a query with all options', runRequestSchema, { ...query, env: { A: 'b' }, timeoutMs: 1, durable: true }],
  ['a batch', runRequestSchema, batch],
  ['a batch with all options', runRequestSchema, { ...batch, stdin: 'open', cwd: 'a/b', interpreter: 'node' }],
  ['an interpreter without arguments', runRequestSchema, { ...batch, argv: [], interpreter: 'python' }],
  ['each signal', signalRunSchema, { signal: 'kill' }],
  ['a completion', completeSchema, { language: 'bash', code: 'ec', cursor: 2 }],
  ['a plain stop', stopNodeSchema, {}],
];

const BAD: readonly [string, z.ZodType, unknown][] = [
  ['a session without a specification', createSessionSchema, {}],
  ['an unknown field', createSessionSchema, { spec: { image: 'a' }, extra: 1 }],
  ['an unknown field of the specification', kernelSpecSchema, { image: 'a', privileged: true }],
  ['an id that is a path', createSessionSchema, { sessionId: '../x', spec: { image: 'a' } }],
  ['an id with a newline at its end', createSessionSchema, { sessionId: 'x\n', spec: { image: 'a' } }],
  ['an id that is too long', createSessionSchema, { sessionId: 'x'.repeat(65), spec: { image: 'a' } }],
  ['no image', kernelSpecSchema, { image: '' }],
  ['an image with a zero byte', kernelSpecSchema, { image: 'a\0b' }],
  ['too little memory', kernelSpecSchema, { image: 'a', memoryBytes: 32 * MIB - 1 }],
  ['memory in fractions', kernelSpecSchema, { image: 'a', memoryBytes: 64 * MIB + 0.5 }],
  ['endless memory', kernelSpecSchema, { image: 'a', memoryBytes: Infinity }],
  ['no CPU', kernelSpecSchema, { image: 'a', cpus: 0 }],
  ['CPU that is not a number', kernelSpecSchema, { image: 'a', cpus: NaN }],
  ['too few processes', kernelSpecSchema, { image: 'a', pids: 31 }],
  ['an unknown network', kernelSpecSchema, { image: 'a', network: 'container:x' }],
  ['a lease of nothing', kernelSpecSchema, { image: 'a', leaseSeconds: 0 }],
  ['no dead-man time', kernelSpecSchema, { image: 'a', deadManSeconds: null }],
  ['a variable with a space', envSchema, { 'A B': 'x' }],
  ['a variable with an equals sign', envSchema, { 'A=B': 'x' }],
  ['a variable without a name', envSchema, { '': 'x' }],
  ['a value with a zero byte', envSchema, { A: 'x\0y' }],
  ['a value that is a number', envSchema, { A: 1 }],
  ['a value that is too long', envSchema, { A: 'x'.repeat(128 * 1024 + 1) }],
  ['an unknown mode', runRequestSchema, { ...query, mode: 'shell' }],
  ['an unknown language', runRequestSchema, { ...query, language: 'cobol' }],
  ['a query without code', runRequestSchema, { ...query, code: undefined }],
  ['code that does not fit', runRequestSchema, { ...query, code: 'x'.repeat(MAX_RUN_BYTES + 1) }],
  ['a run without an id', runRequestSchema, { ...query, runId: undefined }],
  ['a batch without a program', runRequestSchema, { ...batch, argv: [] }],
  ['an argument with a zero byte', runRequestSchema, { ...batch, argv: ['a\0'] }],
  ['a directory with a zero byte', runRequestSchema, { ...batch, cwd: '\0' }],
  ['a time limit of nothing', runRequestSchema, { ...batch, timeoutMs: 0 }],
  ['a time limit beyond a timer', runRequestSchema, { ...batch, timeoutMs: 2 ** 31 }],
  ['a query with arguments', runRequestSchema, { ...query, argv: [] }],
  ['an unknown signal', signalRunSchema, { signal: 'SIGKILL' }],
  ['a cursor before the beginning', completeSchema, { language: 'bash', code: '', cursor: -1 }],
];

describe('a body', () => {
  it.each(GOOD)('is taken: %s', (_, schema, body) => expect(schema.safeParse(body).error).toBeUndefined());
  it.each(BAD)('is refused: %s', (_, schema, body) => expect(schema.safeParse(body).success).toBe(false));

  it('is made whole with the defaults of the core', () => {
    expect(kernelSpecSchema.parse({ image: 'a' })).toEqual(completeKernelSpec({ image: 'a' }));
    expect(stopNodeSchema.parse({})).toEqual({ terminate: false });
  });

  it('of code is measured in bytes, since it must fit a frame', () => {
    const room = MAX_RUN_BYTES - JSON.stringify({ ...query, code: '' }).length;
    const wide = 'ü'.repeat(Math.floor(room / 2));
    expect(runRequestSchema.safeParse({ ...query, code: wide }).success).toBe(true);
    expect(runRequestSchema.safeParse({ ...query, code: `${wide}ü` }).success).toBe(false);
  });

  it('of all arguments and variables together must fit a frame', () => {
    const argument = 'x'.repeat(100 * 1024);
    expect(runRequestSchema.safeParse({ ...batch, argv: Array.from({ length: 8 }, () => argument) }).success).toBe(true);
    expect(runRequestSchema.safeParse({ ...batch, argv: Array.from({ length: 11 }, () => argument) }).success).toBe(false);
  });
});
