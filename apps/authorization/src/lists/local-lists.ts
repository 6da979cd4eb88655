import { fitsVersion, type ListLimits, type ListMessage, planList } from '@voltlog/authorization-domain';
import { isoTime } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections, LocalListDoc } from '../store/documents.js';
import type { Sites } from '../store/sites.js';
import type { ListBounds } from './list-bounds.js';
import { readLimits, versionIn } from './station-lists.js';
import { TokenScan } from './token-scan.js';

const { CommandStatus } = connectionV1;

/** Kind of the timer that brings a station's list into step. */
export const LOCAL_LIST = 'AuthorizationLocalList';

/** What that timer is about. */
interface Payload {
  readonly stationId: string;
  readonly full: boolean;
  /** Tries that failed so far. */
  readonly attempt: number;
  /** A token begins to count: a timer of its own, so that it does not take the place of a change that came meanwhile. */
  readonly begins?: true;
}

/** More tokens than any station keeps; reading on would only find out by how much. */
const ENTRIES_MAX = 5_000;
/** A change is often followed by others: they are sent together, milliseconds. */
const GATHER_MS = 1_000;
/** Tries before it is left until the next change, or until the station comes back. */
const ATTEMPTS_MAX = 6;
const RETRY_FIRST_MS = 5_000;
/** A station has to be read out and sent several messages; long enough for all of it. */
const LEASE_MS = 300_000;
const COMMAND_MS = 15_000;

export interface LocalListsParts {
  readonly contracts: ContractRepository;
  readonly sites: Sites;
  readonly collections: Pick<Collections, 'tokens' | 'localLists'>;
  readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection'>;
  readonly bounds: Pick<ListBounds, 'of'>;
  /** Its members may start nothing, so they are on no list. */
  readonly masterPassGroup: string | undefined;
}

/** Thrown where a station did not do as told; tried again later. */
class NotNow extends Error {}

/**
 * The local lists of stations: what each should have, what it was sent, and what it last said. What is wanted survives a restart as a
 * durable timer and a document; accepted is not happened, so the station is asked for its version after each sending.
 */
