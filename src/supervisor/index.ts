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
export { noSandbox } from './no-sandbox.ts';
export { openRelay } from './open-relay.ts';
export { probeSandbox } from './probe-sandbox.ts';
export { SandboxUnavailableError } from './sandbox-unavailable-error.ts';
export { runInNetwork } from './run-in-network.ts';
export { runInSandbox } from './run-in-sandbox.ts';
export { SpoolReader, type SpoolChunk } from './spool-reader.ts';
export { startAttached, type AttachedCommand } from './start-attached.ts';
export { startSupervisor } from './start-supervisor.ts';
