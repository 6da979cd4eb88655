import type { EvseTopology, SiteAttributes } from '@voltlog/device-contract';
import {
  NO_SECURITY,
  type SiteCommand,
  type SiteState,
  type StationCommand,
  type StationState,
  siteDecider,
  stationDecider,
} from '@voltlog/device-domain';
import { type Decider, RequestError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { hashChosenPassword, hashMadePassword, makePassword } from '../commands/passwords.js';
import { REFUSALS } from '../grpc/device.grpc.js';
import type { DeviceRepository } from '../store/device-repository.js';
import type { Collections, SiteDoc, StationDoc } from '../store/documents.js';

export interface SiteRecord {
  readonly siteId: string;
  /** What is absent stays, or is empty at a new site. */
  readonly given: Partial<SiteAttributes>;
}

export const NO_ATTRIBUTES: SiteAttributes = {
  name: '',
  address: '',
  city: '',
  countryCode: '',
  latitude: 0,
  longitude: 0,
  timeZone: '',
};

export interface StationRecord {
  readonly stationId: string;
  /** Absent: it stays where it is. */
  readonly siteId: string | undefined;
  /** Absent: it keeps its own. */
  readonly name: string | undefined;
  /** Empty: those that are known stay. */
  readonly evses: readonly EvseTopology[];
  readonly securityProfileMin: number | undefined;
  /** Absent: they stay. */
  readonly tags: readonly string[] | undefined;
  /** Of a new station; empty: none is given. */
  readonly password: string;
}

export type Imported =
  | { readonly outcome: 'Created' | 'Changed' | 'Unchanged'; readonly password: string }
  | { readonly outcome: 'Failed'; readonly problem: string };

export interface ImportOptions {
  readonly dryRun: boolean;
  readonly makePasswords: boolean;
  /** Sites that a dry run is to take for there. */
  readonly comingSiteIds: ReadonlySet<string>;
}

const UNCHANGED: Imported = { outcome: 'Unchanged', password: '' };

/** Brings sites and stations to what a file says. What is so already costs a read and nothing else, so that a file can be imported again. */
export class Importer {
  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly repository: DeviceRepository,
    private readonly collections: Pick<Collections, 'sites' | 'stations'>,
    private readonly scryptN: number,
  ) {}

  async sites(records: readonly SiteRecord[], { dryRun }: ImportOptions): Promise<readonly Imported[]> {
    const known = await this.collections.sites.getMany(records.map(({ siteId }) => siteId));
    const results: Imported[] = [];
    for (const { siteId, given } of records) {
      const state = siteState(known.get(siteId));
      const now = this.context.clock.now();
      const command: SiteCommand =
        state.kind === 'none'
          ? { kind: 'RegisterSite', siteId, attributes: { ...NO_ATTRIBUTES, ...given }, now }
          : { kind: 'ChangeSite', changes: given, expectedRevision: 0, now };
      const before = foreseen(siteDecider, state, [command]);
      const isDone = dryRun || before.outcome === 'Unchanged' || before.outcome === 'Failed';
      const refusal = isDone ? undefined : (await this.repository.onSite(siteId, command, this.context.ids.next())).refusal;
      results.push(refusal === undefined ? before : failed(REFUSALS[refusal][1]));
    }
    return results;
  }

  async stations(records: readonly StationRecord[], options: ImportOptions): Promise<readonly Imported[]> {
    const known = await this.collections.stations.getMany(records.map(({ stationId }) => stationId));
    const sites = await this.collections.sites.getMany([...new Set(records.flatMap(({ siteId }) => siteId || []))]);
    const results: Imported[] = [];
    const inputs: { readonly at: number; readonly stationId: string; readonly command: StationCommand }[] = [];
    for (const [at, record] of records.entries()) {
      const siteId = record.siteId ?? '';
      const site = sites.get(siteId);
      const isThere = siteId === '' || (site !== undefined && !site.retired) || (options.dryRun && options.comingSiteIds.has(siteId));
      const state = stationState(known.get(record.stationId));
      const { commands, password } = isThere ? await this.commandsFor(record, state, options) : { commands: [], password: '' };
      const before = isThere ? foreseen(stationDecider, state, commands) : failed(`there is no site ${siteId} in service`);
      results.push(before.outcome === 'Failed' ? before : { ...before, password });
      if (!options.dryRun && (before.outcome === 'Created' || before.outcome === 'Changed'))
        for (const command of commands) inputs.push({ at, stationId: record.stationId, command });
    }
    const executions = await this.repository.onStations(
      inputs.map(({ stationId, command }) => ({ stationId, command, causationId: this.context.ids.next() })),
    );
    for (const [index, { refusal }] of executions.entries()) {
      const { at } = inputs[index] as (typeof inputs)[number];
      if (refusal !== undefined) results[at] = failed(REFUSALS[refusal][1]);
    }
    return results;
  }

  private async commandsFor(
    { stationId, siteId, name, evses, securityProfileMin, password, tags }: StationRecord,
    state: StationState,
    { dryRun, makePasswords }: ImportOptions,
  ): Promise<{ readonly commands: readonly StationCommand[]; readonly password: string }> {
    const now = this.context.clock.now();
    const profile: StationCommand[] = securityProfileMin === undefined ? [] : [{ kind: 'RequireSecurityProfile', securityProfileMin, now }];
    if (state.kind === 'station' && state.lifecycle !== 'Quarantined') {
      const changes = {
        ...(siteId === undefined ? {} : { siteId }),
        ...(name === undefined ? {} : { name }),
        ...(evses.length === 0 ? {} : { evses }),
        ...(tags === undefined ? {} : { tags }),
      };
      return { commands: [{ kind: 'ChangeStation', ...changes, accept: false, expectedRevision: 0, now }, ...profile], password: '' };
    }
    const made = password === '' && makePasswords && !dryRun ? makePassword() : '';
    const passwordHash =
      made !== '' ? hashMadePassword(made) : password !== '' && !dryRun ? await hashChosenPassword(password, this.scryptN) : undefined;
    const known = state.kind === 'station' ? state : { siteId: '', name: '' };
    const attributes = { siteId: siteId ?? known.siteId, name: name ?? known.name, evses, ...(tags === undefined ? {} : { tags }) };
    const register = { kind: 'RegisterStation' as const, stationId, ...attributes, now };
    return { commands: [passwordHash === undefined ? register : { ...register, passwordHash }, ...profile], password: made };
  }
}

