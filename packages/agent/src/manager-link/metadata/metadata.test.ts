import { describe, expect, it } from 'vitest';
import { resolveAlias } from './aliases.js';
import { slotText } from './images.js';
import { planImport, type MetadataKind } from './plan.js';
import { shownChange, shownCounts, shownValue } from './shown.js';

const plan = (kind: MetadataKind, yaml: string, keys: Record<string, string> = {}, prune = false) =>
  planImport(kind, { yaml, file: 'x.yml', keys: new Map(Object.entries(keys)), prune });
/** All that would be written, in order. */
const written = (kind: MetadataKind, yaml: string) => Object.assign({}, ...plan(kind, yaml).writes) as Record<string, string>;

const PYTHON = `
images:
  - name: python
    syntax: python
    tags:
      - ["latest", ":3.6-debian"]
      - ["3.6-debian", "ca7b9f52b6c2"]
    slots: &default
      cpu: 1
      mem: 1.0
      gpu: 0
  - name: r
    tags: [["3.3-alpine", "fbba576ece80"]]
    slots:
      <<: *default
      mem: 0.3
      gpu: null
`;

describe('image-metadata.yml', () => {
  it('becomes aliases of tags, the image with its slots, and its tags, each in one transaction', () => {
    expect(plan('images', PYTHON).writes).toEqual([
      { 'images/_aliases/python:latest': 'python:3.6-debian' },
      { 'images/python': '1', 'images/python/cpu': '1.00', 'images/python/mem': '1.00', 'images/python/gpu': '0.00' },
      { 'images/python/tags/latest': ':3.6-debian', 'images/python/tags/3.6-debian': 'ca7b9f52b6c2' },
      { 'images/r': '1', 'images/r/cpu': '1.00', 'images/r/mem': '0.30', 'images/r/gpu': 'null' },
      { 'images/r/tags/3.3-alpine': 'fbba576ece80' },
    ]);
  });

  it.each([
    [0.125, '0.12'],
    [0.375, '0.38'],
    [0.625, '0.62'],
    [2.5, '2.50'],
    [1.005, '1.00'],
    [8, '8.00'],
    [0.3, '0.30'],
    [null, 'null'],
  ])('writes the slot %s as %s, as Python does', (value, text) => expect(slotText(value)).toBe(text));

  it('parts what is too much for one transaction of etcd', () => {
    const tags = Array.from({ length: 250 }, (_, i) => `["t${i}", "x"]`).join(', ');
    const { writes } = plan('images', `images: [{name: a, tags: [${tags}], slots: {cpu: 1, mem: 1, gpu: 1}}]`);
    expect(writes.map((batch) => Object.keys(batch).length)).toEqual([4, 100, 100, 50]);
  });
});

describe('image-aliases.yml', () => {
  it('becomes one key each', () => {
    expect(plan('aliases', `aliases: [[python, 'python:latest'], ['R3.3', 'r:3.3-alpine']]`).writes).toEqual([
      { 'images/_aliases/python': 'python:latest' },
      { 'images/_aliases/R3.3': 'r:3.3-alpine' },
    ]);
  });
});

describe('volumes.yml', () => {
  it('becomes one key per field', () => {
    const yaml = `volumes: [{name: v, mount: {at: startup, fstype: nfs, path: "//a/b", options: "x=1"}}]`;
    expect(written('volumes', yaml)).toEqual({
      'volumes/v/mount/at': 'startup',
      'volumes/v/mount/fstype': 'nfs',
      'volumes/v/mount/path': '//a/b',
      'volumes/v/mount/options': 'x=1',
    });
  });
});

