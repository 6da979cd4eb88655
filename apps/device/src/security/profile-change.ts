import type {
  KeyValue,
  KnownStation,
  ProfileChange,
  ProfileChangeOutcome,
  ProfileChangePhase,
  StationCommand,
} from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import type { StationMemory } from '../store/station-memory.js';
import { AddressSteps, firstOf, variable } from './address-steps.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import { OWN } from './renewals.js';
import type { Said, StationLine } from './station-line.js';

/** A change that is not done after this long has failed, ms. */
const CHANGE_MS = 86_400_000;
/** A station that is asked for a CSR sends it within this, or is asked again, ms. */
const CERTIFICATE_MS = 300_000;
/** How often it is looked whether the station has come; its coming is noticed at once anyhow. */
const LOOK_MS = 15_000;

export interface ProfileChangeData {
  readonly changeId: string;
  /** PEM; empty: none is installed. */
  readonly rootCertificate: string;
  readonly csmsUrl: string;
  readonly slot: number;
  /** 2.x: NetworkConfigurationPriority before the change; empty: not read yet. */
  readonly priorityBefore: string;
  /** 1.6: the keys of its make that hold its address, before the change; empty: none is known, or there is no other address. Absent: not read yet. */
  readonly addressBefore?: readonly KeyValue[];
  /** When the station was told to switch; empty: not yet. */
  readonly switchedAt: string;
  /** When it was last asked for a CSR. */
  readonly askedAt: string;
}

export interface ProfileChangesParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly repository: Pick<DeviceRepository, 'onStation' | 'station'>;
  readonly intents: Intents;
  readonly line: StationLine;
  readonly memory: Pick<StationMemory, 'docs'>;
  /** A station that has come back on the old profile and stays there for this long has given up the new one, ms. */
  readonly fallbackMs: number;
}

/**
 * Brings a station to another security profile: root installed, certificate there (profile 3), switched, come back. Until the station is
 * seen on the new profile nothing is required of it, so that it can always return. Source: OCPP 2.0.1 Part 2 A05, B09, B10, OCPP 1.6
 * Security Whitepaper A05.
 */
export class ProfileChanges implements IntentHandler<ProfileChangeData> {
  private readonly addresses: AddressSteps;

  constructor(private readonly parts: ProfileChangesParts) {
    this.addresses = new AddressSteps(parts.line);
  }

  async begin(
    stationId: string,
    command: Extract<StationCommand, { kind: 'StartProfileChange' }>,
    data: Pick<ProfileChangeData, 'rootCertificate' | 'csmsUrl' | 'slot'>,
    causationId: string,
  ): Promise<StationExecution> {
    const { intents, repository } = this.parts;
    const { changeId } = command;
    const id = `profile:${stationId}:${changeId}`;
    const begun = { ...data, changeId, priorityBefore: '', switchedAt: '', askedAt: '' };
    const kept = await intents.keep({ id, stationId, kind: 'ChangeProfile', data: begun }, CHANGE_MS);
    const execution = await repository.onStation(stationId, command, causationId);
    if (execution.refusal === undefined) await intents.go(kept);
    return execution;
  }

  async attempt(intent: Intent<ProfileChangeData>): Promise<Step<ProfileChangeData>> {
    const state = await this.parts.repository.station(intent.stationId);
    const change = state.kind === 'none' ? null : state.security.profileChange;
    if (state.kind === 'none' || change === null || change.changeId !== intent.data.changeId || change.endedAt !== '') return DONE;
    switch (change.phase) {
      case 'InstallRoot':
        return this.installRoot(intent, change);
      case 'AwaitCertificate':
        return this.awaitCertificate(intent, state);
      case 'Switch':
        return this.switchOver(intent, change);
      case 'AwaitConnection':
        return this.awaitConnection(intent, change);
      default:
        return DONE;
    }
  }

