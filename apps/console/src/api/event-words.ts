import { energy, inSentence, ocpp, percent, power, shortId, text, words } from './format.js';
import { readingsOf } from './readings.js';
import type { LiveEvent, MeterValue } from './types.js';

export const EVENT_KINDS = ['Charging', 'Readings', 'Tokens', 'Stations', 'Commands'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventWords {
  readonly kind: EventKind;
  /** A sentence, without the station it is about. */
  readonly sentence: string;
  /** `bad` needs somebody's eye. */
  readonly tone: 'plain' | 'good' | 'bad';
}

type Data = LiveEvent['data'];
type Teller = (data: Data) => EventWords;

/** `voltlog.connection.TransactionStarted.v1` -> `TransactionStarted` */
export const nameOf = (type: string): string => type.split('.')[2] ?? type;

/** What an event says, in one sentence; events this page does not know are told by their name. */
export function tell(event: LiveEvent): EventWords {
  const name = nameOf(event.type);
  const kind = event.type.includes('.session.') ? 'Charging' : event.type.includes('.authorization.') ? 'Tokens' : 'Stations';
  return TELLERS[name]?.(event.data) ?? { kind, sentence: words(name), tone: 'plain' };
}

const str = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const obj = (value: unknown): Data => (typeof value === 'object' && value !== null ? (value as Data) : {});
const evse = (data: Data): string => (typeof data['evseId'] === 'number' && data['evseId'] > 0 ? `EVSE ${data['evseId']}` : 'The station');
const on = (data: Data): string => (typeof data['evseId'] === 'number' && data['evseId'] > 0 ? ` on EVSE ${data['evseId']}` : '');
const because = (reason: unknown): string => (str(reason) === undefined ? '' : ` (${words(String(reason))})`);
const token = (data: Data): string => str(data['idToken']) ?? str(obj(data['idToken'])['idToken']) ?? '';
const verdict = (status: unknown): EventWords['tone'] => (status === 'Accepted' ? 'good' : 'bad');

const TELLERS: Readonly<Record<string, Teller>> = {
  StationConnected: (d) => ({
    kind: 'Stations',
    tone: 'good',
    sentence: `Connected, speaks ${ocpp(str(d['dialect'] ?? d['ocppVersion'])) ?? 'OCPP'}`,
  }),
  StationDisconnected: (d) => ({ kind: 'Stations', tone: 'bad', sentence: `Disconnected${because(d['reason'])}` }),
  StationBooted: (d) => ({
    kind: 'Stations',
    tone: 'plain',
    sentence: `Booted: ${[str(d['vendor']), str(d['model'])].filter(Boolean).join(' ')}${because(d['reason'])}`,
  }),
  ConnectorStatusReported: (d) => ({
    kind: 'Stations',
    tone: d['status'] === 'Faulted' ? 'bad' : 'plain',
    sentence: `${evse(d)} is ${inSentence(str(d['detail']) ?? String(d['status']))}${d['status'] === 'Faulted' ? because(d['errorCode']) : ''}`,
  }),
  IdTokenPresented: (d) => {
    const answer = obj(d['authorization']);
    return {
      kind: 'Tokens',
      tone: verdict(answer['status']),
      sentence: `Token ${token(d)} shown: ${words(String(answer['status'] ?? 'asked'))}${because(answer['reason'])}`,
    };
  },
  TransactionStarted: (d) => ({
    kind: 'Charging',
    tone: 'good',
    sentence: `Transaction ${shortId(String(d['transactionId']))} began${on(d)}`,
  }),
  TransactionUpdated: (d) => {
    const reading = readingWords(d);
    return reading === undefined
      ? {
          kind: 'Charging',
          tone: 'plain',
          sentence: `${evse(d)}: ${inSentence(str(d['chargingState']) ?? str(d['triggerReason']) ?? 'transaction updated')}`,
        }
      : { kind: 'Readings', tone: 'plain', sentence: `${evse(d)} at ${reading}` };
  },
  TransactionEnded: (d) => ({
    kind: 'Charging',
    tone: 'plain',
    sentence: `Transaction ${shortId(String(d['transactionId']))} ended${on(d)}${because(d['stoppedReason'])}`,
  }),
  MeterValuesReported: (d) => ({ kind: 'Readings', tone: 'plain', sentence: `${evse(d)} at ${readingWords(d) ?? 'a meter reading'}` }),
  CommandAnswered: (d) => ({
    kind: 'Commands',
    tone: d['status'] === 'Accepted' ? 'good' : 'bad',
    sentence:
      d['status'] === 'TimedOut'
        ? `${words(String(d['action']))}: no answer in time`
        : `${words(String(d['action']))}: answered ${inSentence(str(d['stationStatus']) ?? String(d['status']))}`,
  }),
  FirmwareStatusReported: (d) => ({ kind: 'Stations', tone: 'plain', sentence: `Firmware: ${inSentence(String(d['status']))}` }),
  SecurityEventReported: (d) => ({ kind: 'Stations', tone: 'bad', sentence: `Security event: ${words(String(d['securityEventType']))}` }),
  ReservationStatusReported: (d) => ({
    kind: 'Stations',
    tone: 'plain',
    sentence: `Reservation ${String(d['reservationId'])}: ${inSentence(String(d['status']))}`,
  }),
  ReservationConfirmed: (d) => ({
    kind: 'Charging',
    tone: 'good',
    sentence: `EVSE ${String(d['evseId'])} reserved${d['movedFrom'] === undefined ? '' : ', instead of one that stays blocked'}`,
  }),
  ReservationStationHoldChanged: (d) => ({
    kind: 'Charging',
    tone: d['hold'] === 'Refused' || d['hold'] === 'Lost' ? 'bad' : 'plain',
    sentence: `Reservation of EVSE ${String(d['evseId'])}: ${inSentence(String(d['hold']))} at the station${because(d['stationStatus'])}`,
  }),
  ReservationExpiring: (d) => ({
    kind: 'Charging',
    tone: 'plain',
    sentence: `Reservation of EVSE ${String(d['evseId'])} is about to expire`,
  }),
  ReservationUsed: (d) => ({ kind: 'Charging', tone: 'good', sentence: `Reservation of EVSE ${String(d['evseId'])} used` }),
  ReservationCancelled: (d) => ({
    kind: 'Charging',
    tone: 'plain',
    sentence: `Reservation of EVSE ${String(d['evseId'])} cancelled${because(d['reason'])}`,
  }),
  ReservationExpired: (d) => ({
    kind: 'Charging',
    tone: 'plain',
    sentence: `Reservation of EVSE ${String(d['evseId'])} expired${because(d['reason'])}`,
  }),
  ReservationPolicyChanged: () => ({ kind: 'Stations', tone: 'plain', sentence: 'What may be reserved was changed' }),
  StationNotified: (d) => ({ kind: 'Stations', tone: 'plain', sentence: `Sent ${words(String(d['action']))}` }),
  DataTransferReceived: (d) => ({ kind: 'Stations', tone: 'plain', sentence: `Sent data of ${String(d['vendorId'])}` }),
  AuthorizationDecided: (d) => ({
    kind: 'Tokens',
    tone: verdict(d['status']),
    sentence: `Token ${token(d)} decided: ${words(String(d['status']))}${because(d['reason'])}`,
  }),
  TokenRegistered: (d) => ({ kind: 'Tokens', tone: 'plain', sentence: `Token ${token(d)} registered` }),
  TokenChanged: (d) => ({ kind: 'Tokens', tone: 'plain', sentence: `Token ${token(d)} is now ${String(d['status']).toLowerCase()}` }),
  TransactionPermitted: (d) => ({ kind: 'Tokens', tone: 'plain', sentence: `Token ${token(d)} took a place` }),
  TransactionReleased: (d) => ({ kind: 'Tokens', tone: 'plain', sentence: `Token ${token(d)} has a place again${because(d['cause'])}` }),
  SessionStarted: (d) => ({ kind: 'Charging', tone: 'good', sentence: `Session opened${on(d)}` }),
  SessionDetected: (d) => ({ kind: 'Charging', tone: 'plain', sentence: `Session found${on(d)} before its start arrived` }),
  SessionChargingStateChanged: (d) => ({
    kind: 'Charging',
    tone: 'plain',
    sentence: `Session: ${inSentence(String(d['chargingState']))}`,
  }),
  SessionEnded: (d) => ({ kind: 'Charging', tone: 'plain', sentence: `Session closed with ${outcomeEnergy(d)}` }),
  SessionCorrected: (d) => ({ kind: 'Charging', tone: 'plain', sentence: `Session corrected to ${outcomeEnergy(d)}` }),
  SessionReopened: () => ({ kind: 'Charging', tone: 'plain', sentence: 'Session goes on after all' }),
  SessionInterrupted: (d) => ({ kind: 'Charging', tone: 'bad', sentence: `Station booted while charging${because(d['reason'])}` }),
  SessionMilestoneReached: (d) => ({ kind: 'Charging', tone: 'plain', sentence: `Milestone: ${inSentence(String(d['milestone']))}` }),
  SessionLimitSet: (d) => ({ kind: 'Charging', tone: 'plain', sentence: d['limit'] === null ? 'Limit taken away' : 'Limit set' }),
  SessionStopRequested: (d) => ({ kind: 'Charging', tone: 'plain', sentence: `Stop asked for, attempt ${String(d['attempt'])}` }),
  SessionStopAnswered: (d) => ({
    kind: 'Charging',
    tone: d['status'] === 'Accepted' ? 'good' : 'bad',
    sentence: `Stop answered: ${inSentence(String(d['status']))}`,
  }),
  SessionStopEscalated: () => ({ kind: 'Charging', tone: 'bad', sentence: 'The station does not stop: somebody has to look' }),
  SessionLimitOvershot: (d) => ({ kind: 'Charging', tone: 'bad', sentence: `Limit of ${inSentence(String(d['dimension']))} was passed` }),
  SessionAnomalyFound: (d) => ({ kind: 'Charging', tone: 'bad', sentence: `Something is odd: ${inSentence(String(d['flag']))}` }),
  SessionFactQuarantined: (d) => ({
    kind: 'Charging',
    tone: 'bad',
    sentence: `No session fits ${inSentence(nameOf(String(d['factType'])))}, so it was put aside`,
  }),
};

function outcomeEnergy(data: Data): string {
  const wattHours = obj(data['outcome'])['energyWh'];
  return typeof wattHours === 'number' ? text(energy(wattHours)) : 'its final figures';
}

function readingWords(data: Data): string | undefined {
  const values = Array.isArray(data['meterValues']) ? (data['meterValues'] as readonly MeterValue[]) : [];
  const latest = readingsOf(values).at(-1);
  if (latest === undefined) return undefined;
  return [
    latest.powerW === undefined ? undefined : text(power(latest.powerW)),
    latest.socPercent === undefined ? undefined : percent(latest.socPercent),
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