describe('what is wrong in a file', () => {
  const image = (change: string) =>
    `images:\n  - name: a\n    tags: [["t", "x"]]\n    slots: {cpu: 1, mem: 1, gpu: 1}\n${change}`;
  const cases: [string, MetadataKind, string, RegExp][] = [
    ['not YAML', 'images', 'images: [', /^x\.yml, line \d+: /],
    ['nothing', 'images', '', /^x\.yml: the file must have named fields$/],
    ['another file', 'images', 'aliases: []', /line 1: images is missing$/],
    [
      'a number for a tag',
      'images',
      image('  - name: b\n    tags:\n      - [1.10, x]\n    slots: {cpu: 1, mem: 1, gpu: 1}'),
      /line 7: images\[1\]\.tags\[0\]\[0\] must be text; put it in quotes$/,
    ],
    [
      'text for a slot',
      'images',
      'images:\n- name: a\n  tags: []\n  slots:\n    cpu: one\n    mem: 1\n    gpu: 1',
      /line 5: images\[0\]\.slots\.cpu must be a number, or null/,
    ],
    [
      'a missing slot',
      'images',
      'images:\n- name: a\n  tags: []\n  slots:\n    cpu: 1\n    mem: 1',
      /line 5: images\[0\]\.slots\.gpu is missing$/,
    ],
    [
      'a wrong merged slot',
      'images',
      'images:\n- name: a\n  tags: []\n  slots: &s {cpu: 1, mem: 1, gpu: 1}\n- name: b\n  tags: []\n  slots:\n    <<: *s\n    mem: -1',
      /line 9: images\[1\]\.slots\.mem must not be negative$/,
    ],
    ['infinity', 'images', 'images: [{name: a, tags: [], slots: {cpu: .inf, mem: 1, gpu: 1}}]', /slots\.cpu/],
    [
      'a name with a slash',
      'images',
      'images: [{name: "a/tags", tags: [], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /images\[0\]\.name must begin/,
    ],
    [
      'the name of the aliases',
      'images',
      'images: [{name: _aliases, tags: [], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /images\[0\]\.name must begin/,
    ],
    [
      'a name twice',
      'images',
      image('  - name: a\n    tags: []\n    slots: {cpu: 1, mem: 1, gpu: 1}'),
      /line 5: images\[1\]\.name is a, as an earlier one$/,
    ],
    [
      'a tag twice',
      'images',
      'images: [{name: a, tags: [[t, x], [t, z]], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /tags\[1\] is t, as an earlier one$/,
    ],
    [
      'an empty hash',
      'images',
      'images: [{name: a, tags: [[t, ""]], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /tags\[0\]\[1\] must be a hash/,
    ],
    [
      'a tag alias to nothing',
      'images',
      'images: [{name: a, tags: [[t, ":"]], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /tags\[0\]\[1\] must be a hash/,
    ],
    [
      'three in a tag',
      'images',
      'images: [{name: a, tags: [[t, x, z]], slots: {cpu: 1, mem: 1, gpu: 1}}]',
      /tags\[0\] must be a list of two/,
    ],
    ['a key twice', 'images', 'images: []\nimages: []', /line 2: /],
    ['a tag of YAML', 'images', 'images: !!python/object/apply:os.system ["id"]', /line 1: /],
    ['an unknown anchor', 'images', 'images: *none', /anchor.*none/],
    ['an alias of three', 'aliases', 'aliases: [[a, b, c]]', /aliases\[0\] must be a list of two/],
    [
      'an alias twice',
      'aliases',
      'aliases:\n- [a, "b:1"]\n- [a, "b:2"]',
      /line 3: aliases\[1\] says that a is b:2, but an earlier one says b:1$/,
    ],
    ['a circle', 'aliases', 'aliases: [[a, b], [b, c], [c, a]]', /the aliases lead in a circle: a -> b -> c -> a$/],
    ['an alias of itself', 'aliases', 'aliases: [["a:latest", "a:latest"]]', /circle: a:latest -> a:latest$/],
    ['a control character', 'aliases', 'aliases: [["a\\nb", c]]', /aliases\[0\]\[0\] must/],
    [
      'an unknown file system',
      'volumes',
      'volumes: [{name: v, mount: {at: startup, fstype: ext4, path: p, options: o}}]',
      /mount\.fstype must be nfs or cifs$/,
    ],
    [
      'the name of a setting',
      'volumes',
      'volumes: [{name: _mount, mount: {at: startup, fstype: nfs, path: p, options: o}}]',
      /volumes\[0\]\.name must begin/,
    ],
  ];
  it.each(cases)('%s is told with its place', (_name, kind, yaml, message) => {
    expect(() => plan(kind, yaml)).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('too much of it is refused before it is unfolded', () => {
    const laughs = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      laughs.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    expect(() => plan('images', [...laughs, 'images: *a8'].join('\n'))).toThrow(/alias/i);
    for (const deep of ['[', '{', '- ', '? ']) {
      expect(() => plan('images', `images:\n  ${deep.repeat(200_000)}`)).toThrow(
        expect.objectContaining({ code: 'bad-config' }) as Error,
      );
    }
    expect(() => plan('images', ' '.repeat(2 << 20))).toThrow(expect.objectContaining({ code: 'too-large' }) as Error);
    const many = Array.from({ length: 1001 }, (_, i) => `{name: a${i}, tags: [], slots: {cpu: 1, mem: 1, gpu: 1}}`).join(',');
    expect(() => plan('images', `images: [${many}]`)).toThrow(/images has more than 1000 items/);
  });

  it('names of properties are names like others', () => {
    expect(written('aliases', 'aliases: [[__proto__, "a:b"], [constructor, "a:b"]]')).toEqual({
      'images/_aliases/__proto__': 'a:b',
      'images/_aliases/constructor': 'a:b',
    });
    expect(() => plan('images', '__proto__: {images: []}')).toThrow(/images is missing/);
    expect(({} as Record<string, unknown>)['images']).toBeUndefined();
  });
});

describe('what an import would change', () => {
  const keys = {
    ...written('images', PYTHON),
    ...written('aliases', 'aliases: [[python, "python:latest"], [old, "r:3.3-alpine"]]'),
  };

  it('is nothing the second time', () => {
    const again = plan('images', PYTHON, keys);
    expect([again.changes, again.writes, again.unchanged]).toEqual([[], [], 12]);
  });

  it('is shown key by key, and counted', () => {
    const changed = PYTHON.replace('mem: 1.0', 'mem: 2').replace(/ {2}- name: r[^]*/, '');
    const { changes, ...rest } = plan('images', changed, keys, true);
    expect(changes.map(shownChange)).toEqual([
      '~ images/python/mem = 2.00 (was 1.00)',
      '- images/r (was 1)',
      '- images/r/cpu (was 1.00)',
      '- images/r/mem (was 0.30)',
      '- images/r/gpu (was null)',
      '- images/r/tags/3.3-alpine (was fbba576ece80)',
    ]);
    expect(shownCounts({ changes, ...rest })).toBe('0 added, 1 changed, 5 removed, 6 unchanged');
    expect(plan('images', changed, keys).removals).toEqual([]);
  });

  it('removes the aliases of tags with their tags, and never those of the other file', () => {
    expect(plan('images', 'images: []', keys, true).removals.toSorted()).toEqual(
      Object.keys(keys)
        .filter((key) => key !== 'images/_aliases/python' && key !== 'images/_aliases/old')
        .sort(),
    );
    expect(plan('aliases', 'aliases: []', keys, true).removals).toEqual(['images/_aliases/python', 'images/_aliases/old']);
  });

  it('leaves settings of the cluster alone', () => {
    const there = {
      'volumes/_mount': '/mnt',
      'volumes/_fsprefix': 'x',
      'volumes/old/mount/at': 'startup',
      'volumes/old/else': 'y',
    };
    expect(plan('volumes', 'volumes: []', there, true).removals).toEqual(['volumes/old/mount/at']);
  });

  it('is refused when it closes a circle with what is there', () => {
    const there = { 'images/_aliases/b': 'a' };
    expect(() => plan('aliases', 'aliases: [[a, b]]', there)).toThrow(/circle/);
    expect(plan('aliases', 'aliases: [[a, "c:1"]]', there).changes).toHaveLength(1);
    expect(() => plan('aliases', 'aliases: [[a, b]]', there, true)).not.toThrow();
  });

  it('tells no passwords', () => {
    expect(shownValue('volumes/v/mount/options', 'vers=3.0,password=geheim,x=1')).toBe('vers=3.0,password=***,x=1');
    expect(shownValue('nodes/docker_registry/password', 'geheim')).toBe('***');
    expect(shownValue('a', 'two words\u001b[31m')).toBe('"two words\\u001b[31m"');
  });
});

describe('resolving an alias', () => {
  const keys = new Map(
    Object.entries({
      'images/_aliases/python': 'python:latest',
      'images/_aliases/python:latest': 'python:3.6-debian',
      'images/_aliases/loop': 'pool',
      'images/_aliases/pool': 'loop',
      'images/_aliases/julia:latest': 'julia:0.6',
      'images/_aliases/bare': 'python-without-tag',
      'images/python/tags/3.6-debian': 'ca7b',
      'images/julia/tags/0.6': 'd34a',
      'images/lua/tags/latest': 'aaaa',
    }),
  );
  it.each([
    ['python', ['python', 'python:latest', 'python:3.6-debian'], 'ca7b'],
    ['python:3.6-debian', ['python:3.6-debian'], 'ca7b'],
    ['julia', ['julia', 'julia:latest', 'julia:0.6'], 'd34a'],
    ['lua', ['lua', 'lua:latest'], 'aaaa'],
  ])('%s', (name, steps, hash) => expect(resolveAlias(name, keys)).toEqual({ image: steps.at(-1), steps, hash }));

  it.each([
    ['perl', 'no-such-key', /"perl:latest"/],
    ['python:2', 'no-such-key', /"python:2"/],
    ['bare', 'no-such-key', /"python-without-tag" \(bare -> python-without-tag\)/],
    ['loop', 'bad-config', /circle: loop -> pool -> loop/],
  ])('%s is an error', (name, code, message) => {
    expect(() => resolveAlias(name, keys)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });
});
