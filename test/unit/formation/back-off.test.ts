import { expect, it } from '@jest/globals';
import { backOff } from '../../../src/formation/back-off.ts';
import { defaultLimits } from '../../../src/formation/index.ts';

const minute = 60_000;

it.each([
  { before: 0, uptime: 0, crashes: 1, minutes: 0 },
  { before: 1, uptime: 0, crashes: 2, minutes: 10 },
  { before: 2, uptime: 9 * minute, crashes: 3, minutes: 20 },
  { before: 3, uptime: 0, crashes: 4, minutes: 40 },
  { before: 8, uptime: 0, crashes: 9, minutes: 1_280 },
  { before: 9, uptime: 0, crashes: 10, minutes: 1_440 },
  { before: 5_000, uptime: 0, crashes: 5_001, minutes: 1_440 },
  { before: 4, uptime: 11 * minute, crashes: 0, minutes: 0 },
])('waits $minutes minutes after $before crashes and $uptime ms', ({ before, uptime, crashes, minutes }) => {
  expect(backOff(before, uptime, defaultLimits.crash)).toEqual({ crashes, delayMs: minutes * minute });
});