const failed = (problem: string): Imported => ({ outcome: 'Failed', problem });

/** What the commands would come to. */
function foreseen<Command, State extends { readonly kind: string }, Event, Refusal extends keyof typeof REFUSALS>(
  { decide, evolve }: Decider<Command, State, Event, Refusal>,
  state: State,
  commands: readonly Command[],
): Imported {
  let after = state;
  let changes = 0;
  for (const command of commands) {
    const decision = decide(command, after);
    if (!decision.ok) return failed(REFUSALS[decision.refusal][1]);
    changes += decision.events.length;
    for (const event of decision.events) after = evolve(after, event);
  }
  if (changes === 0) return UNCHANGED;
  return { outcome: state.kind === 'none' ? 'Created' : 'Changed', password: '' };
}

const siteState = (doc: SiteDoc | undefined): SiteState => (doc === undefined ? siteDecider.initialState : { kind: 'site', ...doc });

const stationState = (doc: StationDoc | undefined): StationState =>
  doc === undefined ? stationDecider.initialState : { kind: 'station', ...doc, security: doc.security ?? NO_SECURITY };

/** At most so many records in one call. */
export const RECORDS_MAX = 500;

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkCount(count: number): void {
  if (count > RECORDS_MAX) throw new RequestError('INVALID_ARGUMENT', `at most ${RECORDS_MAX} records in one call`);
}
