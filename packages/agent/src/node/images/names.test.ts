import { describe, expect, it } from 'vitest';
import type { LocalImage } from '../../ports/driver.js';
import { conventionalName, schedulableImages, withTag } from './names.js';

const image = (imageId: string, ...references: string[]): LocalImage => ({ imageId, references, labels: { of: imageId } });
const names = (images: readonly LocalImage[], configured: Record<string, string> = {}) =>
  schedulableImages(images, new Map(Object.entries(configured))).map(({ name, imageId }) => `${name}=${imageId}`);

describe('conventionalName', () => {
  it.each([
    ['lablup/kernel-python:3.6-debian', 'python:3.6-debian'],
    ['lablup/kernel-python-tensorflow:1.8-py36-gpu', 'python-tensorflow:1.8-py36-gpu'],
    ['lablup/kernel-:1', undefined],
    ['lablup/kernel-python:', undefined],
    ['lablup/kernel-python', undefined],
    ['lablup/kernels-python:1', undefined],
    ['other.host/lablup/kernel-python:1', undefined],
    ['python:3.6', undefined],
  ])('%s', (reference, name) => {
    expect(conventionalName(reference)).toBe(name);
  });
});

describe('withTag', () => {
  it.each([
    ['python', 'python:latest'],
    ['python:3', 'python:3'],
    ['localhost:5000/python', 'localhost:5000/python:latest'],
    ['python@sha256:00', 'python@sha256:00'],
    ['sha256:00', 'sha256:00'],
  ])('%s', (reference, full) => {
    expect(withTag(reference)).toBe(full);
  });
});

describe('schedulableImages', () => {
  const python = image('1', 'lablup/kernel-python:3.6', 'lablup/kernel-python:latest', 'mine:1');
  const other = image('2', 'debian:12');

  it('has each conventional name of an image, sorted, and no other image', () => {
    expect(names([other, python])).toEqual(['python:3.6=1', 'python:latest=1']);
  });

  it('has any image under a configured name, by reference or id', () => {
    const configured = { 'a:1': 'debian:12', b: 'mine:1', 'c:1': '2', 'd:1': 'docker.io/library/debian:12' };
    expect(names([other, python], configured)).toEqual([
      'a:1=2',
      'b:latest=1',
      'c:1=2',
      'd:1=2',
      'python:3.6=1',
      'python:latest=1',
    ]);
  });

  it('lets a configured name win', () => {
    expect(names([other, python], { 'python:3.6': 'debian:12' })).toEqual(['python:3.6=2', 'python:latest=1']);
  });

  it('has nothing under a configured name whose image is not here', () => {
    expect(names([other, python], { 'python:3.6': 'missing', 'x:1': 'missing' })).toEqual(['python:latest=1']);
  });

  it('says how the driver knows it, and its labels', () => {
    expect(schedulableImages([other], new Map([['x', 'debian:12']]))).toEqual([
      { name: 'x:latest', imageId: '2', reference: 'debian:12', labels: { of: '2' } },
    ]);
  });
});
