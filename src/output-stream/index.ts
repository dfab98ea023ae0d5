export { OutputStreams } from './output-streams.ts';
export type { StreamReading } from './read-stream.ts';