  async expired(intent: Intent<ProfileChangeData>): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const state = await this.parts.repository.station(stationId);
    const change = state.kind === 'none' ? null : state.security.profileChange;
    if (change?.changeId === data.changeId && (change.phase === 'Switch' || change.phase === 'AwaitConnection')) {
      const connection = await this.parts.line.connectionOf(stationId);
      const hasCome = connection?.securityProfile === change.toProfile;
      if (hasCome && change.phase === 'AwaitConnection') {
        await this.end(intent, 'Completed', '');
        return DONE;
      }
      // A 1.6 station that has not gone yet has a profile that nobody may take back: with its old address it would come nowhere.
      const mayStay = connection?.ocppVersion !== 'ocpp1.6' || (connection.connectedAt ?? '') > data.switchedAt;
      if (connection !== undefined && !hasCome && mayStay) await this.restore(stationId, connection, data);
    }
    return this.fail(intent, 'the station did not come to the new profile in time');
  }

  private async installRoot(intent: Intent<ProfileChangeData>, { toProfile }: ProfileChange): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    if (data.rootCertificate !== '' && toProfile >= 2) {
      const value = { certificateType: 'CSMSRootCertificate', certificate: data.rootCertificate };
      const said = await this.parts.line.say(stationId, { $case: 'installCertificate', value });
      if (said.kind !== 'accepted') return this.orFail(intent, said, 'the root certificate was not installed');
    }
    return this.advance(intent, toProfile === 3 ? 'AwaitCertificate' : 'Switch', data);
  }

  private async awaitCertificate(intent: Intent<ProfileChangeData>, { security }: KnownStation): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const nowMs = this.parts.context.clock.now();
    const now = isoTime(nowMs);
    if (
      security.certificates.some(
        ({ certificateType, status, notAfter }) => certificateType === OWN && status === 'Installed' && notAfter > now,
      )
    )
      return this.advance(intent, 'Switch', data);
    if (data.askedAt !== '' && nowMs - Date.parse(data.askedAt) < CERTIFICATE_MS) return { again: LOOK_MS };
    const value = { requestedMessage: 'SignChargingStationCertificate', evseId: 0, connectorId: 0 };
    const said = await this.parts.line.say(stationId, { $case: 'triggerMessage', value });
    if (said.kind !== 'accepted') return this.orFail(intent, said, 'the station was asked for a CSR');
    return { again: LOOK_MS, data: { ...data, askedAt: now } };
  }

  private async switchOver(intent: Intent<ProfileChangeData>, { toProfile }: ProfileChange): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const connection = await this.parts.line.connectionOf(stationId);
    if (connection === undefined) return LATER;
    if (connection.ocppVersion !== 'ocpp1.6') return this.switchNetworkProfile(intent, toProfile);
    if (data.addressBefore === undefined) return this.readAddress(intent);
    // Told before, and gone before that could be written down: not a second time, since it may refuse what it has already.
    if (connection.securityProfile === toProfile)
      return this.advance(intent, 'AwaitConnection', { ...data, switchedAt: isoTime(this.parts.context.clock.now()) });
    return this.switchKeys(intent, data.addressBefore, toProfile);
  }

  /** OCPP 1.6 names no key for the address. Where none is known the station goes by its profile alone, which changes `ws` to `wss`. */
  private async readAddress({ stationId, data }: Intent<ProfileChangeData>): Promise<Step<ProfileChangeData>> {
    if (data.csmsUrl === '') return { again: 0, data: { ...data, addressBefore: [] } };
    const vendor = (await this.parts.memory.docs([stationId])).get(stationId)?.vendor ?? '';
    const read = await this.addresses.read(stationId, vendor);
    if (read.kind === 'away') return LATER;
    return { again: 0, data: { ...data, addressBefore: read.kind === 'done' ? read.value : [] } };
  }

  /** The address first: a station goes as soon as it has a new profile, and may not be told the old one again. */
  private async switchKeys(
    intent: Intent<ProfileChangeData>,
    addressBefore: readonly KeyValue[],
    toProfile: number,
  ): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const movesOn = addressBefore.length > 0;
    // From the moment before: the station may be back on the new profile before its answer is read.
    const switchedAt = isoTime(this.parts.context.clock.now());
    if (movesOn) {
      const pointed = await this.addresses.point(stationId, addressBefore, data.csmsUrl);
      if (pointed.kind === 'away') return LATER;
      if (pointed.kind === 'refused') {
        if ((await this.addresses.write(stationId, addressBefore)).kind === 'away') return LATER;
        return this.fail(intent, `the new address was not taken: ${pointed.reason}`);
      }
    }
    const said = await this.set(stationId, '', 'SecurityProfile', `${toProfile}`);
    if (said.kind === 'refused' && movesOn && (await this.addresses.write(stationId, addressBefore)).kind === 'away') return LATER;
    if (said.kind !== 'accepted') return this.orFail(intent, said, 'the profile was not switched');
    // It goes by itself, but many take their address with their next start alone. One that is gone already cannot answer.
    if (movesOn) await this.parts.line.say(stationId, { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } });
    return this.advance(intent, 'AwaitConnection', { ...data, switchedAt });
  }

  private async switchNetworkProfile(intent: Intent<ProfileChangeData>, toProfile: number): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const { line, context } = this.parts;
    if (data.csmsUrl === '') return this.fail(intent, `it is not known where stations connect on profile ${toProfile}`);
    if (data.priorityBefore === '') {
      const read = await line.say(stationId, {
        $case: 'getVariables',
        value: { variables: [variable('OCPPCommCtrlr', 'NetworkConfigurationPriority', '')] },
      });
      if (read.kind !== 'accepted') return this.orFail(intent, read, 'the network profiles of the station could not be read');
      return { again: 0, data: { ...data, priorityBefore: read.response.variables[0]?.variable?.value ?? '' } };
    }
    const value = { slot: data.slot, csmsUrl: data.csmsUrl, securityProfile: toProfile, messageTimeoutSeconds: 0, ocppInterface: '' };
    const profile = await line.say(stationId, { $case: 'setNetworkProfile', value });
    if (profile.kind !== 'accepted') return this.orFail(intent, profile, 'the network profile was not taken');
    const priority = await this.set(stationId, 'OCPPCommCtrlr', 'NetworkConfigurationPriority', firstOf(data.slot, data.priorityBefore));
    if (priority.kind !== 'accepted') return this.orFail(intent, priority, 'the order of network profiles was not taken');
    const switchedAt = isoTime(context.clock.now());
    const reset = await line.say(stationId, { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } });
    if (reset.kind === 'refused') {
      await this.set(stationId, 'OCPPCommCtrlr', 'NetworkConfigurationPriority', data.priorityBefore);
      return this.fail(intent, `the station does not restart: ${reset.reason}`);
    }
    if (reset.kind === 'away') return LATER;
    return this.advance(intent, 'AwaitConnection', { ...data, switchedAt });
  }

  private async awaitConnection(intent: Intent<ProfileChangeData>, { toProfile }: ProfileChange): Promise<Step<ProfileChangeData>> {
    const { stationId, data } = intent;
    const { line, context, fallbackMs } = this.parts;
    const connection = await line.connectionOf(stationId);
    if (connection === undefined) return { again: LOOK_MS };
    if (connection.securityProfile === toProfile) {
      await this.end(intent, 'Completed', '');
      return DONE;
    }
    const connectedAt = connection.connectedAt ?? '';
    // It has not gone yet: a transaction may have to end first.
    if (connectedAt <= data.switchedAt) return { again: LOOK_MS };
    const staysMs = fallbackMs - (context.clock.now() - Date.parse(connectedAt));
    if (staysMs > 0) return { again: Math.min(staysMs, LOOK_MS) };
    if ((await this.restore(stationId, connection, data)) === 'away') return LATER;
    await this.end(intent, 'RolledBack', `the station is back on security profile ${connection.securityProfile}`);
    return DONE;
  }

  /**
   * What a 2.x station was told to try is taken back, so that it does not try again on its own; a refusal changes nothing. A 1.6
   * station takes back its `SecurityProfile` itself, and may not be told a lower one (Security Whitepaper A05); its address it may.
   */
  private async restore(stationId: string, connection: connectionV1.Connection, data: ProfileChangeData): Promise<'away' | 'told'> {
    const { priorityBefore, addressBefore = [] } = data;
    let said: { readonly kind: string } | undefined;
    if (connection.ocppVersion !== 'ocpp1.6' && priorityBefore !== '')
      said = await this.set(stationId, 'OCPPCommCtrlr', 'NetworkConfigurationPriority', priorityBefore);
    if (connection.ocppVersion === 'ocpp1.6' && addressBefore.length > 0) said = await this.addresses.write(stationId, addressBefore);
    return said?.kind === 'away' ? 'away' : 'told';
  }

  private set(stationId: string, component: string, name: string, value: string): Promise<Said> {
    return this.parts.line.say(stationId, { $case: 'setVariables', value: { variables: [variable(component, name, value)] } });
  }

  private async advance(
    intent: Intent<ProfileChangeData>,
    phase: ProfileChangePhase,
    data: ProfileChangeData,
  ): Promise<Step<ProfileChangeData>> {
    const { changeId } = data;
    const command = { kind: 'AdvanceProfileChange' as const, changeId, phase, now: this.parts.context.clock.now() };
    await this.parts.repository.onStation(intent.stationId, command, `${intent.id}:${phase}`);
    return { again: 0, data };
  }

  private async orFail(intent: Intent<ProfileChangeData>, said: Said, what: string): Promise<Step<ProfileChangeData>> {
    return said.kind === 'refused' ? this.fail(intent, `${what}: ${said.reason}`) : LATER;
  }

  private async fail(intent: Intent<ProfileChangeData>, reason: string): Promise<Step<ProfileChangeData>> {
    await this.end(intent, 'Failed', reason);
    return DONE;
  }

  private async end({ id, stationId, data }: Intent<ProfileChangeData>, outcome: ProfileChangeOutcome, reason: string): Promise<void> {
    const command = { kind: 'EndProfileChange' as const, changeId: data.changeId, outcome, reason, now: this.parts.context.clock.now() };
    await this.parts.repository.onStation(stationId, command, `${id}:ended`);
  }
}
