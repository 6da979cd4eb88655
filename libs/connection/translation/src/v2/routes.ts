import { dataTransfer } from '../data-transfer.js';
import { heartbeat } from '../heartbeat.js';
import type { Route } from '../route.js';
import { signCertificate } from '../sign-certificate.js';
import { firmwareStatusNotification } from '../v16/firmware-status-notification.js';
import { logStatusNotification } from '../v16/log-status-notification.js';
import { securityEventNotification } from '../v16/security-event-notification.js';
import { authorize } from './authorize.js';
import { bootNotification } from './boot-notification.js';
import { getCertificateChainStatus, getCertificateStatus } from './certificate-status.js';
import { getEvCertificate } from './ev-certificate.js';
import { meterValues } from './meter-values.js';
import { notices21, notices201 } from './notices.js';
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
  signCertificate,
  logStatusNotification,
  notifyEvent,
  notifyMonitoringReport,
  notifyReport,
  getCertificateStatus,
  getEvCertificate,
  ...notices201,
] as const satisfies readonly Route<never>[];

/** What 2.1 adds. */
export const routes21 = [...routes201, getCertificateChainStatus, ...notices21] as const satisfies readonly Route<never>[];
