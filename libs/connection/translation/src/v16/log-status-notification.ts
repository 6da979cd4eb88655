import { type Route, reported } from '../route.js';

interface LogStatusRequest {
  readonly status: string;
  readonly requestId?: number;
}

/** OCPP 1.6 Security Whitepaper §4, OCPP 2.0.1 Part 2 N01 */
export const logStatusNotification: Route<LogStatusRequest> = reported(
  'LogStatusNotification',
  'voltlog.connection.LogStatusReported.v1',
  ({ status, requestId }: LogStatusRequest) => ({ status, requestId }),
);

/** OCPP 1.6 §4.4; its UploadFailed is 2.x's UploadFailure. */
export const diagnosticsStatusNotification: Route<LogStatusRequest> = reported(
  'DiagnosticsStatusNotification',
  'voltlog.connection.LogStatusReported.v1',
  ({ status }: LogStatusRequest) => ({ status: status === 'UploadFailed' ? 'UploadFailure' : status, requestId: undefined }),
);
