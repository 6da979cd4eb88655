import type { Collection, Page } from './store.js';

/** How documents of a collection are written: smaller than they are shown. */
export interface Packing<Doc, Stored> {
  pack(doc: Doc): Stored;
  /** Takes also what older programs wrote. */
  unpack(stored: Stored): Doc;
}

/** A collection whose documents are stored packed. What its queries name has to be told by the stored ones too. */
export function packedCollection<Doc extends { readonly id: string }, Stored extends { readonly id: string }>(
  stored: Collection<Stored>,
  { pack, unpack }: Packing<Doc, Stored>,
): Collection<Doc> {
  return {
    async get(id) {
      const found = await stored.get(id);
      return found === undefined ? undefined : unpack(found);
    },
    async getMany(ids) {
      return new Map([...(await stored.getMany(ids))].map(([id, found]) => [id, unpack(found)]));
    },
    async find(query): Promise<Page<Doc>> {
      const page = await stored.find(query);
      return { ...page, docs: page.docs.map(unpack) };
    },
    count: (where) => stored.count(where),
    upsert: (writes) => stored.upsert(writes.map((write) => ({ ...write, doc: pack(write.doc) }))),
    delete: (ids) => stored.delete(ids),
    deleteWhere: (where) => stored.deleteWhere(where),
  };
}
