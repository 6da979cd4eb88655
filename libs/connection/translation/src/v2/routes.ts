import { dataTransfer } from '../data-transfer.js';
import { heartbeat } from '../heartbeat.js';
import { passedOn, type Route } from '../route.js';
import { signCertificate } from '../sign-certificate.js';
import { firmwareStatusNotification } from '../v16/firmware-status-notification.js';
import { securityEventNotification } from '../v16/security-event-notification.js';
import { authorize } from './authorize.js';
import { bootNotification } from './boot-notification.js';
import { meterValues } from './meter-values.js';
import { notifyEvent, notifyMonitoringReport, notifyReport } from './reports.js';
import { reservationStatusUpdate } from './reservation-status-update.js';
import { statusNotification } from './status-notification.js';
import { transactionEvent } from './transaction-event.js';

/** Every action a 2.0.1 station may call and this platform can answer. */
export const routes201 = [
  authorize,
  bootNotification,
  dataTransfer,
  firmwareStatusNotification,
  heartbeat,
  meterValues,
  reservationStatusUpdate,
  securityEventNotification,
  statusNotification,
  transactionEvent,
  passedOn('ClearedChargingLimit'),
  passedOn('LogStatusNotification'),
  passedOn('NotifyChargingLimit'),
  passedOn('NotifyCustomerInformation'),
  passedOn('NotifyDisplayMessages'),
  // K15.FR.05: no profile is computed for the needs.
  passedOn('NotifyEVChargingNeeds', { status: 'Rejected' }),
  passedOn('NotifyEVChargingSchedule', { status: 'Accepted' }),
  notifyEvent,
  notifyMonitoringReport,
  notifyReport,
  passedOn('PublishFirmwareStatusNotification'),
  passedOn('ReportChargingProfiles'),
  signCertificate,
  // M06.FR.04: no OCSP responder is connected.
  passedOn('GetCertificateStatus', { status: 'Failed' }),
] as const satisfies readonly (Route<never> | Route<unknown>)[];

/** What 2.1 adds. */
export const routes21 = [
  ...routes201,
  passedOn('BatterySwap'),
  passedOn('NotifyDERAlarm'),
  passedOn('NotifyDERStartStop'),
  passedOn('NotifyPeriodicEventStream'),
  passedOn('NotifyPriorityCharging'),
  passedOn('NotifySettlement'),
  passedOn('ReportDERControl'),
  passedOn('ClosePeriodicEventStream'),
  passedOn('OpenPeriodicEventStream', { status: 'Rejected' }),
] as const satisfies readonly (Route<never> | Route<unknown>)[];
