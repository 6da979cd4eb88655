import { isoTime } from '@voltlog/kernel';
import type { OcppVersion } from '../station/protocol.js';

/** Where a station of a load is in its session. */
export interface LoadSession {
  /** 1.6: given by the CSMS; 2.0.1: made here. */
  transactionId: string;
  /** Register, Wh. It rises from session to session, so that no two starts are alike. */
  registerWh: number;
  idToken: string;
  seqNo: number;
}

/** One message of a session: its action and its payload for a moment. */
export interface LoadStep {
  readonly action: string;
  readonly isStart: boolean;
  readonly isStop: boolean;
  payload(session: LoadSession): string;
}

/** Energy between two meter values of a load, Wh. */
export const STEP_WH = 250;
export const METER_VALUES = 5;
/** A session of a load delivers this, Wh. */
export const SESSION_WH = STEP_WH * METER_VALUES;

const now = (): string => isoTime(Date.now());

export const bootPayload = (version: OcppVersion): string =>
  version === '1.6'
    ? '{"chargePointVendor":"Voltlog","chargePointModel":"Load"}'
    : '{"reason":"PowerUp","chargingStation":{"vendorName":"Voltlog","model":"Load"}}';

/** The seven values after the register, as they stand in every frame. */
const REST_16 = [
  ['Power.Active.Import', 'W', '11040', undefined],
  ['Current.Import', 'A', '16.0', 'L1'],
  ['Current.Import', 'A', '16.1', 'L2'],
  ['Current.Import', 'A', '15.9', 'L3'],
  ['Voltage', 'V', '230.1', 'L1-N'],
  ['Power.Offered', 'W', '11000', undefined],
  ['SoC', 'Percent', '54', undefined],
] as const;

const rest16 = REST_16.map(
  ([measurand, unit, value, phase]) =>
    `,{"value":"${value}","context":"Sample.Periodic","measurand":"${measurand}","unit":"${unit}"${phase === undefined ? '' : `,"phase":"${phase}"`}}`,
).join('');
const rest201 = REST_16.map(
  ([measurand, unit, value, phase]) =>
    `,{"value":${Number(value)},"context":"Sample.Periodic","measurand":"${measurand}","unitOfMeasure":{"unit":"${unit}"}${phase === undefined ? '' : `,"phase":"${phase}"`}}`,
).join('');

const meter16: LoadStep = {
  action: 'MeterValues',
  isStart: false,
  isStop: false,
  payload: (session) => {
    session.registerWh += STEP_WH;
    return `{"connectorId":1,"transactionId":${session.transactionId},"meterValue":[{"timestamp":"${now()}","sampledValue":[{"value":"${session.registerWh}","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"}${rest16}]}]}`;
  },
};

const SESSION_16: readonly LoadStep[] = [
  { action: 'Authorize', isStart: false, isStop: false, payload: (session) => `{"idTag":"${session.idToken}"}` },
  {
    action: 'StartTransaction',
    isStart: true,
    isStop: false,
    payload: (session) => `{"connectorId":1,"idTag":"${session.idToken}","meterStart":${session.registerWh},"timestamp":"${now()}"}`,
  },
  ...Array.from({ length: METER_VALUES }, () => meter16),
  {
    action: 'StopTransaction',
    isStart: false,
    isStop: true,
    payload: (session) =>
      `{"transactionId":${session.transactionId},"meterStop":${session.registerWh},"timestamp":"${now()}","reason":"Local"}`,
  },
];

function event201(eventType: string, triggerReason: string, context: string): (session: LoadSession) => string {
  const rest = eventType === 'Updated' ? rest201 : '';
  return (session) => {
    if (eventType === 'Updated') session.registerWh += STEP_WH;
    const seqNo = session.seqNo;
    session.seqNo += 1;
    const idToken = eventType === 'Started' ? `,"idToken":{"idToken":"${session.idToken}","type":"ISO14443"}` : '';
    const stopped = eventType === 'Ended' ? ',"stoppedReason":"Local"' : ',"chargingState":"Charging"';
    return `{"eventType":"${eventType}","timestamp":"${now()}","triggerReason":"${triggerReason}","seqNo":${seqNo},"transactionInfo":{"transactionId":"${session.transactionId}"${stopped}},"evse":{"id":1,"connectorId":1}${idToken},"meterValue":[{"timestamp":"${now()}","sampledValue":[{"value":${session.registerWh},"context":"${context}","measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}}${rest}]}]}`;
  };
}

const updated201 = event201('Updated', 'MeterValuePeriodic', 'Sample.Periodic');

const SESSION_201: readonly LoadStep[] = [
  {
    action: 'Authorize',
    isStart: false,
    isStop: false,
    payload: (session) => `{"idToken":{"idToken":"${session.idToken}","type":"ISO14443"}}`,
  },
  { action: 'TransactionEvent', isStart: true, isStop: false, payload: event201('Started', 'Authorized', 'Transaction.Begin') },
  ...Array.from(
    { length: METER_VALUES },
    (): LoadStep => ({ action: 'TransactionEvent', isStart: false, isStop: false, payload: updated201 }),
  ),
  { action: 'TransactionEvent', isStart: false, isStop: true, payload: event201('Ended', 'StopAuthorized', 'Transaction.End') },
];

/** Authorize, start, 5 meter values of 8 sampled values each, stop. */
export const sessionSteps = (version: OcppVersion): readonly LoadStep[] => (version === '1.6' ? SESSION_16 : SESSION_201);
