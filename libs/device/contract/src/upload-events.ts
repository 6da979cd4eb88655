/** Logs that stations upload to the platform. Topic `device.upload.v1`, key: the upload's id. */

export const UPLOAD_TOPIC = 'device.upload.v1';

/** OCPP 2.1 LogEnumType */
export type LogType = 'DiagnosticsLog' | 'SecurityLog' | 'DataCollectorLog';

export interface LogUploadRequested {
  readonly uploadId: string;
  readonly stationId: string;
  readonly logType: LogType;
  /** Told to the station with the command; 1.6 diagnostics do not repeat it. */
  readonly requestId: number;
  /** The address takes a file until then. */
  readonly expiresAt: string;
  readonly requestedBy: string;
  readonly at: string;
}

/** What all that follows says of the upload. */
interface OfUpload {
  readonly uploadId: string;
  /** Whose log it is. Absent: told before this was said. */
  readonly stationId?: string;
  readonly at: string;
}

/** What the station said to the command. */
export interface LogUploadAnswered extends OfUpload {
  /** Accepted, Rejected, NotSupported, Failed, Offline or Unknown */
  readonly state: string;
  readonly stationStatus: string;
  readonly reason: string;
  /** The name it gives the file; empty: it said none. */
  readonly fileName: string;
}

/** The station said how far it is. */
export interface LogUploadReported extends OfUpload {
  /** OCPP 2.1 UploadLogStatusEnumType */
  readonly status: string;
}

/** Bytes are coming. */
export interface LogUploadBegun extends OfUpload {
  /** Tries that began, this one included. */
  readonly attempt: number;
}

/** So much of the file has come. Told ever more rarely: some thirty times an hour. */
export interface LogUploadProgressed extends OfUpload {
  readonly stationId: string;
  readonly attempt: number;
  readonly receivedBytes: number;
}

/** The file is kept. */
export interface LogUploadReceived extends OfUpload {
  readonly attempt: number;
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The file is kept until then. */
  readonly keptUntil: string;
}

/** A try that brought no file. The address stays good for another one. */
export interface LogUploadBroken extends OfUpload {
  readonly attempt: number;
  readonly reason: string;
  readonly receivedBytes: number;
}

/** Nothing comes any more. */
export interface LogUploadFailed extends OfUpload {
  readonly reason: string;
}

/** Somebody deleted the file. */
export interface LogUploadDeleted extends OfUpload {
  readonly by: string;
}

/** Every event on the topic: event type -> data. */
export interface UploadEvents {
  'voltlog.device.LogUploadRequested.v1': LogUploadRequested;
  'voltlog.device.LogUploadAnswered.v1': LogUploadAnswered;
  'voltlog.device.LogUploadReported.v1': LogUploadReported;
  'voltlog.device.LogUploadBegun.v1': LogUploadBegun;
  'voltlog.device.LogUploadProgressed.v1': LogUploadProgressed;
  'voltlog.device.LogUploadReceived.v1': LogUploadReceived;
  'voltlog.device.LogUploadBroken.v1': LogUploadBroken;
  'voltlog.device.LogUploadFailed.v1': LogUploadFailed;
  'voltlog.device.LogUploadDeleted.v1': LogUploadDeleted;
}

export type UploadEvent = {
  readonly [Type in keyof UploadEvents]: { readonly type: Type; readonly data: UploadEvents[Type] };
}[keyof UploadEvents];
