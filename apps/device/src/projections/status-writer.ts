import { OperatingError } from '@voltlog/kernel';
import { BoundedCache, type Collection } from '@voltlog/store';
import type { StationStatusDoc } from '../store/documents.js';
import { type StatusFact, silent, withFact } from './station-status.js';

/** Statuses kept in memory; what is not is read. */
const STATUSES_MAX = 20_000;
/** Tries to write statuses that another instance writes as well, while partitions move. */
const TRIES_MAX = 5;

/** Keeps the status read model: a batch of facts in one write. */
export class StatusWriter {
  private readonly statuses = new BoundedCache<StationStatusDoc>(STATUSES_MAX);

  constructor(private readonly collection: Collection<StationStatusDoc>) {}

  /** @throws {OperatingError} `ReadModelContended` when others kept writing */
  async write(facts: readonly StatusFact[]): Promise<void> {
    let left = facts;
    for (let tries = 0; left.length > 0; tries += 1) {
      if (tries >= TRIES_MAX) throw new OperatingError('ReadModelContended', 'the status of a station changed too often to be written');
      const missed = await this.writeOnce(left);
      left = missed.size === 0 ? [] : left.filter(({ data }) => missed.has(data.stationId));
    }
  }

  /** The stations whose status was written elsewhere in between. */
  private async writeOnce(facts: readonly StatusFact[]): Promise<ReadonlySet<string>> {
    const before = await this.load(facts);
    const after = new Map<string, StationStatusDoc>();
    for (const fact of facts) {
      const { stationId } = fact.data;
      const status = after.get(stationId) ?? before.get(stationId) ?? silent(stationId);
      const next = withFact(status, fact);
      if (next !== status) after.set(stationId, next);
    }
    const writes = [...after.values()].map((doc) => ({ doc: { ...doc, version: doc.version + 1 }, expectedVersion: doc.version }));
    if (writes.length === 0) return new Set();
    const written = await this.collection.upsert(writes);
    const missed = new Set<string>();
    for (const [index, { doc }] of writes.entries()) {
      if (written[index] === true) this.statuses.set(doc.id, doc);
      else {
        this.statuses.delete(doc.id);
        missed.add(doc.id);
      }
    }
    return missed;
  }

  private async load(facts: readonly StatusFact[]): Promise<ReadonlyMap<string, StationStatusDoc>> {
    const found = new Map<string, StationStatusDoc>();
    const missing = new Set<string>();
    for (const { data } of facts) {
      const status = this.statuses.get(data.stationId);
      if (status === undefined) missing.add(data.stationId);
      else found.set(data.stationId, status);
    }
    if (missing.size > 0) for (const [stationId, status] of await this.collection.getMany([...missing])) found.set(stationId, status);
    return found;
  }
}
