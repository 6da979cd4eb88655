import { createHash, randomBytes } from 'node:crypto';
import type { ChangeStation } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { hashMadePassword, makePassword } from '../commands/passwords.js';
import type { Sealing } from '../pki/sealing.js';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { StationLine } from './station-line.js';

/** A password that was not sent to its station for this long is taken back; one that was is sent on, and somebody told, ms. */
const CHANGE_MS = 30 * 86_400_000;
/** How long a station that took a password may go on with the old one before it is told again, ms. */
const SHOWN_MS = 600_000;
/** How long one that was made for somebody is kept for a repetition, whatever became of it, ms. */
const REPEATED_MS = 86_400_000;
/** 20 bytes are 40 hexadecimal digits: the longest both versions carry. Source: OCPP 1.6 Security Whitepaper §4, OCPP 2.0.1 A01. */
const PASSWORD_BYTES = 20;

interface Change {
  readonly changeId: string;
  readonly sealedPassword: string;
  readonly passwordHash: string;
  /** The station may have it: from now on the offer is not taken back. */
  readonly sent: boolean;
  /** Somebody knows it too, and can set it by hand: it is never taken back. Absent: the station alone is told. */
  readonly told?: true;
  /** It was made for whoever asked, and is told again to a repetition. Absent: it was chosen, or the station alone is told. */
  readonly made?: true;
  /** Somebody sets it at the station, which is not brought it. */
  readonly byHand?: true;
}

/** What an event of the station says of its password: nothing that tells it. */
export type Credential = Pick<Change, 'changeId' | 'passwordHash'>;

/** What became of it, and `password`: the one that was made, for whoever asked; empty: it was chosen, or counts no more. */
export interface Given {
  readonly execution: StationExecution;
  readonly password: string;
}

/** `passwordHash`: as in the contract. */
interface Password {
  readonly password: string;
  readonly passwordHash: string;
}

export interface PasswordChangesParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger'>;
  readonly repository: Pick<DeviceRepository, 'onStation' | 'station'>;
  readonly sealing: Sealing;
  readonly intents: Intents;
  readonly line: StationLine;
}

/**
 * Brings a new password to a station. It counts from before it is sent, and the old one counts until the station has connected with the new
 * one: whatever is lost on the way, the station is not locked out. Source: OCPP 2.0.1 Part 2 A01, OCPP 1.6 Security Whitepaper A01.
 */
export class PasswordChanges implements IntentHandler<Change> {
  constructor(private readonly parts: PasswordChangesParts) {}

  async begin(stationId: string, causationId: string): Promise<StationExecution> {
    const { context, repository, intents } = this.parts;
    const kept = await this.keep(stationId, causationId, made());
    const command = { kind: 'OfferCredential' as const, ...offerOf(kept), now: context.clock.now() };
    const execution = await repository.onStation(stationId, command, causationId);
    if (execution.refusal === undefined) await intents.go(kept);
    return execution;
  }

  /**
   * Lets a station out of quarantine together with a password, in one commit.
   *
   * @param chosen undefined: one is made
   */
  async accept(stationId: string, command: ChangeStation, chosen: Password | undefined, causationId: string): Promise<Given> {
    const more = chosen === undefined ? ({ told: true, made: true } as const) : ({ told: true } as const);
    const kept = await this.keep(stationId, causationId, chosen ?? made(), more);
    return this.give(kept, (credential) => this.parts.repository.onStation(stationId, { ...command, credential }, causationId));
  }

  /**
   * Makes a password that somebody sets at the station.
   *
   * @param commit sets it, under the same cause
   */
  async setByHand(stationId: string, causationId: string, commit: (credential: Credential) => Promise<StationExecution>): Promise<Given> {
    return this.give(await this.keep(stationId, causationId, madeShort(), { told: true, made: true, byHand: true }), commit);
  }

  /** The password that was made for this request, should it be a repetition whose first answer was lost; empty: none, or it counts no more. */
  async madeBy(stationId: string, causationId: string, execution: StationExecution): Promise<string> {
    if (execution.outcome !== 'duplicate') return '';
    const kept = await this.parts.intents.kept<Change>(idOf(stationId, changeIdOf(stationId, causationId)));
    return kept === undefined ? '' : this.tell(kept, execution);
  }

  private async give(kept: Intent<Change>, commit: (credential: Credential) => Promise<StationExecution>): Promise<Given> {
    const execution = await commit(offerOf(kept));
    if (execution.refusal === undefined) await this.parts.intents.go(kept);
    return { execution, password: this.tell(kept, execution) };
  }

