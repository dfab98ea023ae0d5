import type { LogFilter } from '../model/log.ts';
import type { Frame } from './frame.ts';

/** For each origin of the frame, whether its lines pass. `web` passes `web.1`; source and process must both pass. */
export function matchOrigins(frame: Frame, filter: LogFilter): readonly boolean[] {
  return frame.origins.map(
    ({ source, process }) =>
      (filter.source === undefined || filter.source === source) &&
      (filter.process === undefined || filter.process === process || process.startsWith(`${filter.process}.`)),
  );
}