export class LocalLists {
  private readonly loop: TimerLoop;
  private readonly scan: TokenScan;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: LocalListsParts,
  ) {
    this.scan = new TokenScan(context, { ...parts, entriesMax: ENTRIES_MAX });
    this.loop = new TimerLoop({
      timers: context.store.timers,
      kind: LOCAL_LIST,
      clock: context.clock,
      logger: context.logger,
      leaseMs: LEASE_MS,
      limit: 16,
      handle: (timer) => this.handle(timer),
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  hurry(): void {
    this.loop.hurry();
  }

  /** True where the site of a station wants lists. */
  isWanted(siteId: string): boolean {
    return this.parts.sites.policyOf(siteId)?.localLists === true;
  }

  /** Those of the stations that are to have a list, or have one that is still to be taken from them. */
  async concerned(stationIds: readonly string[]): Promise<readonly string[]> {
    const { sites, collections } = this.parts;
    const docs = await collections.localLists.getMany(stationIds);
    const siteOf = sites.withLists().length === 0 ? undefined : await sites.load(stationIds);
    return stationIds.filter((stationId) => {
      const state = docs.get(stationId)?.state ?? 'Off';
      return this.isWanted(siteOf?.get(stationId) ?? '') || (state !== 'Off' && state !== 'NotSupported');
    });
  }

  /** Looks at these stations soon; one that is to be looked at sooner stays so, however many changes come. */
  async soon(stationIds: Iterable<string>, full = false, afterMs = GATHER_MS): Promise<void> {
    const dueAt = isoTime(this.context.clock.now() + afterMs);
    const timers = [...stationIds].map((stationId) => timerOf({ stationId, full, attempt: 0 }, dueAt));
    const { timers: store } = this.context.store;
    await (full ? store.schedule(timers) : store.scheduleNoLater(timers));
    if (afterMs === 0) this.loop.hurry();
  }

  /** Looks at a station: builds its list, asks what it has, sends what differs. */
  async handle(timer: Timer): Promise<void> {
    const { stationId, full, attempt, begins } = timer.payload as Payload;
    if (begins === true) return this.soon([stationId], false, 0);
    const siteId = (await this.parts.sites.load([stationId])).get(stationId) ?? '';
    const before = await this.parts.collections.localLists.get(stationId);
    const isOn = this.isWanted(siteId);
    if (!isOn && (before === undefined || before.state === 'Off')) return;
    try {
      await this.sync({ stationId, siteId, isOn, full }, before);
    } catch (error) {
      if (!(error instanceof NotNow)) throw error;
      await this.failed({ stationId, full, attempt: attempt + 1 }, error.message);
    }
  }

  private async sync(
    what: { readonly stationId: string; readonly siteId: string; readonly isOn: boolean; readonly full: boolean },
    before: LocalListDoc | undefined,
  ): Promise<void> {
    const { stationId, isOn } = what;
    const { connection } = await this.parts.connection.getConnection({ stationId });
    const ocppVersion = connection?.ocppVersion ?? '';
    const { entries, changesAt } = isOn
      ? await this.scan.wanted({ stationId, siteId: what.siteId })
      : { entries: [], changesAt: undefined };
    const wanted = entries.filter((entry) => fitsVersion(entry, ocppVersion));
    const known = { ...(before ?? NEW), id: stationId, wantedEntries: isOn ? wanted.length : 0 };
    // It is looked at again once it connects.
    if (connection?.connected !== true) return this.write({ ...known, state: 'Pending', reason: 'the station is not connected' });
    const stationVersion = await this.versionOf(stationId);
    if (stationVersion === undefined) return this.write({ ...known, state: 'NotSupported', reason: 'the station keeps no local lists' });
    const entriesReported = await this.parts.bounds.of(stationId);
    const limits = await readLimits(this.parts.connection, { stationId, ocppVersion }, { entriesMax: ENTRIES_MAX, entriesReported });
    const plan = planList({ wanted, sent: before?.sent, stationVersion, limits, full: what.full });
    const messages = plan.kind === 'InStep' ? [] : plan.messages;
    const listed = plan.kind === 'TooLarge' ? plan.entries : wanted;
    if (messages.length > 0) await this.send(messages, { ...known, stationVersion }, limits);
    const listVersion = messages.at(-1)?.listVersion ?? stationVersion;
    const said = messages.length > 0 ? await this.versionOf(stationId) : stationVersion;
    // OCPP 1.6 §3.5.2, 2.0.1 Part 2 D02: a list without an entry may be told as none.
    if (said !== listVersion && !(said === 0 && listed.length === 0))
      throw new NotNow('the station accepted the list and says another version');
    const standing = plan.kind === 'TooLarge' ? plan.kind : isOn ? 'InStep' : 'Off';
    await this.write({
      ...known,
      sent: { listVersion, entries: listed },
      wantedVersion: listVersion,
      stationVersion: said,
      state: standing,
      reason: plan.kind === 'TooLarge' ? plan.reason : '',
    });
    if (changesAt !== undefined)
      await this.context.store.timers.schedule([timerOf({ stationId, full: false, attempt: 0, begins: true }, changesAt)]);
  }

  /** Sends in order; what a station was sent in part is no list that is known, so the next try sends all of it. */
  private async send(messages: readonly ListMessage[], doc: LocalListDoc, limits: ListLimits): Promise<void> {
    const wantedVersion = messages.at(-1)?.listVersion ?? doc.wantedVersion;
    const { sent: _, ...rest } = doc;
    await this.write({
      ...rest,
      wantedVersion,
      state: 'Sending',
      reason: `${messages.length} messages of at most ${limits.itemsPerMessage}`,
    });
    for (const message of messages) {
      const value = { listVersion: message.listVersion, differential: message.differential, entries: toEntries(message) };
      const { status, stationStatus, reason } = await this.parts.connection.sendCommand({
        stationId: doc.id,
        timeoutMs: COMMAND_MS,
        command: { $case: 'sendLocalList', value },
      });
      if (status !== CommandStatus.ACCEPTED) throw new NotNow(reason || `the station answered ${stationStatus || status}`);
    }
  }

  /** undefined: it keeps no lists. */
  private async versionOf(stationId: string): Promise<number | undefined> {
    const answer = await this.parts.connection.sendCommand({
      stationId,
      timeoutMs: COMMAND_MS,
      command: { $case: 'getLocalListVersion', value: {} },
    });
    if (answer.status === CommandStatus.NOT_SUPPORTED) return undefined;
    if (answer.status !== CommandStatus.ACCEPTED) throw new NotNow(answer.reason || 'the station did not tell the version of its list');
    return versionIn(answer.responseJson);
  }

  private async failed(payload: Payload, reason: string): Promise<void> {
    const { stationId, attempt } = payload;
    const doc = (await this.parts.collections.localLists.get(stationId)) ?? { ...NEW, id: stationId };
    const isLast = attempt >= ATTEMPTS_MAX;
    await this.write({ ...doc, state: isLast ? 'Failed' : 'Pending', reason });
    if (isLast) return;
    const dueAt = isoTime(this.context.clock.now() + RETRY_FIRST_MS * 2 ** (attempt - 1));
    // Whatever it took of what was sent: all of it, next time.
    await this.context.store.timers.schedule([timerOf({ ...payload, full: true }, dueAt)]);
  }

  private async write(doc: LocalListDoc): Promise<void> {
    await this.parts.collections.localLists.upsert([{ doc: { ...doc, updatedAt: isoTime(this.context.clock.now()) } }]);
  }
}

const NEW: Omit<LocalListDoc, 'id'> = { wantedVersion: 0, wantedEntries: 0, state: 'Pending', reason: '', updatedAt: '' };

/** Has all of a list sent anew: what the station has is not known any more. */
export const fullSyncOf = (stationId: string, dueAt: string): Timer => timerOf({ stationId, full: true, attempt: 0 }, dueAt);

const timerOf = (payload: Payload, dueAt: string): Timer => ({
  id: payload.begins === true ? `${LOCAL_LIST}:${payload.stationId}:begins` : `${LOCAL_LIST}:${payload.stationId}`,
  kind: LOCAL_LIST,
  dueAt,
  payload,
});

const toEntries = ({ entries, removed }: ListMessage): connectionV1.LocalListEntry[] => [
  ...entries.map(({ idToken, type, groupId, expiresAt }) => ({
    idToken: { idToken, type },
    status: 'Accepted',
    groupId: groupId ?? '',
    cacheExpiresAt: expiresAt,
  })),
  ...removed.map(({ idToken, type }) => ({ idToken: { idToken, type }, status: '', groupId: '', cacheExpiresAt: undefined })),
];
