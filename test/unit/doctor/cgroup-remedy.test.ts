import { expect, it } from '@jest/globals';
import { cgroupRemedy, type CgroupTrouble } from '../../../src/cli/doctor/cgroup-remedy.ts';

const denied = "EACCES: permission denied, mkdir '/sys/fs/cgroup/hokku-0123456789ab'";
const busy = 'EBUSY: resource busy or locked, write';
const readOnly = "EROFS: read-only file system, mkdir '/sys/fs/cgroup/hokku-0123456789ab'";

const cases: readonly (readonly [string, CgroupTrouble, RegExp])[] = [
  ['nothing mounted', { isRoot: true, versions: [], fault: null }, /^Mount cgroup2/],
  ['a controller switched off', { isRoot: true, versions: [2], fault: null }, /cgroup_enable=memory/],
  ['a container', { isRoot: true, versions: [2], fault: readOnly }, /Give the container a writable/],
  ['a group with processes', { isRoot: true, versions: [2], fault: busy }, /start it one below .*DelegateSubgroup=/],
  ['an ordinary user, version 2', { isRoot: false, versions: [2], fault: denied }, /Delegate=yes.*KillMode=process/],
  ['an ordinary user, mixed', { isRoot: false, versions: [1, 1, 2], fault: denied }, /Delegate=yes/],
  ['an ordinary user, version 1', { isRoot: false, versions: [1, 1], fault: denied }, /as root: groups of version 1/],
  ['a root who may not', { isRoot: true, versions: [1], fault: denied }, /root of the machine/],
];

it.each(cases)('says what to do about %s', (_name, trouble, remedy) => {
  expect(cgroupRemedy(trouble)).toMatch(remedy);
});
