import type { deviceLogUploadV1 } from '@voltlog/proto';
import { z } from 'zod';
import { timeoutMs } from './command.view.js';
import { instant, instantIn, orNull, pageOf, pageQuery, stationId, wordOf } from './common.js';

const STATES = ['Waiting', 'Receiving', 'Received', 'Failed', 'Deleted'] as const;

const wanted = {
  logType: z
    .enum(['DiagnosticsLog', 'SecurityLog', 'DataCollectorLog'])
    .default('DiagnosticsLog')
    .meta({ description: '1.6: DiagnosticsLog is GetDiagnostics; it has no DataCollectorLog' }),
  oldest: instantIn.optional().meta({ description: 'from when on the log is wanted' }),
  latest: instantIn.optional(),
  retries: z.int().min(0).max(10).optional().meta({ description: 'how often the station is to try again' }),
  retryIntervalSeconds: z.int().min(0).max(86_400).optional(),
  validMinutes: z.int().min(1).max(10_080).default(1_440).meta({ description: 'how long the address takes a file' }),
};
export const newLogUpload = z.strictObject({ ...wanted, timeoutMs }).meta({ id: 'NewLogUpload' });
/** The same of many stations, by a job. */
export const collectLogIn = z.strictObject(wanted);

export const logUploadQuery = pageQuery.extend({ stationId: stationId.optional() });

export const logUploadView = z
  .object({
    uploadId: z.string(),
    stationId: z.string(),
    logType: z.string(),
    state: z.enum(STATES).meta({ description: 'Waiting: nothing has come yet, or a try broke off and another may come' }),
    answer: z.string().nullable().meta({ description: 'Accepted, Rejected, NotSupported, Failed, Offline or Unknown' }),
    stationStatus: z.string().nullable().meta({ description: "the station's own word" }),
    status: z.string().nullable().meta({ description: 'what the station last said about it' }),
    attempts: z.int().meta({ description: 'files that began to come' }),
    reason: z.string().nullable(),
    receivedBytes: z.int(),
    fileName: z.string().nullable(),
    contentType: z.string().nullable(),
    sha256: z.string().nullable(),
    downloadable: z.boolean(),
    keptUntil: instant.nullable(),
    expiresAt: instant,
    requestedBy: z.string().nullable(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'LogUpload' });
export const logUploadPage = pageOf(logUploadView, 'LogUploadPage');

export const toLogUpload = (upload: deviceLogUploadV1.LogUpload): z.input<typeof logUploadView> => ({
  uploadId: upload.uploadId,
  stationId: upload.stationId,
  logType: upload.logType,
  state: wordOf(upload.state, 'LOG_UPLOAD_STATE_') as (typeof STATES)[number],
  answer: orNull(upload.answer),
  stationStatus: orNull(upload.stationStatus),
  status: orNull(upload.status),
  attempts: upload.attempts,
  reason: orNull(upload.reason),
  receivedBytes: upload.receivedBytes,
  fileName: orNull(upload.fileName),
  contentType: orNull(upload.contentType),
  sha256: orNull(upload.sha256),
  downloadable: upload.fileId !== '',
  keptUntil: upload.keptUntil ?? null,
  expiresAt: upload.expiresAt ?? '',
  requestedBy: orNull(upload.requestedBy),
  createdAt: upload.createdAt ?? '',
  updatedAt: upload.updatedAt ?? '',
});
