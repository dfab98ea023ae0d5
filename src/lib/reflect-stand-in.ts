/**
 * The three functions of the Reflect metadata proposal that @peculiar/x509's container asks for when it is loaded.
 * Nothing that we use stores metadata, so a small table does. Import it before that package.
 */
interface MetadataReflect {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

const metadata = new WeakMap<object, Map<unknown, unknown>>();
const reflect = Reflect as MetadataReflect;
const read = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);

reflect.getMetadata ??= read;
reflect.getOwnMetadata ??= read;
reflect.defineMetadata ??= (key, value, target) => {
  const entries = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, entries.set(key, value));
};
