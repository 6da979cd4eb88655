import { createHash, randomBytes } from 'node:crypto';
import type { StationEvent } from '@voltlog/device-contract';
import type { ChangeStation } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { hashMadePassword } from '../commands/passwords.js';
import type { Sealing } from '../pki/sealing.js';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { StationLine } from './station-line.js';

/** A password that was not sent to its station for this long is taken back; one that was is sent on, and somebody told, ms. */
const CHANGE_MS = 30 * 86_400_000;
/** How long a station that took a password may go on with the old one before it is told again, ms. */
const SHOWN_MS = 600_000;
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
   * @returns `password`: the one that was made, for whoever asked; empty: it was chosen, or the station had been accepted before
   */
  async accept(
    stationId: string,
    command: ChangeStation,
    chosen: Password | undefined,
    causationId: string,
  ): Promise<{ readonly execution: StationExecution; readonly password: string }> {
    const { repository, sealing, intents } = this.parts;
    const kept = await this.keep(stationId, causationId, chosen ?? made(), { told: true });
    const execution = await repository.onStation(stationId, { ...command, credential: offerOf(kept) }, causationId);
    if (execution.refusal === undefined) await intents.go(kept);
    const counts = execution.outcome === 'committed' && execution.events.some(({ type }) => type === OFFERED);
    return { execution, password: counts && chosen === undefined ? sealing.open(kept.data.sealedPassword) : '' };
  }

  async attempt({ id, stationId, data }: Intent<Change>, note: (data: Change) => Promise<void>): Promise<Step<Change>> {
    const { repository, sealing, line } = this.parts;
    const state = await repository.station(stationId);
    if (state.kind === 'none' || state.security.offered?.changeId !== data.changeId) return DONE;
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
        return this.withdraw(id, stationId, data, said.reason);
      default:
        return LATER;
    }
  }

  async expired({ id, stationId, createdAt, data }: Intent<Change>): Promise<Step<Change>> {
    if (!data.sent || data.told === true) return this.withdraw(id, stationId, data, 'the station was away all the time');
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
    more: Pick<Change, 'told'> = {},
  ): Promise<Intent<Change>> {
    const changeId = changeIdOf(stationId, causationId);
    const data: Change = { changeId, sealedPassword: this.parts.sealing.seal(password), passwordHash, sent: false, ...more };
    return this.parts.intents.keep({ id: `password:${stationId}:${changeId}`, stationId, kind: 'ChangePassword', data }, CHANGE_MS);
  }

  /** The station is not brought it; one that somebody was told goes on to count, for it is now set by hand. */
  private async withdraw(id: string, stationId: string, { changeId, told }: Change, reason: string): Promise<Step<Change>> {
    const { repository, context } = this.parts;
    const now = context.clock.now();
    if (told === true) {
      context.logger.warn({ station_id: stationId, reason }, 'a station was not brought its password: set it by hand');
      await repository.onStation(stationId, { kind: 'SettleCredential', changeId, now }, `${id}:settled`);
    } else await repository.onStation(stationId, { kind: 'WithdrawCredential', changeId, reason, now }, `${id}:withdrawn`);
    return DONE;
  }
}

/** The same for the same request, so that a repetition finds what it began. */
export const changeIdOf = (stationId: string, causationId: string): string =>
  createHash('sha256').update(`${stationId}\0${causationId}`).digest('hex').slice(0, 32);

const OFFERED: StationEvent['type'] = 'voltlog.device.StationCredentialOffered.v1';
const offerOf = ({ data: { changeId, passwordHash } }: Intent<Change>) => ({ changeId, passwordHash });

function made(): Password {
  const password = randomBytes(PASSWORD_BYTES).toString('hex');
  return { password, passwordHash: hashMadePassword(password) };
}
