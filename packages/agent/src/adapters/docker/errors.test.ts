import { DeadlineError } from '@berth/base';
import { BerthError } from '@berth/wire';
import { describe, expect, it } from 'vitest';
import { DOCKER_ERRORS, dockerError, isBusy, pullError, pullFailed } from './errors.js';

const answer = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), { statusCode, json: { message } });
const socket = (code: string) => Object.assign(new Error(`connect ${code} /run/docker.sock`), { code });

describe('dockerError', () => {
  it.each([
    [socket('ENOENT'), 'driver-unavailable'],
    [socket('ECONNREFUSED'), 'driver-unavailable'],
    [socket('ECONNRESET'), 'driver-unavailable'],
    [socket('EACCES'), 'driver-forbidden'],
    [answer(404, 'No such image: none:latest'), 'image-not-found'],
    [answer(404, 'No such container: abc'), 'create-failed'],
    [answer(400, 'client version 1.41 is too old. Minimum supported API version is 1.44'), 'driver-unavailable'],
    [answer(500, 'write /data: no space left on device'), 'create-failed'],
    [answer(503, 'shutting down'), 'driver-unavailable'],
    [answer(500, 'anything else'), 'create-failed'],
    [new DeadlineError('listing containers', 10), 'timeout'],
    ['a string', 'create-failed'],
    [null, 'create-failed'],
  ])('maps %s', (thrown, code) => {
    expect(dockerError(thrown, 'the step').code).toBe(code);
  });

  it('says the step and what the engine said, without the HTTP of it', () => {
    expect(dockerError(answer(500, 'out of order'), 'creating the container').message).toBe(
      'creating the container failed: out of order',
    );
  });

  it('says to free space when the disk is full', () => {
    expect(dockerError(answer(500, 'no space left on device'), 'x').fix).toMatch(/^Free space/);
  });

  it('leaves an error of the closed list as it is', () => {
    const error = new BerthError('image-not-found', 'none');
    expect(dockerError(error, 'x')).toBe(error);
  });

  it('has no row that an earlier one hides', () => {
    const keys = DOCKER_ERRORS.map(({ on, says }) => `${on} ${says ?? ''}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('pullError', () => {
  it.each([
    [answer(404, 'manifest for a:1 not found: manifest unknown'), 'pull-failed'],
    [answer(401, 'unauthorized'), 'pull-failed'],
    [answer(500, 'Get "http://registry/v2/": dial tcp: connection refused'), 'pull-failed'],
    [answer(503, 'the registry has no time'), 'pull-failed'],
    [socket('ECONNREFUSED'), 'driver-unavailable'],
    [socket('EACCES'), 'driver-forbidden'],
    [new BerthError('pull-failed', 'as it was'), 'pull-failed'],
  ])('maps %s', (thrown, code) => {
    expect(pullError(thrown, 'a:1').code).toBe(code);
  });

  it('says what the engine said, without the HTTP of it', () => {
    expect(pullError(answer(404, 'manifest unknown'), 'a:1').message).toBe('pulling a:1 failed: manifest unknown');
  });
});

describe('pullFailed', () => {
  it.each([
    ['write /data: no space left on device', /^Free space/],
    ['manifest for a:1 not found', /tag/],
    ['unauthorized: authentication required', /password/],
    ['pull access denied for a, repository does not exist', /password/],
    ['Get "http://x/v2/": dial tcp 127.0.0.1:1: connect: connection refused', /address/],
    ['unexpected EOF', /address/],
    ['something else', /name of the image, the network, and the credentials/],
  ])('%s', (says, fix) => {
    expect(pullFailed('a:1', says).fix).toMatch(fix);
  });
});

describe('isBusy', () => {
  it.each([
    [answer(409, 'removal of container abc is already in progress'), true],
    [answer(500, 'unlinkat /data/overlay: device or resource busy'), true],
    [answer(500, 'out of order'), false],
    [socket('ECONNREFUSED'), false],
  ])('%s', (thrown, busy) => {
    expect(isBusy(thrown)).toBe(busy);
  });
});
