import { VirtualClock } from '@berth/base';
import { BerthError } from '@berth/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FAKE_IMAGE, FakeDriver } from '../../../testing/fake-driver.js';
import { silentLogger } from '../../ports/logger.js';
import { ImageList } from './image-list.js';

const AWAY = new BerthError('driver-unavailable', 'away');

let driver: FakeDriver;
let clock: VirtualClock;
let said: string[];
let list: ImageList;
const tag = (name: string, labels = {}) => driver.images.set(name, { ...FAKE_IMAGE, imageId: `sha256:${name}`, labels });
const names = () => list.schedulable().map(({ name }) => name);

beforeEach(() => {
  driver = new FakeDriver();
  clock = new VirtualClock();
  said = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const configured = new Map([['mine', 'debian:12']]);
  list = new ImageList({ driver, configured, clock, logger: { ...silentLogger, info: say, warn: say } });
});

describe('ImageList', () => {
  it('finds by name, and keeps the labels that count', async () => {
    tag('lablup/kernel-python:3.6', { 'ai.backend.timeout': '5', maintainer: 'x' });
    await list.refresh();
    expect(list.find('python:3.6')).toEqual({
      name: 'python:3.6',
      imageId: 'sha256:lablup/kernel-python:3.6',
      reference: 'lablup/kernel-python:3.6',
      labels: { 'ai.backend.timeout': '5' },
    });
    expect(list.find('python')).toBeUndefined();
  });

  it('tells a change, and only that', async () => {
    let changes = 0;
    const off = list.onChange(() => (changes += 1));
    await list.refresh();
    expect(changes).toBe(1);
    tag('lablup/kernel-python:3.6');
    await list.refresh();
    await list.refresh();
    expect(changes).toBe(2);
    tag('unrelated:1');
    await list.refresh();
    expect(changes).toBe(2);
    off();
    driver.images.delete('lablup/kernel-python:3.6');
    await list.refresh();
    expect([changes, names()]).toEqual([2, []]);
  });

  it('looks every 5 s, keeps the last list while the driver is away, and says so once', async () => {
    tag('lablup/kernel-python:3.6');
    const controller = new AbortController();
    let looked = () => {};
    const { listImages } = driver;
    driver.listImages = (signal) => listImages.call(driver, signal).finally(() => setImmediate(looked));
    const nextLook = () => new Promise<void>((resolve) => (looked = resolve));
    const turn = async () => {
      const look = nextLook();
      clock.advance(5_000);
      await look;
    };
    const first = nextLook();
    const following = list.follow(controller.signal);
    await first;
    expect(names()).toEqual(['python:3.6']);
    said = [];
    driver.outage = AWAY;
    for (let i = 0; i < 3; i++) await turn();
    expect(names()).toEqual(['python:3.6']);
    driver.outage = undefined;
    driver.images.delete('lablup/kernel-python:3.6');
    await turn();
    expect(names()).toEqual([]);
    expect(said).toEqual(['images cannot be listed; the last list stays', 'images can be listed again']);
    controller.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('warns once of malformed labels, and of a configured name without an image', async () => {
    tag('lablup/kernel-python:3.6', { 'ai.backend.timeout': 'soon' });
    for (let i = 0; i < 3; i++) await list.refresh();
    expect(said).toEqual(['labels of an image are malformed', 'the image of a configured name is not here']);
    tag('debian:12');
    await list.refresh();
    driver.images.delete('debian:12');
    await list.refresh();
    expect(said).toHaveLength(3);
  });
});
