import { describe, expect, it } from 'vitest';
import { parsePullLine } from './pull-line.js';

describe('parsePullLine', () => {
  it('takes the bytes of a layer', () => {
    const line = '{"status":"Downloading","progressDetail":{"current":5,"total":9},"progress":"[=>]","id":"0123456789ab"}';
    expect(parsePullLine(line)).toEqual({ progress: { status: 'Downloading', layer: '0123456789ab', bytes: 5, total: 9 } });
  });

  it('takes a word about the whole', () => {
    expect(parsePullLine('{"status":"Pulling from a/b","id":"1"}').progress).toMatchObject({ bytes: 0, total: null });
    expect(parsePullLine('{"status":"Status: Image is up to date"}').progress).toMatchObject({ layer: '' });
  });

  it('notices a failure, in each of its shapes', () => {
    expect(parsePullLine('{"errorDetail":{"message":"unexpected EOF"},"error":"old"}').error).toBe('unexpected EOF');
    expect(parsePullLine('{"error":"old"}').error).toBe('old');
    expect(parsePullLine('{"errorDetail":{}, "error":null}').error).toBe('no reason was given');
  });

  it('takes what cannot be read for a failure', () => {
    for (const line of ['<html>', '7', 'null', '"x"']) expect(parsePullLine(line).error).toContain('cannot be read');
  });

  it('lets no odd value through', () => {
    const odd = { status: 'x'.repeat(10_000), id: {}, progressDetail: { current: -1, total: '9' } };
    const { progress } = parsePullLine(JSON.stringify(odd));
    expect(progress).toEqual({ status: 'x'.repeat(500), layer: '', bytes: 0, total: null });
    expect(parsePullLine('{"progressDetail":{}}')).toEqual({});
  });
});
