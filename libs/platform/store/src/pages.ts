import type { Collection, Page, Query } from './store.js';

/** All pages of a query, one after the other. Each is read once the one before was worked on: what changes meanwhile may be in it, or not. */
export async function* pages<Doc extends { readonly id: string }>(
  collection: Pick<Collection<Doc>, 'find'>,
  query: Omit<Query, 'after'>,
): AsyncGenerator<readonly Doc[], void, undefined> {
  for (let after: string | undefined; ; ) {
    const page: Page<Doc> = await collection.find({ ...query, ...(after === undefined ? {} : { after }) });
    yield page.docs;
    if (page.next === undefined) return;
    after = page.next;
  }
}
