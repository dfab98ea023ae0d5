export type {
  AppFolder,
  HostCommand,
  Mount,
  RunInSandbox,
  RunOptions,
  RunResult,
  Sandbox,
  SandboxedCommand,
  SandboxRung,
} from './types.ts';
