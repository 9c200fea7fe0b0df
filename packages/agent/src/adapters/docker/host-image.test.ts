import { describe, expect, it } from 'vitest';
import type { HostEntry } from '../../host-image/layout.js';
import { oldTags, tagOf } from './host-image.js';

it('has a tag that changes with the machine and only then', () => {
  const entries = (zone: string): HostEntry[] => [
    { path: 'etc', kind: 'directory', mode: 0o755 },
    { path: 'etc/timezone', kind: 'file', content: zone },
  ];
  expect(tagOf(entries('Etc/UTC'))).toBe(tagOf(entries('Etc/UTC')));
  expect(tagOf(entries('Asia/Seoul'))).not.toBe(tagOf(entries('Etc/UTC')));
});

describe('oldTags', () => {
  it('are ours, of another content, and more than a day old', () => {
    const image = (tag: string, Created: number) => ({ RepoTags: [tag], Created });
    const images = [image('berth-host:a', 0), image('berth-host:b', 0), image('other:a', 0), image('berth-host:c', 90_000)];
    expect(oldTags([...images, { RepoTags: null, Created: 0 }], 'berth-host:b', 100_000)).toEqual(['berth-host:a']);
  });
});
