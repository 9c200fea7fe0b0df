import { describe, expect, it } from 'vitest';
import { BerthError, errorFromBody, ERRORS, isBerthError, toBerthError, type ErrorCode } from './errors.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('the closed list of errors', () => {
  it.each(CODES)('%s says what to do, with a status and an exit code that users can tell from their programs’', (code) => {
    const { status, exit, fix } = ERRORS[code];
    expect(fix).toMatch(/^[A-Z].*\.$/s);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThanOrEqual(599);
    expect(exit === 130 || (exit >= 64 && exit <= 78)).toBe(true);
  });

  it('has codes in one spelling', () => {
    for (const code of CODES) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe('an error', () => {
  it.each(CODES)('%s is the same after a journey', (code) => {
    const error = new BerthError(code, 'what is wrong', { fields: { a: 1, b: null, c: 'x', d: true } });
    const back = errorFromBody(JSON.parse(JSON.stringify(error)));
    expect(back.toJSON()).toEqual(error.toJSON());
    expect([back.status, back.exitCode]).toEqual([ERRORS[code].status, ERRORS[code].exit]);
  });

  it('takes its own advice along', () => {
    const error = new BerthError('internal', 'm', { fix: 'Do this.' });
    expect(errorFromBody(JSON.parse(JSON.stringify(error))).fix).toBe('Do this.');
  });

  it('keeps its cause to itself', () => {
    const error = new BerthError('internal', 'm', { cause: new Error('secret') });
    expect(error.cause).toBeInstanceOf(Error);
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it.each([
    ['an unknown code', { code: 'new-in-v9', message: 'm' }, 'internal', 'm'],
    ['a name that every object has', { code: 'constructor', message: 'm' }, 'internal', 'm'],
    ['no message', { code: 'timeout' }, 'timeout', 'an error without a message'],
    ['nothing of an error', { x: 1 }, 'internal', 'an error without a message'],
    ['null', null, 'internal', 'an error without a message'],
    ['text', 'no', 'internal', 'an error without a message'],
  ])('is made of %s', (_, body, code, message) => {
    const error = errorFromBody(body);
    expect([error.code, error.message, typeof error.fix, typeof error.status]).toEqual([code, message, 'string', 'number']);
  });

  it('of the list stays itself, all else becomes internal with its cause', () => {
    const ours = new BerthError('timeout', 'slow');
    expect(toBerthError(ours)).toBe(ours);
    const theirs = new TypeError('x is not a function');
    expect(toBerthError(theirs)).toMatchObject({ code: 'internal', message: 'x is not a function', cause: theirs });
    expect(toBerthError('text')).toMatchObject({ code: 'internal', message: 'text' });
  });

  it('is known by its shape, not by its class', () => {
    const copy = Object.assign(new Error('m'), { name: 'BerthError', code: 'timeout' });
    expect(isBerthError(copy)).toBe(true);
    expect(isBerthError(new Error('m'))).toBe(false);
    expect(isBerthError({ name: 'BerthError', code: 'timeout' })).toBe(false);
  });
});
