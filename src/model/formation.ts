import type { AppId, ProcessType } from './ids.ts';

/** Heroku's size names, lower case. Source: https://devcenter.heroku.com/articles/dyno-types */
export type DynoSizeName = 'eco' | 'basic' | 'standard-1x' | 'standard-2x' | 'performance-m' | 'performance-l';

export interface DynoSize {
  readonly name: DynoSizeName;
  /** As clients show it: `Basic`, `Standard-1X`. */
  readonly label: string;
  readonly memoryMb: number;
  readonly processLimit: number;
  /** Part of the processors when they are contended, in Standard-1X dynos. */
  readonly cpuShare: number;
}

export const dynoSizes: readonly DynoSize[] = [
  { name: 'eco', label: 'Eco', memoryMb: 512, processLimit: 256, cpuShare: 1 },
  { name: 'basic', label: 'Basic', memoryMb: 512, processLimit: 256, cpuShare: 1 },
  { name: 'standard-1x', label: 'Standard-1X', memoryMb: 512, processLimit: 256, cpuShare: 1 },
  { name: 'standard-2x', label: 'Standard-2X', memoryMb: 1024, processLimit: 512, cpuShare: 2 },
  { name: 'performance-m', label: 'Performance-M', memoryMb: 2560, processLimit: 16_384, cpuShare: 12 },
  { name: 'performance-l', label: 'Performance-L', memoryMb: 14_336, processLimit: 32_768, cpuShare: 50 },
];

export const defaultDynoSize: DynoSizeName = 'basic';

/** How many dynos of one process type are wanted. Survives deploys; a type that leaves the Procfile leaves the formation. */
export interface FormationEntry {
  readonly appId: AppId;
  readonly type: ProcessType;
  /** 0 to 100. */
  readonly quantity: number;
  readonly size: DynoSizeName;
  /** Identifies the entry to API clients; stable while the type exists. */
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
