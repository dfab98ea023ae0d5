import type { Logger } from './log.ts';

/**
 * What nobody caught ends the process at once: its state can't be trusted any more, while dynos and router outlive it and the
 * next start is consistent. Said in the log with its cause, exit status 1. A rejection that nobody handles comes the same way.
 */
export function endOnFatalErrors(log: Logger): AsyncDisposable {
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    try {
      log.fatal({ err: error, origin }, 'unexpected error, the platform ends; apps keep running, start it again');
    } finally {
      process.exit(1);
    }
  };
  process.on('uncaughtException', onError);
  return {
    [Symbol.asyncDispose]: () => {
      process.off('uncaughtException', onError);
      return Promise.resolve();
    },
  };
}
