import type { LogUploadReceived, LogUploadRequested, UploadEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';

/** Reports of one upload that are kept. */
const REPORTS_MAX = 20;
/** Between two reports of how much has come: at least so long, ms, and this part of the time that the file has been coming. */
const PROGRESS_MS_MIN = 1_500;
const PROGRESS_PART = 0.25;
/** Tries of a station to bring its file. */
export const UPLOAD_ATTEMPTS_MAX = 10;
/** Bytes that have not come for so long are brought by nobody any more: whoever took them is gone, ms. */
export const UPLOAD_LOST_MS = 90_000;

export interface LogUpload extends Omit<LogUploadRequested, 'at'> {
  readonly kind: 'upload';
  /** `Waiting`: nothing has come. `Receiving`: bytes are coming. `Received`: the file is kept. `Failed`: nothing comes any more. */
  readonly state: 'Waiting' | 'Receiving' | 'Received' | 'Failed' | 'Deleted';
  /** What the station said to the command; empty: nothing yet. */
  readonly answer: string;
  readonly stationStatus: string;
  /** Its last word about the upload. */
  readonly status: string;
  readonly reports: number;
  readonly attempt: number;
  /** When the attempt began, and when it was told last how much had come. */
  readonly begunAt: string;
  readonly progressAt: string;
  /** As told last. */
  readonly receivedBytes: number;
  readonly reason: string;
  /** As the station names it. */
  readonly announcedFileName: string;
  readonly file?: Pick<LogUploadReceived, 'fileName' | 'contentType' | 'sizeBytes' | 'sha256' | 'keptUntil'>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** When bytes of a try were last told to have come; nothing of it is on the log. */
export interface UploadHeard {
  readonly attempt: number;
  readonly at: string;
}

export type LogUploadState = { readonly kind: 'none' } | LogUpload;

export type LogUploadCommand =
  | { readonly kind: 'RequestUpload'; readonly request: Omit<LogUploadRequested, 'at'>; readonly now: number }
  | {
      readonly kind: 'ReportAnswer';
      readonly state: string;
      readonly stationStatus: string;
      readonly reason: string;
      readonly fileName: string;
      readonly now: number;
    }
  | { readonly kind: 'ReportStatus'; readonly status: string; readonly requestId: number | undefined; readonly now: number }
  | { readonly kind: 'BeginUpload'; readonly heard: UploadHeard | undefined; readonly now: number }
  | { readonly kind: 'ReportProgress'; readonly attempt: number; readonly receivedBytes: number; readonly now: number }
  | { readonly kind: 'ReceiveUpload'; readonly attempt: number; readonly file: NonNullable<LogUpload['file']>; readonly now: number }
  | {
      readonly kind: 'BreakUpload';
      readonly attempt: number;
      readonly reason: string;
      readonly receivedBytes: number;
      /** Another try would break in the same way. */
      readonly final: boolean;
      readonly now: number;
    }
  | { readonly kind: 'ExpireUpload'; readonly now: number }
  | { readonly kind: 'DeleteUpload'; readonly by: string; readonly now: number };

/** `UploadUsed`: its file has come. `UploadOver`: it failed, expired or was deleted. `UploadUnderWay`: somebody is bringing it now. */
export type LogUploadRefusal = 'UploadExists' | 'UploadUnknown' | 'UploadUsed' | 'UploadOver' | 'UploadUnderWay';

/** When nobody brings the try under way any more unless bytes come before, ms; what is heard of an earlier one says nothing about it. */
export const uploadLostAt = ({ attempt, begunAt }: Pick<LogUpload, 'attempt' | 'begunAt'>, heard: UploadHeard | undefined): number =>
  UPLOAD_LOST_MS + Math.max(Date.parse(begunAt), heard?.attempt === attempt ? Date.parse(heard.at) : 0);

/** A log that a station is to upload, once. */
export const logUploadDecider: Decider<LogUploadCommand, LogUploadState, UploadEvent, LogUploadRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<UploadEvent, LogUploadRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'RequestUpload') {
      if (state.kind === 'upload') return refused('UploadExists');
      return decided<UploadEvent>({ type: 'voltlog.device.LogUploadRequested.v1', data: { ...command.request, at } });
    }
    if (state.kind === 'none') return refused('UploadUnknown');
    const { uploadId, stationId, attempt } = state;
    const of = { uploadId, stationId };
    const isOpen = state.state === 'Waiting' || state.state === 'Receiving';
    switch (command.kind) {
      case 'ReportAnswer': {
        if (state.answer !== '') return decided();
        const { state: word, stationStatus, reason, fileName } = command;
        const answered: UploadEvent = {
          type: 'voltlog.device.LogUploadAnswered.v1',
          data: { ...of, state: word, stationStatus, reason, fileName, at },
        };
        // Bytes can be here before the answer is; whether a station of `Unknown` acts will be seen.
        if (word === 'Accepted' || word === 'Unknown' || state.state !== 'Waiting') return decided(answered);
        const why = [stationStatus, reason].filter((text) => text !== '').join(', ') || word;
        return decided<UploadEvent>(answered, {
          type: 'voltlog.device.LogUploadFailed.v1',
          data: { ...of, reason: `it was not asked: ${why}`, at },
        });
      }
      case 'ReportStatus': {
        const { status, requestId } = command;
        if (state.state === 'Deleted' || (requestId !== undefined && requestId !== state.requestId)) return decided();
        if (status === 'Idle' || status === state.status || state.reports >= REPORTS_MAX) return decided();
        return decided<UploadEvent>({ type: 'voltlog.device.LogUploadReported.v1', data: { ...of, status, at } });
      }
      case 'BeginUpload': {
        if (state.state === 'Received') return refused('UploadUsed');
        if (state.state === 'Receiving' && uploadLostAt(state, command.heard) >= command.now) return refused('UploadUnderWay');
        if (!isOpen || state.expiresAt <= at || attempt >= UPLOAD_ATTEMPTS_MAX) return refused('UploadOver');
        return decided<UploadEvent>({ type: 'voltlog.device.LogUploadBegun.v1', data: { ...of, attempt: attempt + 1, at } });
      }
      case 'ReportProgress': {
        const { receivedBytes, now } = command;
        if (state.state !== 'Receiving' || command.attempt !== attempt || receivedBytes <= state.receivedBytes) return decided();
        const restMs = Math.max(PROGRESS_MS_MIN, PROGRESS_PART * (now - Date.parse(state.begunAt)));
        if (now - Date.parse(state.progressAt) < restMs) return decided();
        return decided<UploadEvent>({
          type: 'voltlog.device.LogUploadProgressed.v1',
          data: { ...of, attempt, receivedBytes, at },
        });
      }
      case 'ReceiveUpload':
        // One thought to be lost is taken as well: while nobody has begun anew, it is the file that is waited for.
        if (!isOpen || attempt === 0 || command.attempt !== attempt) return refused('UploadOver');
        return decided<UploadEvent>({ type: 'voltlog.device.LogUploadReceived.v1', data: { ...of, attempt, ...command.file, at } });
      case 'BreakUpload': {
        if (state.state !== 'Receiving' || command.attempt !== attempt) return decided();
        const { reason, receivedBytes } = command;
        const broken: UploadEvent = { type: 'voltlog.device.LogUploadBroken.v1', data: { ...of, attempt, reason, receivedBytes, at } };
        if (!command.final && attempt < UPLOAD_ATTEMPTS_MAX) return decided(broken);
        return decided<UploadEvent>(broken, { type: 'voltlog.device.LogUploadFailed.v1', data: { ...of, reason, at } });
      }
      case 'ExpireUpload': {
        if (!isOpen || state.expiresAt > at) return decided();
        const said = state.status === '' ? 'no file came in time' : `no file came in time; the station said ${state.status}`;
        return decided<UploadEvent>({ type: 'voltlog.device.LogUploadFailed.v1', data: { ...of, reason: state.reason || said, at } });
      }
      case 'DeleteUpload':
        if (state.state === 'Deleted') return decided();
        return decided<UploadEvent>({ type: 'voltlog.device.LogUploadDeleted.v1', data: { ...of, by: command.by, at } });
      default:
        return assertNever(command, 'log upload command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.LogUploadRequested.v1') {
      const { at, ...request } = data;
      const nothing = { answer: '', stationStatus: '', status: '', reports: 0, reason: '', announcedFileName: '' };
      const progress = { attempt: 0, begunAt: '', progressAt: '', receivedBytes: 0 };
      return { kind: 'upload', ...request, state: 'Waiting', ...nothing, ...progress, createdAt: at, updatedAt: at };
    }
    if (state.kind === 'none') return state;
    const updatedAt = data.at;
    switch (type) {
      case 'voltlog.device.LogUploadAnswered.v1':
        return { ...state, answer: data.state, stationStatus: data.stationStatus, announcedFileName: data.fileName, updatedAt };
      case 'voltlog.device.LogUploadReported.v1':
        return { ...state, status: data.status, reports: state.reports + 1, updatedAt };
      case 'voltlog.device.LogUploadBegun.v1':
        return {
          ...state,
          state: 'Receiving',
          attempt: data.attempt,
          reason: '',
          begunAt: data.at,
          progressAt: data.at,
          receivedBytes: 0,
          updatedAt,
        };
      case 'voltlog.device.LogUploadProgressed.v1':
        return { ...state, receivedBytes: data.receivedBytes, progressAt: data.at, updatedAt };
      case 'voltlog.device.LogUploadReceived.v1': {
        const { fileName, contentType, sizeBytes, sha256, keptUntil } = data;
        return { ...state, state: 'Received', reason: '', file: { fileName, contentType, sizeBytes, sha256, keptUntil }, updatedAt };
      }
      case 'voltlog.device.LogUploadBroken.v1':
        return { ...state, state: 'Waiting', reason: data.reason, updatedAt };
      case 'voltlog.device.LogUploadFailed.v1':
        return { ...state, state: 'Failed', reason: data.reason, updatedAt };
      case 'voltlog.device.LogUploadDeleted.v1':
        return { ...state, state: 'Deleted', updatedAt };
      default:
        return assertNever(type, 'log upload event');
    }
  },
};
