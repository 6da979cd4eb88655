import type { LogType } from '@voltlog/device-contract';
import { RequestError } from '@voltlog/kernel';
import type { deviceLogUploadV1 as proto } from '@voltlog/proto';
import { checkFilesUrl } from './requests.js';

const LOG_TYPES: ReadonlySet<string> = new Set<LogType>(['DiagnosticsLog', 'SecurityLog', 'DataCollectorLog']);
const VALID_MINUTES_DEFAULT = 24 * 60;
const VALID_MINUTES_MAX = 7 * 24 * 60;
const TIMEOUT_MS_MAX = 120_000;

/** All but the station. @throws {RequestError} `INVALID_ARGUMENT` */
export function checkLogRequest(request: Omit<proto.RequestUploadRequest, 'stationId' | 'requestedBy'>): {
  readonly logType: LogType;
  readonly filesUrl: string;
  readonly validMinutes: number;
} {
  const { logType, oldest, latest, validMinutes, timeoutMs } = request;
  const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);
  if (!LOG_TYPES.has(logType)) throw invalid(`logType must be one of ${[...LOG_TYPES].join(', ')}`);
  if (oldest !== undefined && latest !== undefined && oldest >= latest) throw invalid('oldest must lie before latest');
  if (validMinutes > VALID_MINUTES_MAX) throw invalid(`validMinutes must be at most ${VALID_MINUTES_MAX}`);
  if (timeoutMs > TIMEOUT_MS_MAX) throw invalid(`timeoutMs must be at most ${TIMEOUT_MS_MAX}`);
  return { logType: logType as LogType, filesUrl: checkFilesUrl(request.filesUrl), validMinutes: validMinutes || VALID_MINUTES_DEFAULT };
}
