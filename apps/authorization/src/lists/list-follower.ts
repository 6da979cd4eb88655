import {
  CONTRACT_TOPIC,
  type ContractChanged,
  type ContractEventType,
  POLICY_TOPIC,
  type PolicyEvents,
  TOKEN_TOPIC,
  type TokenChanged,
  type TokenEventType,
} from '@voltlog/authorization-contract';
import { tokenKey } from '@voltlog/authorization-domain';
import { STATION_TOPIC, type StationFactType } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, type DeviceEventType } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections } from '../store/documents.js';
import type { Sites } from '../store/sites.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { CacheClearing } from './cache-clearing.js';
import type { LocalLists } from './local-lists.js';

const TYPES: readonly (TokenEventType | ContractEventType | keyof PolicyEvents | DeviceEventType | StationFactType)[] = [
  'voltlog.authorization.TokenRegistered.v1',
  'voltlog.authorization.TokenChanged.v1',
  'voltlog.authorization.ContractRegistered.v1',
  'voltlog.authorization.ContractChanged.v1',
  'voltlog.authorization.AuthorizationPolicyChanged.v1',
  'voltlog.device.StationRegistered.v1',
  'voltlog.device.StationChanged.v1',
  'voltlog.connection.StationConnected.v1',
];
const PAGE = 500;
/** Tokens of a contract that are looked for in caches when it changes. */
const TOKENS_MAX = 500;
/** A station that has just come back gets its boot answered first, milliseconds. */
const SETTLE_MS = 3_000;

/** Sees what changes the lists of stations, and what must leave their caches. */
export class ListFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: {
      readonly lists: LocalLists;
      readonly caches: CacheClearing;
      readonly tokens: Pick<TokenRepository, 'changed'>;
      readonly contracts: Pick<ContractRepository, 'changed'>;
      readonly sites: Sites;
      readonly collections: Pick<Collections, 'stations' | 'tokens'>;
    },
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: 'authorization-local-lists',
      topics: [TOKEN_TOPIC, CONTRACT_TOPIC, POLICY_TOPIC, DEVICE_TOPIC, STATION_TOPIC],
      types: TYPES,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const connected: string[] = [];
    const moved: string[] = [];
    /** Sites whose policy changed; empty: that of all sites. */
    const sites = new Set<string>();
    let tokensChanged = false;
    const narrowed = new Set<string>();
    for (const { topic, key, event } of batch) {
      if (topic === STATION_TOPIC) connected.push(key);
      else if (topic === DEVICE_TOPIC) moved.push(key);
      else if (topic === POLICY_TOPIC) sites.add(key === '*' ? '' : key);
      else {
        tokensChanged = true;
        (topic === TOKEN_TOPIC ? this.parts.tokens : this.parts.contracts).changed(event);
        for (const each of await this.tokensOf(topic, event.data as TokenChanged | ContractChanged)) narrowed.add(each);
      }
    }
    if (narrowed.size > 0) await this.parts.caches.review([...narrowed]);
    if (connected.length > 0) await this.parts.lists.soon(await this.parts.lists.concerned([...new Set(connected)]), false, SETTLE_MS);
    if (moved.length > 0) await this.parts.lists.soon(await this.affected(moved));
    for (const siteId of tokensChanged ? new Set([...sites, ...this.parts.sites.withLists()]) : sites) await this.soonAt(siteId);
  }

  /** Of stations that came or moved: where they are now may not be known yet, so all of them as soon as some site wants lists. */
  private async affected(stationIds: readonly string[]): Promise<readonly string[]> {
    return this.parts.sites.withLists().length > 0 ? stationIds : this.parts.lists.concerned(stationIds);
  }

  /** Every station of a site; of all sites when it is empty. */
  private async soonAt(siteId: string): Promise<void> {
    for (let after: string | undefined; ; ) {
      const page = await this.parts.collections.stations.find({
        ...(siteId === '' ? {} : { where: { siteId } }),
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      await this.parts.lists.soon(page.docs.map(({ id }) => id));
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  /** Keys of the tokens that after an event may charge no more, or not everywhere, or not for long. */
  private async tokensOf(topic: string, data: TokenChanged | ContractChanged): Promise<readonly string[]> {
    const { caches } = this.parts;
    if (topic === TOKEN_TOPIC)
      return caches.mayEnd(data) || data.contractId !== undefined ? [tokenKey((data as TokenChanged).idToken)] : [];
    if (!caches.mayEnd(data)) return [];
    const { contractId } = data as ContractChanged;
    const { docs } = await this.parts.collections.tokens.find({ where: { contractId }, limit: TOKENS_MAX });
    return docs.map(({ id }) => id);
  }
}
