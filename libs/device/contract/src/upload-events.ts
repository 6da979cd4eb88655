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

/** What the station said to the command. */
export interface LogUploadAnswered {
  readonly uploadId: string;
  /** Accepted, Rejected, NotSupported, Failed, Offline or Unknown */
  readonly state: string;
  readonly stationStatus: string;
  readonly reason: string;
  /** The name it gives the file; empty: it said none. */
  readonly fileName: string;
  readonly at: string;
}

/** The station said how far it is. */
export interface LogUploadReported {
  readonly uploadId: string;
  /** OCPP 2.1 UploadLogStatusEnumType */
  readonly status: string;
  readonly at: string;
}

/** Bytes are coming. */
export interface LogUploadBegun {
  readonly uploadId: string;
  /** Tries that began, this one included. */
  readonly attempt: number;
  readonly at: string;
}

/** So much of the file has come. Told ever more rarely: some thirty times an hour. */
export interface LogUploadProgressed {
  readonly uploadId: string;
  readonly stationId: string;
  readonly attempt: number;
  readonly receivedBytes: number;
  readonly at: string;
}

/** The file is kept. */
export interface LogUploadReceived {
  readonly uploadId: string;
  readonly attempt: number;
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The file is kept until then. */
  readonly keptUntil: string;
  readonly at: string;
}

/** A try that brought no file. The address stays good for another one. */
export interface LogUploadBroken {
  readonly uploadId: string;
  readonly attempt: number;
  readonly reason: string;
  readonly receivedBytes: number;
  readonly at: string;
}

/** Nothing comes any more. */
export interface LogUploadFailed {
  readonly uploadId: string;
  readonly reason: string;
  readonly at: string;
}

/** Somebody deleted the file. */
export interface LogUploadDeleted {
  readonly uploadId: string;
  readonly by: string;
  readonly at: string;
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
