import { expect, it } from '@jest/globals';
import { parseHierarchies } from '../../../src/cgroup/index.ts';

const mountOf = (point: string, type: string, options: string, root = '/'): string =>
  `35 24 0:30 ${root} ${point} rw,nosuid,nodev,noexec,relatime shared:9 - ${type} ${type} ${options}\n`;
const service = '/system.slice/hokku.service';

it('finds the groups of version 1, each where it is mounted', () => {
  const found = parseHierarchies({
    own: `9:memory:${service}\n4:cpu,cpuacct:/\n3:pids:${service}\n1:name=systemd:${service}\n`,
    mounts:
      '24 1 254:0 / / rw - ext4 /dev/vda rw\n' +
      mountOf('/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd') +
      mountOf('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct') +
      mountOf('/sys/fs/cgroup/memory', 'cgroup', 'rw,memory') +
      mountOf('/sys/fs/cgroup/pids', 'cgroup', 'rw,pids'),
    controllersAt: () => '',
  });

  const at = '/sys/fs/cgroup';
  expect(found).toEqual([
    { version: 1, controllers: ['cpu'], bases: [`${at}/cpu,cpuacct`] },
    { version: 1, controllers: ['memory'], bases: [`${at}/memory`, `${at}/memory${service}`] },
    { version: 1, controllers: ['pids'], bases: [`${at}/pids`, `${at}/pids${service}`] },
  ]);
});

it('finds those of version 2, with the delegated group above the one that the platform is in', () => {
  const [only, ...others] = parseHierarchies({
    own: `0::/user.slice/user-1000.slice/user@1000.service/app.slice/hokku.service/platform\n`,
    mounts: mountOf('/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate,memory_recursiveprot'),
    controllersAt: (point) => (point === '/sys/fs/cgroup' ? 'cpuset cpu io memory pids\n' : ''),
  });

  const delegated = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/hokku.service';
  expect(others).toEqual([]);
  expect(only).toEqual({
    version: 2,
    controllers: ['memory', 'pids', 'cpu'],
    bases: ['/sys/fs/cgroup', `${delegated}/platform`, delegated],
  });
});

it('takes each controller once on a mixed machine, and sees a container’s own part of the tree only', () => {
  const found = parseHierarchies({
    own: '5:memory:/docker/abc\n0::/docker/abc\n',
    mounts:
      mountOf('/sys/fs/cgroup/unified', 'cgroup2', 'rw,nsdelegate') +
      mountOf('/sys/fs/cgroup/memory', 'cgroup', 'ro,memory', '/docker/abc') +
      mountOf('/sys/fs/cgroup/pids', 'cgroup', 'rw,pids', '/docker/abcdef'),
    controllersAt: () => 'hugetlb pids\n',
  });

  expect(found).toEqual([
    {
      version: 2,
      controllers: ['pids'],
      bases: ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/unified/docker/abc', '/sys/fs/cgroup/unified/docker'],
    },
    { version: 1, controllers: ['memory'], bases: ['/sys/fs/cgroup/memory'] },
  ]);
  expect(parseHierarchies({ own: '', mounts: '', controllersAt: () => '' })).toEqual([]);
});
