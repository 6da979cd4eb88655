import { faultOf, groupOf, type KnownToken, type ListEntry } from '@voltlog/authorization-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import type { ContractRepository } from '../store/contract-repository.js';
import { type Collections, toKnownToken } from '../store/documents.js';

const PAGE = 500;

/** Whose list it is. */
export interface ListPlace {
  readonly stationId: string;
  readonly siteId: string;
}

/** The tokens that may charge at a station now, and when that changes by itself. */
export interface WantedList {
  readonly entries: readonly ListEntry[];
  readonly changesAt: string | undefined;
}

interface Waiting {
  readonly at: ListPlace;
  resolve(wanted: WantedList): void;
  reject(error: unknown): void;
}

interface Building {
  readonly at: ListPlace;
  readonly entries: ListEntry[];
  changesAt: string | undefined;
}

/**
 * Reads through the active tokens for the lists of stations: one reading at a time, for all stations that wait as it begins, since a change
 * of one token concerns every list.
 */
export class TokenScan {
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'clock'>,
    private readonly parts: {
      readonly contracts: ContractRepository;
      readonly collections: Pick<Collections, 'tokens'>;
      readonly masterPassGroup: string | undefined;
      /** More than any station keeps; reading on would only find out by how much. */
      readonly entriesMax: number;
    },
  ) {}

  wanted(at: ListPlace): Promise<WantedList> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ at, resolve, reject });
      this.running ??= this.run();
    });
  }

  private async run(): Promise<void> {
    // Those that are looked at in the same turn are read for together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const round = this.waiting;
      this.waiting = [];
      try {
        const lists = await this.read(round.map(({ at }) => at));
        for (const [i, { resolve }] of round.entries()) resolve(lists[i] as Building);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    this.running = undefined;
  }

  private async read(places: readonly ListPlace[]): Promise<readonly Building[]> {
    const now = isoTime(this.context.clock.now());
    const lists = places.map((at): Building => ({ at, entries: [], changesAt: undefined }));
    for (let after: string | undefined; ; ) {
      const page = await this.parts.collections.tokens.find({
        where: { status: 'Active' },
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      const contractIds = [...new Set(page.docs.flatMap(({ contractId }) => contractId ?? []))];
      const contracts = contractIds.length === 0 ? undefined : await this.parts.contracts.load(contractIds);
      const open = lists.filter(({ entries }) => entries.length <= this.parts.entriesMax);
      for (const doc of page.docs) {
        const token = toKnownToken(doc);
        const contract = token.contractId === undefined ? undefined : contracts?.get(token.contractId)?.state;
        const subjects = contract === undefined ? [token] : contract.kind === 'known' ? [token, contract] : [];
        const group = groupOf(token, contract);
        if (subjects.length === 0) continue;
        const entry = this.isMasterPass(group) ? undefined : toEntry(doc.id, token, group, subjects);
        for (const list of open) this.put(list, subjects, entry, now);
      }
      if (page.next === undefined || open.length === 0) return lists;
      after = page.next;
    }
  }

  private put(list: Building, subjects: readonly Parameters<typeof faultOf>[0][], entry: ListEntry | undefined, now: string): void {
    for (const { validFrom } of subjects)
      if (validFrom !== undefined && validFrom > now && (list.changesAt === undefined || validFrom < list.changesAt))
        list.changesAt = validFrom;
    if (entry !== undefined && !subjects.some((subject) => faultOf(subject, { ...list.at, at: now }))) list.entries.push(entry);
  }

  private isMasterPass(group: string | undefined): boolean {
    return this.parts.masterPassGroup !== undefined && group?.toUpperCase() === this.parts.masterPassGroup.toUpperCase();
  }
}

function toEntry(
  key: string,
  { idToken, type }: KnownToken,
  groupId: string | undefined,
  subjects: readonly { readonly expiresAt?: string }[],
): ListEntry {
  const expiresAt = subjects
    .flatMap((subject) => subject.expiresAt ?? [])
    .toSorted()
    .at(0);
  return { key, idToken, type, ...(groupId === undefined ? {} : { groupId }), ...(expiresAt === undefined ? {} : { expiresAt }) };
}
