import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, PlayedEngine } from '../../../testing/played-engine.js';
import { silentLogger } from '../../ports/logger.js';
import { Engine } from './engine.js';
import { fits, ImageLister, referencesOf, type ListedImage } from './image-list.js';

let engine: PlayedEngine;
let listed: ListedImage[];
/** What inspection answers, by image id; a number is a status. */
let images: Record<string, object | number>;
let warnings: string[];
let lister: ImageLister;

const here = { Os: 'linux', Architecture: 'amd64', Config: { Labels: { a: '1' } } };

beforeEach(async () => {
  listed = [{ Id: 'sha256:1', RepoTags: ['one:1'] }];
  images = { 'sha256:1': here };
  warnings = [];
  engine = await PlayedEngine.start((path, response) => {
    if (path.startsWith('/images/json')) return answer(response, listed);
    if (path === '/version') return answer(response, { Os: 'linux', Arch: 'amd64' });
    const id = /^\/images\/(.+)\/json$/.exec(path)?.[1] ?? '';
    const image = images[id];
    if (image === undefined) return false;
    return typeof image === 'number' ? answer(response, { message: 'broken' }, image) : answer(response, { Id: id, ...image });
  });
  const logger = {
    ...silentLogger,
    warn: (fields: object) => void warnings.push(String((fields as { imageId: string }).imageId)),
  };
  lister = new ImageLister(new Engine(engine.target), logger);
});
afterEach(() => engine.stop());

const inspections = () => engine.requests.filter((line) => /^GET \/images\/.+\/json$/.test(line)).length;

describe('ImageLister', () => {
  it('gives id, names and labels', async () => {
    expect(await lister.list()).toEqual([{ imageId: 'sha256:1', references: ['one:1'], labels: { a: '1' } }]);
  });

  it('inspects an image once, and again when it was away', async () => {
    await lister.list();
    await lister.list();
    expect(inspections()).toBe(1);
    listed = [];
    expect(await lister.list()).toEqual([]);
    listed = [{ Id: 'sha256:1', RepoTags: ['one:1', 'uno:1'] }];
    expect((await lister.list())[0]!.references).toEqual(['one:1', 'uno:1']);
    expect(inspections()).toBe(2);
  });

  it('leaves out images of another architecture', async () => {
    listed.push({ Id: 'sha256:2', RepoTags: ['two:1'] });
    images['sha256:2'] = { ...here, Architecture: 'arm64' };
    expect((await lister.list()).map(({ imageId }) => imageId)).toEqual(['sha256:1']);
  });

  it('leaves out an image that cannot be inspected, says so once, and takes it when it can', async () => {
    listed.push({ Id: 'sha256:2', RepoTags: ['two:1'] });
    images['sha256:2'] = 500;
    for (let i = 0; i < 3; i++) expect((await lister.list()).map(({ imageId }) => imageId)).toEqual(['sha256:1']);
    expect(warnings).toEqual(['sha256:2']);
    images['sha256:2'] = here;
    expect(await lister.list()).toHaveLength(2);
  });

  it('says nothing of an image that was removed meanwhile', async () => {
    listed.push({ Id: 'sha256:2', RepoTags: ['two:1'] });
    expect(await lister.list()).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('takes whatever labels there are', async () => {
    images['sha256:1'] = { ...here, Config: { Labels: null }, ContainerConfig: { Labels: { 'io.sorna.timeout': '5' } } };
    expect((await lister.list())[0]!.labels).toEqual({ 'io.sorna.timeout': '5' });
  });

  it('rejects when the engine is away, rather than give a part', async () => {
    engine.play = (path, response) => {
      if (path.startsWith('/images/json')) return answer(response, listed);
      if (path === '/version') return answer(response, { Os: 'linux', Arch: 'amd64' });
      response.destroy();
      return true;
    };
    await expect(lister.list()).rejects.toMatchObject({ code: 'driver-unavailable' });
  });
});

describe('referencesOf', () => {
  it('skips what is no name', () => {
    expect(referencesOf({ RepoTags: ['<none>:<none>', 'a:1', 'b:<none>'] })).toEqual(['a:1']);
    expect(referencesOf({ RepoTags: null })).toEqual([]);
    expect(referencesOf({})).toEqual([]);
  });
});

describe('fits', () => {
  const platform = { os: 'linux', architecture: 'amd64' };
  it.each([
    [{ Os: 'linux', Architecture: 'amd64' }, true],
    [{ Os: 'linux', Architecture: 'arm64' }, false],
    [{ Os: 'windows', Architecture: 'amd64' }, false],
    [{ Os: '', Architecture: '' }, true],
    [{}, true],
  ])('%j: %s', (image, expected) => {
    expect(fits(image, platform)).toBe(expected);
  });
});