  /** Only what counts: a repetition may come when the intent of the first is done, and another password was kept for it in vain. */
  private tell({ data }: Intent<Change>, { state, refusal }: StationExecution): string {
    if (data.made !== true || refusal !== undefined || state.kind === 'none') return '';
    const counts = [state.passwordHash, state.security.offered?.passwordHash].includes(data.passwordHash);
    return counts ? this.parts.sealing.open(data.sealedPassword) : '';
  }

  async attempt(intent: Intent<Change>, note: (data: Change) => Promise<void>): Promise<Step<Change>> {
    const { repository, sealing, line } = this.parts;
    const { stationId, data } = intent;
    if (data.byHand === true) return this.over(intent);
    const state = await repository.station(stationId);
    if (state.kind === 'none' || state.security.offered?.changeId !== data.changeId) return this.over(intent);
    const connection = await line.connectionOf(stationId);
    if (connection === undefined) return LATER;
    const name =
      connection.ocppVersion === 'ocpp1.6'
        ? { component: '', name: 'AuthorizationKey' }
        : { component: 'SecurityCtrlr', name: 'BasicAuthPassword' };
    const variable = { ...name, value: sealing.open(data.sealedPassword), evseId: 0, instance: '' };
    // From before it is sent: whoever dies meanwhile must not have it taken back.
    if (!data.sent) await note({ ...data, sent: true });
    const said = await line.say(stationId, { $case: 'setVariables', value: { variables: [variable] } });
    switch (said.kind) {
      case 'accepted':
        // Shown at its next handshake. Said again should it not come with it.
        return { again: SHOWN_MS };
      case 'refused':
        // It may have taken an earlier one whose answer was lost.
        if (data.sent) return LATER;
        return this.withdraw(intent, said.reason);
      default:
        return LATER;
    }
  }

  async expired(intent: Intent<Change>): Promise<Step<Change>> {
    const { stationId, createdAt, data } = intent;
    if (data.byHand === true) return DONE;
    if (!data.sent || data.told === true) return this.withdraw(intent, 'the station was away all the time');
    const days = Math.round((this.parts.context.clock.now() - Date.parse(createdAt)) / 86_400_000);
    this.parts.context.logger.warn(
      { station_id: stationId, since: isoTime(Date.parse(createdAt)) },
      `a new password has not been shown by its station in ${days} days; both go on to count`,
    );
    return LATER;
  }

  /** Before its cause is committed, and the same for the same cause: a repetition goes on with what was kept. */
  private keep(
    stationId: string,
    causationId: string,
    { password, passwordHash }: Password,
    more: Pick<Change, 'told' | 'made' | 'byHand'> = {},
  ): Promise<Intent<Change>> {
    const changeId = changeIdOf(stationId, causationId);
    const data: Change = { changeId, sealedPassword: this.parts.sealing.seal(password), passwordHash, sent: false, ...more };
    // Of one that is set by hand nothing waits for the station: it hurries nothing when it comes.
    const about = { id: idOf(stationId, changeId), stationId: more.byHand === true ? '' : stationId };
    return this.parts.intents.keep({ ...about, kind: 'ChangePassword', data }, CHANGE_MS);
  }

  /** The station is not brought it; one that somebody was told goes on to count, for it is now set by hand. */
  private async withdraw(intent: Intent<Change>, reason: string): Promise<Step<Change>> {
    const { id, stationId } = intent;
    const { changeId, told } = intent.data;
    const { repository, context } = this.parts;
    const now = context.clock.now();
    if (told === true) {
      context.logger.warn({ station_id: stationId, reason }, 'a station was not brought its password: set it by hand');
      await repository.onStation(stationId, { kind: 'SettleCredential', changeId, now }, `${id}:settled`);
    } else await repository.onStation(stationId, { kind: 'WithdrawCredential', changeId, reason, now }, `${id}:withdrawn`);
    return this.over(intent);
  }

  /** Nothing is left to do; what somebody was told stays for a while, since the answer may not have reached them. */
  private over({ createdAt, data }: Intent<Change>): Step<Change> {
    const leftMs = Date.parse(createdAt) + REPEATED_MS - this.parts.context.clock.now();
    return data.made === true && leftMs > 0 ? { again: leftMs } : DONE;
  }
}

/** The same for the same request, so that a repetition finds what it began. */
export const changeIdOf = (stationId: string, causationId: string): string =>
  createHash('sha256').update(`${stationId}\0${causationId}`).digest('hex').slice(0, 32);

const idOf = (stationId: string, changeId: string): string => `password:${stationId}:${changeId}`;
const offerOf = ({ data: { changeId, passwordHash } }: Intent<Change>): Credential => ({ changeId, passwordHash });
const hashed = (password: string): Password => ({ password, passwordHash: hashMadePassword(password) });

const made = (): Password => hashed(randomBytes(PASSWORD_BYTES).toString('hex'));

/** For people, who have to type it. */
const madeShort = (): Password => hashed(makePassword());
