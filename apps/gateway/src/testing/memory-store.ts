import type { Collection, Condition, Page, Query, Store, Upsert } from '@voltlog/store';

/** A store in memory for the gateway's specs: collections only, the port's words and no more. */
export function memoryStore(): Store {
  const collections = new Map<string, unknown>();
  const unused = (): never => {
    throw new Error('the gateway keeps no streams and no timers');
  };
  return {
    get streams() {
      return unused();
    },
    get timers() {
      return unused();
    },
    collection: <Doc extends { readonly id: string }>(name: string) => {
      const collection = (collections.get(name) as Collection<Doc> | undefined) ?? memoryCollection<Doc>();
      collections.set(name, collection);
      return Promise.resolve(collection);
    },
    swapCollection: unused,
    health: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function memoryCollection<Doc extends { readonly id: string }>(): Collection<Doc> {
  const docs = new Map<string, Doc>();
  const find = (query: Query): Page<Doc> => {
    const [field, direction] = query.sort ?? ['id', 1];
    const all = [...docs.values()]
      .filter((doc) => matches(doc, query.where))
      .sort((a, b) => (keyOf(a, field) < keyOf(b, field) ? -direction : direction));
    const start = query.after === undefined ? 0 : all.findIndex((doc) => doc.id === query.after) + 1;
    const page = all.slice(start, start + query.limit);
    const last = page.at(-1);
    return last === undefined || start + page.length >= all.length ? { docs: page } : { docs: page, next: last.id };
  };
  const write = ({ doc, expectedVersion }: Upsert<Doc>): boolean => {
    const stored: Fields | undefined = docs.get(doc.id);
    if (expectedVersion !== undefined && expectedVersion !== (stored?.['version'] ?? 0)) return false;
    docs.set(doc.id, structuredClone(doc));
    return true;
  };
  return {
    get: (id) => Promise.resolve(docs.get(id)),
    getMany: (ids) => Promise.resolve(new Map(ids.flatMap((id) => docs.get(id) ?? []).map((doc) => [doc.id, doc]))),
    find: (query) => Promise.resolve(find(query)),
    count: (where) => Promise.resolve([...docs.values()].filter((doc) => matches(doc, where)).length),
    upsert: (writes) => Promise.resolve(writes.map(write)),
    delete: (ids) => Promise.resolve(ids.forEach((id) => docs.delete(id))),
    deleteWhere: (where) => {
      const found = [...docs.values()].filter((doc) => matches(doc, where));
      for (const doc of found) docs.delete(doc.id);
      return Promise.resolve(found.length);
    },
  };
}

const keyOf = (doc: Fields, field: string): string => `${String(doc[field])}\n${String(doc['id'])}`;

const matches = (doc: Fields, where: Query['where']): boolean =>
  Object.entries(where ?? {}).every(([field, condition]) => meets(doc[field], condition));

function meets(value: unknown, condition: Condition): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition;
  if ('$exists' in condition) return (value !== undefined) === condition.$exists;
  if ('$in' in condition) return condition.$in.some((each) => each === value);
  if (value === undefined || value === null) return false;
  const text = String(value);
  const { $gt, $gte, $lt, $lte } = condition;
  return !(
    ($gt !== undefined && text <= String($gt)) ||
    ($gte !== undefined && text < String($gte)) ||
    ($lt !== undefined && text >= String($lt)) ||
    ($lte !== undefined && text > String($lte))
  );
}
