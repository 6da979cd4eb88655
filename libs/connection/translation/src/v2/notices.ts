import type { DisplayMessage } from '@voltlog/connection-contract';
import type { Requests, Sends } from '@voltlog/ocpp-v21';
import { type CallContext, type Route, reported } from '../route.js';
import { stationTime } from '../station-time.js';
import { vatNumberProblem } from './vat-number.js';

/** Reasons of the list in OCPP 2.0.1 Part 2 Appendix 5. */
const notEnabled = (additionalInfo: string) => ({ reasonCode: 'NotEnabled', additionalInfo });

const part = ({ requestId, tbc }: { readonly requestId: number; readonly tbc?: boolean | undefined }) => ({
  requestId,
  toBeContinued: tbc === true,
});

type Report<Action extends keyof Requests> = Requests[Action];

/** What stations of 2.0.1 and 2.1 report and nothing but the fact is made of: each with its answer. */
export const notices201 = [
  // O07, O08
  reported('NotifyDisplayMessages', 'voltlog.connection.DisplayMessagesReported.v1', (request: Report<'NotifyDisplayMessages'>) => ({
    ...part(request),
    messages: (request.messageInfo ?? []) as readonly DisplayMessage[],
  })),
  // N09, N10
  reported(
    'NotifyCustomerInformation',
    'voltlog.connection.CustomerInformationReported.v1',
    (request: Report<'NotifyCustomerInformation'>) => ({ ...part(request), seqNo: request.seqNo, data: request.data }),
  ),
  // L03
  reported(
    'PublishFirmwareStatusNotification',
    'voltlog.connection.FirmwarePublishStatusReported.v1',
    ({ status, requestId, location }: Report<'PublishFirmwareStatusNotification'>) => ({ status, requestId, locations: location ?? [] }),
  ),
  // No schedule is made for the needs. 2.0.1 has one word for that, after which charging begins without one (K15.FR.04). In 2.1 it would refuse
  // the energy transfer itself, and a station with ISO 15118-20 ends the transaction (K18.FR.22, K19.FR.15): there is a word of its own (K18.FR.04).
  reported(
    'NotifyEVChargingNeeds',
    'voltlog.connection.ChargingNeedsReported.v1',
    ({ evseId, chargingNeeds }: Report<'NotifyEVChargingNeeds'>) => ({
      evseId,
      requestedEnergyTransfer: chargingNeeds.requestedEnergyTransfer,
    }),
    (_, { ocppVersion }) => ({ status: ocppVersion === 'ocpp2.1' ? 'NoChargingProfile' : 'Rejected' }),
  ),
  // K15
  reported(
    'NotifyEVChargingSchedule',
    'voltlog.connection.ChargingScheduleReported.v1',
    ({ evseId }: Report<'NotifyEVChargingSchedule'>) => ({ evseId }),
    () => ({ status: 'Accepted' }),
  ),
  // K12
  reported(
    'NotifyChargingLimit',
    'voltlog.connection.ChargingLimitReported.v1',
    ({ evseId, chargingLimit }: Report<'NotifyChargingLimit'>) => ({
      evseId: evseId ?? 0,
      source: chargingLimit.chargingLimitSource,
      isGridCritical: chargingLimit.isGridCritical,
    }),
  ),
  // K13
  reported(
    'ClearedChargingLimit',
    'voltlog.connection.ChargingLimitCleared.v1',
    ({ evseId, chargingLimitSource }: Report<'ClearedChargingLimit'>) => ({ evseId: evseId ?? 0, source: chargingLimitSource }),
  ),
  // K09
  reported('ReportChargingProfiles', 'voltlog.connection.ChargingProfilesReported.v1', (request: Report<'ReportChargingProfiles'>) => ({
    ...part(request),
    evseId: request.evseId,
    source: request.chargingLimitSource,
  })),
] as const satisfies readonly Route<never>[];

