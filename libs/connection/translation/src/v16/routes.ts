import { heartbeat } from '../heartbeat.js';
import type { Route } from '../route.js';
import { signCertificate } from '../sign-certificate.js';
import { authorize } from './authorize.js';
import { bootNotification } from './boot-notification.js';
import { firmwareStatusNotification, signedFirmwareStatusNotification } from './firmware-status-notification.js';
import { diagnosticsStatusNotification, logStatusNotification } from './log-status-notification.js';
import { meterValues } from './meter-values.js';
import { dataTransfer16 } from './plug-and-charge.js';
import { securityEventNotification } from './security-event-notification.js';
import { startTransaction } from './start-transaction.js';
import { statusNotification } from './status-notification.js';
import { stopTransaction } from './stop-transaction.js';

/** Every action a 1.6 station may call. */
export const routes16 = [
  authorize,
  bootNotification,
  dataTransfer16,
  firmwareStatusNotification,
  heartbeat,
  meterValues,
  securityEventNotification,
  signedFirmwareStatusNotification,
  startTransaction,
  statusNotification,
  stopTransaction,
  diagnosticsStatusNotification,
  logStatusNotification,
  signCertificate,
] as const satisfies readonly (Route<never> | Route<unknown>)[];
