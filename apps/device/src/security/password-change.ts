import { randomBytes } from 'node:crypto';
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

  async begin(stationId: string, changeId: string, causationId: string): Promise<StationExecution> {
    const { context, repository, sealing, intents } = this.parts;
    const password = randomBytes(PASSWORD_BYTES).toString('hex');
    const made: Change = { changeId, sealedPassword: sealing.seal(password), passwordHash: hashMadePassword(password), sent: false };
    const id = `password:${stationId}:${changeId}`;
    const kept = await intents.keep({ id, stationId, kind: 'ChangePassword', data: made }, CHANGE_MS);
    const command = { kind: 'OfferCredential' as const, changeId, passwordHash: kept.data.passwordHash, now: context.clock.now() };
    const execution = await repository.onStation(stationId, command, causationId);
    if (execution.refusal === undefined) await intents.go(kept);
    return execution;
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
    if (!data.sent) return this.withdraw(id, stationId, data, 'the station was away all the time');
    const days = Math.round((this.parts.context.clock.now() - Date.parse(createdAt)) / 86_400_000);
    this.parts.context.logger.warn(
      { station_id: stationId, since: isoTime(Date.parse(createdAt)) },
      `a new password has not been shown by its station in ${days} days; both go on to count`,
    );
    return LATER;
  }

  private async withdraw(id: string, stationId: string, { changeId }: Change, reason: string): Promise<Step<Change>> {
    const command = { kind: 'WithdrawCredential' as const, changeId, reason, now: this.parts.context.clock.now() };
    await this.parts.repository.onStation(stationId, command, `${id}:withdrawn`);
    return DONE;
  }
}