/** What 2.1 adds. */
export const notices21 = [
  reported(
    'NotifyPriorityCharging',
    'voltlog.connection.PriorityChargingReported.v1',
    ({ transactionId, activated }: Report<'NotifyPriorityCharging'>) => ({ transactionId, activated }),
  ),
  // No dynamic profile is kept here, so none can be updated.
  reported(
    'PullDynamicScheduleUpdate',
    'voltlog.connection.ScheduleUpdateRequested.v1',
    ({ chargingProfileId }: Report<'PullDynamicScheduleUpdate'>) => ({ chargingProfileId }),
    () => ({ status: 'Rejected', statusInfo: { reasonCode: 'NotFound', additionalInfo: 'no such dynamic charging profile' } }),
  ),
  reported(
    'NotifyDERAlarm',
    'voltlog.connection.DerAlarmReported.v1',
    ({ controlType, gridEventFault, alarmEnded }: Report<'NotifyDERAlarm'>) => ({
      controlType,
      gridEventFault,
      ended: alarmEnded === true,
    }),
  ),
  reported(
    'NotifyDERStartStop',
    'voltlog.connection.DerControlSwitched.v1',
    ({ controlId, started, supersededIds }: Report<'NotifyDERStartStop'>) => ({ controlId, started, supersededIds: supersededIds ?? [] }),
  ),
  reported(
    'ReportDERControl',
    'voltlog.connection.DerControlsReported.v1',
    part as (request: Report<'ReportDERControl'>) => ReturnType<typeof part>,
  ),
  reported(
    'NotifySettlement',
    'voltlog.connection.SettlementReported.v1',
    ({ transactionId, pspRef, status, settlementAmount, receiptId, receiptUrl }: Report<'NotifySettlement'>) => ({
      transactionId,
      pspRef,
      status,
      amount: settlementAmount,
      receiptId,
      receiptUrl,
    }),
  ),
  reported(
    'VatNumberValidation',
    'voltlog.connection.VatNumberPresented.v1',
    ({ vatNumber, evseId }: Report<'VatNumberValidation'>) => ({ vatNumber, evseId: evseId ?? 0 }),
    // No register of VAT numbers is connected: a number is judged by its form alone, and the answer says so.
    ({ vatNumber, evseId }) => {
      const problem = vatNumberProblem(vatNumber);
      return {
        vatNumber,
        ...(evseId === undefined ? {} : { evseId }),
        status: problem === undefined ? 'Accepted' : 'Rejected',
        statusInfo: notEnabled(problem ?? 'it was judged by its form alone'),
      };
    },
  ),
  reported(
    'BatterySwap',
    'voltlog.connection.BatterySwapReported.v1',
    ({ eventType, requestId, idToken, batteryData }: Report<'BatterySwap'>) => ({
      eventType,
      requestId,
      idToken: { idToken: idToken.idToken, type: idToken.type },
      batteries: batteryData.map(({ evseId, serialNumber, soC }) => ({ evseId, serialNumber, stateOfChargePercent: soC })),
    }),
  ),
  reported(
    'OpenPeriodicEventStream',
    'voltlog.connection.EventStreamOpened.v1',
    ({ constantStreamData: { id, variableMonitoringId, params } }: Report<'OpenPeriodicEventStream'>) => ({
      streamId: id,
      variableMonitoringId,
      intervalSeconds: params.interval,
      valuesMax: params.values,
    }),
    () => ({ status: 'Accepted' }),
  ),
  reported('ClosePeriodicEventStream', 'voltlog.connection.EventStreamClosed.v1', ({ id }: Report<'ClosePeriodicEventStream'>) => ({
    streamId: id,
  })),
  reported(
    'NotifyPeriodicEventStream',
    'voltlog.connection.EventStreamReported.v1',
    ({ id, pending, basetime, data }: Sends['NotifyPeriodicEventStream'], context) => ({
      streamId: id,
      pending,
      values: data.map(({ t, v }) => ({ at: later(basetime, t, context), value: v })),
    }),
  ),
] as const satisfies readonly Route<never>[];

/** Milliseconds around 1970 that a date can be. */
const DATE_MS_MAX = 8.64e15;

/** @param seconds after `base`, with a fraction; those that lead out of time count as none */
function later(base: string, seconds: number, context: CallContext): string {
  const at = stationTime(base, context);
  const ms = Date.parse(at) + Math.round(seconds * 1_000);
  return Math.abs(ms) <= DATE_MS_MAX ? new Date(ms).toISOString() : at;
}
