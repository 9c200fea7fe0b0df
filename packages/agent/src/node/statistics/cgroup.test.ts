import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupDirectory, parseGroups, parseMounts } from './cgroup.js';

const CID = '02f70f4d8d41094e58fd601eac4f97b8af7681774f7bbb07a587d8bbf5d42551';

/** As recorded on Debian 12 with Docker 20.10 and cgroup v1, the unified hierarchy mounted beside it without controllers. */
const V1 = {
  mounts: parseMounts(`23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`),
  groups: parseGroups(
    `9:name=systemd:/docker/${CID}\n7:blkio:/docker/${CID}\n4:memory:/docker/${CID}\n2:cpuacct:/docker/${CID}\n0::/docker/${CID}\n`,
  ),
};

describe('the directory of a control group', () => {
  it('is found on v1, one mount per controller', () => {
    expect(groupDirectory('cpuacct', V1.groups, V1.mounts)).toEqual({ version: 1, path: `/sys/fs/cgroup/cpuacct/docker/${CID}` });
    expect(groupDirectory('blkio', V1.groups, V1.mounts)).toEqual({ version: 1, path: `/sys/fs/cgroup/blkio/docker/${CID}` });
  });

  it('is found on v1 with systemd and controllers mounted together', () => {
    const mounts = parseMounts('30 23 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n');
    const groups = parseGroups(`4:cpu,cpuacct:/system.slice/docker-${CID}.scope\n`);
    expect(groupDirectory('cpuacct', groups, mounts)).toEqual({
      version: 1,
      path: `/sys/fs/cgroup/cpu,cpuacct/system.slice/docker-${CID}.scope`,
    });
  });

  it('is found on v2', () => {
    const mounts = parseMounts(
      '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n',
    );
    const groups = parseGroups(`0::/system.slice/docker-${CID}.scope\n`);
    for (const controller of ['cpuacct', 'memory', 'blkio']) {
      expect(groupDirectory(controller, groups, mounts)).toEqual({
        version: 2,
        path: `/sys/fs/cgroup/system.slice/docker-${CID}.scope`,
      });
    }
  });

  it('is found in the mount that shows a part of the hierarchy', () => {
    const mounts = parseMounts('30 23 0:26 /docker/outer /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n');
    const at = (path: string) => groupDirectory('memory', parseGroups(`4:memory:${path}\n`), mounts)?.path;
    expect(at('/docker/outer/docker/inner')).toBe('/sys/fs/cgroup/memory/docker/inner');
    expect(at('/docker/outermost')).toBeUndefined();
    expect(at('/docker/other')).toBeUndefined();
  });

  it('is found at a mount point with a blank', () => {
    const mounts = parseMounts('30 23 0:26 / /odd\\040place rw - cgroup cgroup rw,memory\n');
    expect(groupDirectory('memory', V1.groups, mounts)?.path).toBe(`/odd place/docker/${CID}`);
  });

  it.each([
    ['at the top of the hierarchy, where the machine is counted', '4:memory:/\n'],
    ['outside of our namespace', '4:memory:/../other\n'],
    ['in a group with no such controller', '2:cpuacct:/docker/x\n'],
  ])('is missing %s', (_, text) => {
    expect(groupDirectory('memory', parseGroups(text), V1.mounts)).toBeNull();
  });

  it('keeps colons of a path', () => {
    expect(parseGroups('4:memory:/a:b\n').get('memory')).toBe('/a:b');
  });

  it('is a directory or missing, whatever the files hold', () => {
    const piece = fc.constantFrom('4:', 'memory', ':/', '/a', ' - ', 'cgroup', 'cgroup2', ' ', '\n', '\\040', '..', '0::');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, text, (cgroup, mountinfo) => {
        const found = groupDirectory('memory', parseGroups(cgroup), parseMounts(mountinfo));
        expect(found === null || typeof found.path === 'string').toBe(true);
      }),
    );
  });
});
