import { head, type Route } from '../route.js';
import { stationTime, wasOffline } from '../station-time.js';
import { idTagInfo, LOCAL } from './id-tag-info.js';
import { type MeterValue16, meterValues16 } from './meter-value.js';

export interface StopTransactionRequest {
  readonly transactionId: number;
  readonly meterStop: number;
  readonly timestamp: string;
  readonly idTag?: string;
  readonly reason?: string;
  readonly transactionData?: readonly MeterValue16[];
}

/** 1.6 reason -> [2.1 ReasonEnumType, 2.1 TriggerReasonEnumType]. Absent means `Local`, OCPP 1.6 §6.49. */
const REASONS: Readonly<Record<string, readonly [reason: string, trigger: string]>> = {
  DeAuthorized: ['DeAuthorized', 'Deauthorized'],
  EmergencyStop: ['EmergencyStop', 'AbnormalCondition'],
  EVDisconnected: ['EVDisconnected', 'EVCommunicationLost'],
  HardReset: ['ImmediateReset', 'ResetCommand'],
  Local: ['Local', 'StopAuthorized'],
  Other: ['Other', 'AbnormalCondition'],
  PowerLoss: ['PowerLoss', 'AbnormalCondition'],
  Reboot: ['Reboot', 'AbnormalCondition'],
  Remote: ['Remote', 'RemoteStop'],
  SoftReset: ['ImmediateReset', 'ResetCommand'],
  UnlockCommand: ['Remote', 'UnlockCommand'],
};

/** OCPP 1.6 §4.10. A transaction id of -1, 0 or one never given is kept as told; whose it is, the session service finds out. */
export const stopTransaction: Route<StopTransactionRequest> = {
  action: 'StopTransaction',
  money: true,
  question(request, context) {
    if (request.idTag === undefined || request.idTag === '') return undefined;
    const occurredAt = stationTime(request.timestamp, context);
    return {
      idToken: { idToken: request.idTag, type: LOCAL },
      evseId: 0,
      purpose: 'stop',
      transactionKey: '',
      occurredAt,
      offline: wasOffline(occurredAt, context),
      stops: { transactionId: String(request.transactionId), ended: true },
    };
  },
  toFacts(request, context, answer) {
    const occurredAt = stationTime(request.timestamp, context);
    const [stoppedReason, triggerReason] = REASONS[request.reason ?? 'Local'] ?? ['Other', 'AbnormalCondition'];
    return [
      {
        type: 'voltlog.connection.TransactionEnded.v1',
        data: {
          ...head(request, context, occurredAt),
          transactionId: String(request.transactionId),
          evseId: 0,
          connectorId: 0,
          offline: wasOffline(occurredAt, context),
          triggerReason,
          ...(request.idTag === undefined ? {} : { idToken: { idToken: request.idTag, type: LOCAL } }),
          ...(answer === undefined ? {} : { authorization: answer }),
          stoppedReason,
          meterStopWh: request.meterStop,
          meterValues: meterValues16(request.transactionData, context),
        },
      },
    ];
  },
  toResponse: (_request, _context, answer) => (answer === undefined ? {} : { idTagInfo: idTagInfo(answer) }),
};
