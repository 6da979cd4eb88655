import { bootAnswer, connectorsPerEvse, NO_SECURITY, type Template } from '@voltlog/device-domain';
import { deviceV1 } from '@voltlog/proto';
import { BoundedCache } from '@voltlog/store';
import type { Collections, StationDoc } from './documents.js';

const LIFECYCLES: Readonly<Record<StationDoc['lifecycle'], deviceV1.StationLifecycle>> = {
  Active: deviceV1.StationLifecycle.ACTIVE,
  Quarantined: deviceV1.StationLifecycle.QUARANTINED,
  Retired: deviceV1.StationLifecycle.RETIRED,
};

interface Remembered {
  readonly access: deviceV1.StationAccess;
  readonly doc: StationDoc;
}

/**
 * Stations as the read model has them, in a bounded memory: asked for by the connection service when ten thousand come back at once, and
 * compared with what each says of itself when it boots. What is not registered is not remembered.
 */
export class StationMemory {
  private readonly cache: BoundedCache<Remembered>;
  /** Stations that changed elsewhere while a read was under way. */
  private readonly changedMeanwhile = new Set<string>();
  private loads = 0;
  private templates: () => readonly Template[] = () => [];

  constructor(
    private readonly collections: Collections,
    options: { readonly stationsInMemoryMax: number },
  ) {
    this.cache = new BoundedCache(options.stationsInMemoryMax);
  }

  get size(): number {
    return this.cache.size;
  }

  /** What boots are answered by, where nothing was decided for the station alone. */
  useTemplates(templates: () => readonly Template[]): void {
    this.templates = templates;
  }

  /** Access data of those that are known, in no order. */
  async access(stationIds: readonly string[]): Promise<deviceV1.StationAccess[]> {
    const found: deviceV1.StationAccess[] = [];
    let missing: string[] | undefined;
    for (const stationId of stationIds) {
      const remembered = this.cache.get(stationId);
      if (remembered !== undefined) found.push(this.withBoot(remembered));
      else if (missing === undefined) missing = [stationId];
      else missing.push(stationId);
    }
    if (missing !== undefined) for (const remembered of (await this.load(missing)).values()) found.push(this.withBoot(remembered));
    return found;
  }

  /** With what a boot is answered; where no template says anything about it this costs nothing. */
  private withBoot({ access, doc }: Remembered): deviceV1.StationAccess {
    const boot = bootAnswer(doc, this.templates());
    return boot === undefined ? access : { ...access, bootStatus: boot.status, bootIntervalSeconds: boot.intervalSeconds };
  }

  /** What memory holds of a station. */
  peek(stationId: string): StationDoc | undefined {
    return this.cache.get(stationId)?.doc;
  }

  /** Stations that are known, read where memory does not hold them. */
  async docs(stationIds: readonly string[]): Promise<ReadonlyMap<string, StationDoc>> {
    const docs = new Map<string, StationDoc>();
    const missing: string[] = [];
    for (const stationId of stationIds) {
      const doc = this.peek(stationId);
      if (doc === undefined) missing.push(stationId);
      else docs.set(stationId, doc);
    }
    if (missing.length > 0) for (const [stationId, { doc }] of await this.load(missing)) docs.set(stationId, doc);
    return docs;
  }

  /**
   * Those for which templates count: not one that somebody has yet to accept, since it may be another than it says. One that seems to be in
   * quarantine is read anew, for another instance may have accepted it.
   */
  async outOfQuarantine(stationIds: readonly string[]): Promise<ReadonlyMap<string, StationDoc>> {
    const docs = new Map(await this.docs(stationIds));
    const held = [...docs.values()].filter(isHeld).map(({ id }) => id);
    if (held.length === 0) return docs;
    for (const stationId of held) {
      this.forget(stationId);
      docs.delete(stationId);
    }
    for (const [stationId, doc] of await this.docs(held)) if (!isHeld(doc)) docs.set(stationId, doc);
    return docs;
  }

  remember(doc: StationDoc): Remembered {
    const known = this.cache.get(doc.id);
    if (known !== undefined && known.doc.version >= doc.version) return known;
    const remembered = { doc, access: toAccess(doc) };
    if (!this.changedMeanwhile.has(doc.id)) this.cache.set(doc.id, remembered);
    return remembered;
  }

  /** A station changed in another instance: it is read anew when it is next asked for. */
  forget(stationId: string): void {
    this.cache.delete(stationId);
    if (this.loads > 0) this.changedMeanwhile.add(stationId);
  }

  private async load(stationIds: readonly string[]): Promise<ReadonlyMap<string, Remembered>> {
    this.loads += 1;
    try {
      const docs = await this.collections.stations.getMany(stationIds);
      const found = new Map<string, Remembered>();
      for (const doc of docs.values()) found.set(doc.id, this.remember(doc));
      return found;
    } finally {
      this.loads -= 1;
      if (this.loads === 0) this.changedMeanwhile.clear();
    }
  }
}

const isHeld = ({ lifecycle }: StationDoc): boolean => lifecycle === 'Quarantined';

function toAccess(doc: StationDoc): deviceV1.StationAccess {
  const { securityProfileMin, revoked, offered } = doc.security ?? NO_SECURITY;
  return {
    stationId: doc.id,
    lifecycle: LIFECYCLES[doc.lifecycle],
    passwordHash: doc.passwordHash,
    connectorsPerEvse: [...connectorsPerEvse(doc.evses)],
    siteId: doc.siteId,
    securityProfileMin,
    serialNumber: doc.serialNumber,
    revokedCertificates: [...revoked],
    offeredPasswordHash: offered?.passwordHash ?? '',
    offeredChangeId: offered?.changeId ?? '',
    vendor: doc.vendor,
    model: doc.model,
    firmwareVersion: doc.firmwareVersion,
    quirksOn: [...(doc.quirks?.on ?? [])],
    quirksOff: [...(doc.quirks?.off ?? [])],
  };
}
