/** The list of images, of a real engine: odd images, and tags that come and go while somebody looks. */
import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { VirtualClock } from '@berth/base';
import Docker from 'dockerode';
import tar from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithDocker } from '../../../test/support/services.js';
import { DockerDriver } from '../src/adapters/docker/index.js';
import { ImageList } from '../src/node/images/image-list.js';
import { silentLogger } from '../src/ports/logger.js';
import { dockerFixture } from './docker-fixture.js';
import { runDriverCase, type Bench } from './driver-case.js';

describeWithDocker('images of a real engine', ({ socketPath, images }) => {
  const docker = new Docker({ socketPath });
  let driver: DockerDriver;
  let made: string[];
  beforeEach(() => {
    driver = new DockerDriver({ socketPath });
    made = [];
  });
  afterEach(async () => {
    for (const name of made)
      await docker
        .getImage(name)
        .remove({ force: true })
        .catch(() => {});
  });

  const freshName = (name = 'berth-test/list') => `${name}:${randomBytes(6).toString('hex')}`;

  /** Loads an image with this configuration; without a name it dangles. Its id. */
  async function load(name: string | undefined, config: object): Promise<string> {
    const layer = Buffer.alloc(1024);
    const rootfs = { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] };
    // The number makes an id that no other image has.
    const text = JSON.stringify({ os: 'linux', rootfs, history: [], author: freshName(), ...config });
    const pack = tar.pack();
    pack.entry({ name: 'layer.tar' }, layer);
    pack.entry({ name: 'config.json' }, text);
    const manifest = [{ Config: 'config.json', RepoTags: name === undefined ? null : [name], Layers: ['layer.tar'] }];
    pack.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
    pack.finalize();
    for await (const chunk of (await docker.loadImage(pack as never)) as Readable) expect(String(chunk)).not.toContain('"error"');
    const imageId = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    made.push(imageId);
    return imageId;
  }

  it('has labels and several names of one image, and no image without a name', async () => {
    const [one, two] = [freshName(), freshName()];
    const architecture = (await docker.version()).Arch;
    const imageId = await load(one, { architecture, config: { Labels: { 'ai.backend.timeout': '7' } } });
    await docker.getImage(one).tag({ repo: two.split(':')[0]!, tag: two.split(':')[1]! });
    const dangling = await load(undefined, { architecture, config: {} });
    const listed = await driver.listImages();
    expect(listed.filter((image) => image.imageId === imageId)).toEqual([
      { imageId, references: expect.arrayContaining([one, two]) as string[], labels: { 'ai.backend.timeout': '7' } },
    ]);
    expect(listed.map((image) => image.imageId)).not.toContain(dangling);
  });

  it('leaves out what is for another machine, and takes what says nothing at all', async () => {
    const foreign = await load(freshName(), { architecture: 'm68k', config: {} });
    const bare = await load(freshName(), { config: null, container_config: { Labels: { 'io.sorna.timeout': '5' } } });
    const listed = new Map((await driver.listImages()).map((image) => [image.imageId, image.labels]));
    expect(listed.has(foreign)).toBe(false);
    expect(listed.get(bare)).toEqual({ 'io.sorna.timeout': '5' });
  });

  it('are not removed while a kernel has been made from them', async () => {
    const name = freshName();
    const [repo, tag] = name.split(':') as [string, string];
    const imageId = await load(name, { architecture: (await docker.version()).Arch, config: {} });
    await docker.getImage(name).tag({ repo: `${repo}-too`, tag });
    const run = async ({ make }: Bench) => {
      await make({ imageId });
      // Docker would let this name go: another is left.
      await expect(driver.removeImage(name)).rejects.toMatchObject({
        code: 'bad-request',
        message: expect.stringMatching(/in use by s-/) as string,
      });
    };
    const fixture = await dockerFixture(socketPath, images.empty);
    await runDriverCase({ name: 'in use', run }, fixture, 10_000);
    await fixture.dispose();
    await driver.removeImage(name);
    await driver.removeImage(`${repo}-too:${tag}`);
    await expect(driver.resolveImage(imageId)).rejects.toMatchObject({ code: 'image-not-found' });
    await expect(driver.removeImage(name)).rejects.toMatchObject({ code: 'image-not-found' });
  });

  it('is followed while tags come and go', async () => {
    const clock = new VirtualClock();
    const list = new ImageList({ driver, clock, logger: silentLogger });
    const controller = new AbortController();
    const reference = freshName('lablup/kernel-list');
    const name = reference.slice('lablup/kernel-'.length);
    await list.refresh();
    const following = list.follow(controller.signal);
    following.catch(() => {});
    /** Turns the clock until the name is there, or gone. */
    const until = async (there: boolean) => {
      while ((list.find(name) !== undefined) !== there) {
        clock.advance(5_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const [repo, tag] = reference.split(':') as [string, string];
    await docker.getImage(images.empty).tag({ repo, tag });
    made.push(reference);
    await until(true);
    expect(list.find(name)).toMatchObject({ reference, imageId: (await driver.resolveImage(images.empty)).imageId });
    await docker.getImage(reference).remove();
    await until(false);
    controller.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
  });
});
