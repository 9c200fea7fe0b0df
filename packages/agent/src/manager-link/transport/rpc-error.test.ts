import { describe, expect, it } from 'vitest';
import { BerthError } from '@berth/wire';
import { errorTriple, RpcError } from './rpc-error.js';

describe('error triple', () => {
  it('is that of aiozmq for the same exception', () => {
    expect(errorTriple(new RpcError('builtins.RuntimeError', 'boom', 1))).toEqual([
      'builtins.RuntimeError',
      ['boom', 1],
      "RuntimeError('boom', 1)",
    ]);
    expect(errorTriple(new RpcError('aiozmq.rpc.base.NotFoundError', 'nope'))).toEqual([
      'aiozmq.rpc.base.NotFoundError',
      ['nope'],
      "NotFoundError('nope')",
    ]);
  });

  it('of an error of the closed list tells what to do', () => {
    const error = new BerthError('image-not-found', 'No image x.', { fix: 'Pull it.' });
    expect(errorTriple(error)).toEqual([
      'builtins.RuntimeError',
      ['No image x. Pull it.'],
      "RuntimeError('No image x. Pull it.')",
    ]);
  });

  it.each([
    [new TypeError('no'), 'no'],
    ['thrown text', 'thrown text'],
    [new Error(), 'Error'],
    [undefined, 'undefined'],
  ])('of anything else (%s) is a RuntimeError with one argument', (thrown, message) => {
    expect(errorTriple(thrown)).toEqual(['builtins.RuntimeError', [message], `RuntimeError('${message}')`]);
  });
});
