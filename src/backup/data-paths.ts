/** Of a data folder: what a backup holds. */
export interface DataPaths {
  readonly root: string;
  readonly repos: string;
  readonly slugs: string;
  readonly sources: string;
  readonly streams: string;
  readonly logs: string;
  readonly tls: string;
  /** Not held: who keeps collection away. */
  readonly holds: string;
}
