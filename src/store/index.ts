export { openStore, type StoreOptions } from './open-store.ts';
export type {
  AccountQueries,
  AppQueries,
  AuthorizationQueries,
  BuildQueries,
  CollaboratorQueries,
  DynoQueries,
  DynoRow,
  FormationQueries,
  ListOptions,
  NewApp,
  NewAuthorization,
  Queries,
  ReleaseQueries,
  SlugQueries,
  Store,
  Transaction,
} from './store.ts';
