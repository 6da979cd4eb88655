import type { StationRequestAction, StationRequestAction16 } from '@voltlog/connection-contract';
import type { stationRequestsV1 as proto } from '@voltlog/proto';
import {
  byStatus,
  type CommandContext,
  type CommandOutcome,
  type NotSupportedHere,
  type OutgoingMessage,
  outcome,
  textOf,
} from '../commands/command.js';
import { asObject, plain, type StationRequest, stationRequest } from '../commands/station-request.js';
import { toConnector } from './connectors.js';

type Calls = readonly OutgoingMessage[] | NotSupportedHere;

interface Requests16 extends Record<StationRequestAction16, object> {
  readonly SetChargingProfile: proto.SetChargingProfile;
  readonly ClearChargingProfile: proto.ClearChargingProfile;
  readonly GetCompositeSchedule: proto.GetCompositeSchedule;
  readonly GetLog: proto.GetLog;
  readonly UpdateFirmware: proto.UpdateFirmware;
}

/** Each request that 1.6 has a counterpart of. What it has no word for is never dropped: the request is then not supported. */
const SAY: { readonly [Action in StationRequestAction16]: (value: Requests16[Action], context: CommandContext) => Calls } = {
  /** OCPP 1.6 §5.16; a profile for each connector of the EVSE. */
  SetChargingProfile({ evseId, chargingProfile }, { connectorsPerEvse }) {
    const profile = asObject(plain(chargingProfile));
    const schedules = chargingProfile?.chargingSchedule ?? [];
    if (schedules.length > 1) return { notSupported: '1.6 takes one schedule in a charging profile' };
    const { id: _id, ...schedule } = asObject(plain(schedules[0]));
    const purpose = PURPOSES[chargingProfile?.chargingProfilePurpose ?? ''];
    if (purpose === undefined) return { notSupported: `1.6 has no charging profile purpose ${chargingProfile?.chargingProfilePurpose}` };
    const stranger =
      strangerTo(PROFILE, profile) ??
      strangerTo(SCHEDULE, schedule) ??
      schedules[0]?.chargingSchedulePeriod.map((one) => strangerTo(PERIOD, asObject(plain(one)))).find((name) => name !== undefined);
    if (stranger !== undefined) return { notSupported: `1.6 has no ${stranger} in a charging profile` };
    const transactionId = chargingProfile?.transactionId === undefined ? undefined : Number(chargingProfile.transactionId);
    if (Number.isNaN(transactionId))
      return { notSupported: `a 1.6 transaction id is a whole number, not ${chargingProfile?.transactionId}` };
    const { id, chargingSchedule: _schedules, ...same } = profile;
    const csChargingProfiles = {
      ...same,
      chargingProfileId: id,
      chargingProfilePurpose: purpose,
      ...(transactionId === undefined ? {} : { transactionId }),
      chargingSchedule: schedule,
    };
    return connectorsOf(evseId, connectorsPerEvse).map((connectorId) => ({
      action: 'SetChargingProfile',
      payload: { connectorId, csChargingProfiles },
    }));
  },
  /** OCPP 1.6 §5.5 */
  ClearChargingProfile({ chargingProfileId, chargingProfileCriteria }, { connectorsPerEvse }) {
    const { evseId, chargingProfilePurpose, stackLevel } = chargingProfileCriteria ?? {};
    const purpose = chargingProfilePurpose === undefined ? undefined : PURPOSES[chargingProfilePurpose];
    if (chargingProfilePurpose !== undefined && purpose === undefined)
      return { notSupported: `1.6 has no charging profile purpose ${chargingProfilePurpose}` };
    const connectors = evseId === undefined ? [undefined] : connectorsOf(evseId, connectorsPerEvse);
    return connectors.map((connectorId) => ({
      action: 'ClearChargingProfile',
      payload: asObject(plain({ id: chargingProfileId, connectorId, chargingProfilePurpose: purpose, stackLevel })),
    }));
  },
  /** OCPP 1.6 §5.7; of the EVSE's first connector. */
  GetCompositeSchedule: ({ evseId, duration, chargingRateUnit }, { connectorsPerEvse }) => [
    {
      action: 'GetCompositeSchedule',
      payload: asObject(plain({ connectorId: toConnector({ evseId, connectorId: 1 }, connectorsPerEvse), duration, chargingRateUnit })),
    },
  ],
  /** Diagnostics: OCPP 1.6 §5.9, which every station knows. The security log: OCPP 1.6 Security Whitepaper §4 (GetLog). */
  GetLog({ logType, log, retries, retryInterval, requestId }) {
    switch (logType) {
      case 'DiagnosticsLog': {
        const times = { startTime: log?.oldestTimestamp, stopTime: log?.latestTimestamp };
        return [
          { action: 'GetDiagnostics', payload: asObject(plain({ location: log?.remoteLocation, retries, retryInterval, ...times })) },
        ];
      }
      case 'SecurityLog':
        return [{ action: 'GetLog', payload: asObject(plain({ logType, log, retries, retryInterval, requestId })) }];
      default:
        return { notSupported: `1.6 has no ${logType}` };
    }
  },
  /** Unsigned: OCPP 1.6 §5.19. With signature and certificate: OCPP 1.6 Security Whitepaper §4 (SignedUpdateFirmware). */
  UpdateFirmware({ firmware, retries, retryInterval, requestId }) {
    if (firmware?.signature !== undefined || firmware?.signingCertificate !== undefined)
      return [{ action: 'SignedUpdateFirmware', payload: asObject(plain({ firmware, retries, retryInterval, requestId })) }];
    if (firmware?.installDateTime !== undefined) return { notSupported: '1.6 has no time of installation for unsigned firmware' };
    const payload = { location: firmware?.location, retrieveDate: firmware?.retrieveDateTime, retries, retryInterval };
    return [{ action: 'UpdateFirmware', payload: asObject(plain(payload)) }];
  },
};

