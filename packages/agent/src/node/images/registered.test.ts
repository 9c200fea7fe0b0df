import { describe, expect, it } from 'vitest';
import { registeredImages } from './registered.js';

const of = (entries: Record<string, string>) => registeredImages(Object.entries(entries).map(([key, value]) => ({ key, value })));

describe('registeredImages', () => {
  it('has each tag, and follows what stands for another', () => {
    const registered = of({
      'images/python': '1',
      'images/python/cpu': '1.00',
      'images/python/tags/3.6-debian': 'ca7b9f52b6c2',
      'images/python/tags/3.6': ':3.6-debian',
      'images/python/tags/latest': ':3.6',
      'images/python-tensorflow/tags/1.8-py36-gpu': 'x',
      'images/_aliases/python': 'python:latest',
    });
    expect(registered).toEqual({ names: ['python-tensorflow:1.8-py36-gpu', 'python:3.6-debian'], problems: [] });
  });

  it('tells of aliases that lead nowhere or in a circle, and keeps the others', () => {
    const { names, problems } = of({
      'images/a/tags/1': ':2',
      'images/a/tags/2': ':1',
      'images/b/tags/1': ':none',
      'images/c/tags/1': 'hash',
    });
    expect(names).toEqual(['c:1']);
    expect(problems).toEqual([
      'a:1 stands for itself, by way of a:1, a:2',
      'a:2 stands for itself, by way of a:2, a:1',
      'b:1 stands for b:none, which is not registered',
    ]);
  });

  it('leaves out keys that could not name an image', () => {
    expect(
      of({ 'images/../tags/x': '1', 'images/_aliases/tags/x': '1', 'images/a/tags/x/y': '1', 'images/A B/tags/1': '1' }),
    ).toEqual({
      names: [],
      problems: [],
    });
  });
});
