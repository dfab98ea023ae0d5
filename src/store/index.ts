export { openStore, type StoreOptions } from './open-store.ts';
export type {
  AccountQueries,
  AppQueries,
  AppSetupQueries,
  BuildQueries,
  DynoQueries,
  DynoRow,
  FormationQueries,
  ListOptions,
  NewApp,
  Queries,
  ReleaseQueries,
  SlugQueries,
  Store,
  TokenRow,
  Transaction,
} from './store.ts';