/** 2.x's purposes in the words of OCPP 1.6 §7.7. */
const PURPOSES: Readonly<Record<string, string>> = {
  ChargingStationMaxProfile: 'ChargePointMaxProfile',
  TxDefaultProfile: 'TxDefaultProfile',
  TxProfile: 'TxProfile',
};
const PROFILE = [
  'id',
  'transactionId',
  'stackLevel',
  'chargingProfilePurpose',
  'chargingProfileKind',
  'recurrencyKind',
  'validFrom',
  'validTo',
  'chargingSchedule',
];
const SCHEDULE = ['duration', 'startSchedule', 'chargingRateUnit', 'chargingSchedulePeriod', 'minChargingRate'];
const PERIOD = ['startPeriod', 'limit', 'numberPhases'];

const strangerTo = (known: readonly string[], value: Readonly<Record<string, unknown>>): string | undefined =>
  Object.keys(value).find((name) => !known.includes(name));

/** 1.6 has no word for an EVSE: all its connectors, or 0 for the station as a whole. */
function connectorsOf(evseId: number, connectorsPerEvse: readonly number[] | undefined): readonly number[] {
  if (evseId === 0) return [0];
  const count = Math.max(1, connectorsPerEvse?.[evseId - 1] ?? 1);
  return Array.from({ length: count }, (_, index) => toConnector({ evseId, connectorId: index + 1 }, connectorsPerEvse));
}

/** `missing` of the catalogue and this table are tied by types, so every action that gets here is in it. */
const say = (action: StationRequestAction, request: StationRequest, context: CommandContext): Calls =>
  SAY[action as StationRequestAction16](request.value as never, context);

function toOutcome(action: StationRequestAction, responses: readonly unknown[], request: StationRequest): CommandOutcome {
  const words = responses.map((response) => textOf(response, 'status'));
  // UpdateFirmware is answered by nothing; a station without diagnostics names no file (OCPP 1.6 §5.9).
  if (words[0] === '') {
    const none = action === 'GetLog' && textOf(responses[0], 'fileName') === '';
    return none ? { ...outcome('Rejected', 'it has no diagnostics to upload'), stationStatus: '' } : outcome('Accepted');
  }
  // Of the connectors of an EVSE only one has the transaction; any other profile must be taken by all.
  const ofTransaction = request.$case === 'setChargingProfile' && request.value.chargingProfile?.chargingProfilePurpose === 'TxProfile';
  const decisive = words.findIndex((word) => (word === 'Accepted') === ofTransaction);
  return byStatus(responses.slice(Math.max(0, decisive)));
}

export const stationRequest16 = stationRequest(say, toOutcome);
