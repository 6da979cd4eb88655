import { randomBytes } from 'node:crypto';
import { type LogUpload, type LogUploadRefusal, UPLOAD_LOST_MS } from '@voltlog/device-domain';
import { isoTime, RequestError } from '@voltlog/kernel';
import { type connectionV1, deviceLogUploadV1 as proto } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { FileLinks } from '../firmware/file-links.js';
import { outcomeOf, outcomeOfError } from '../jobs/answers.js';
import type { StationMemory } from '../store/station-memory.js';
import type { UploadCollections, UploadDoc, UploadProgressDoc } from '../uploads/upload-documents.js';
import type { UploadStreams } from '../uploads/uploads.js';
import { knownStation } from './known-station.js';
import { checkLogRequest } from './log-requests.js';
import { checkStationId, pageSize } from './requests.js';

const STATES: Readonly<Record<LogUpload['state'], proto.LogUploadState>> = {
  Waiting: proto.LogUploadState.WAITING,
  Receiving: proto.LogUploadState.RECEIVING,
  Received: proto.LogUploadState.RECEIVED,
  Failed: proto.LogUploadState.FAILED,
  Deleted: proto.LogUploadState.DELETED,
};
const REFUSALS: Readonly<Record<LogUploadRefusal, readonly [RequestError['code'], string]>> = {
  UploadExists: ['ALREADY_EXISTS', 'there is an upload of this id'],
  UploadUnknown: ['NOT_FOUND', 'there is no such upload'],
  UploadUsed: ['FAILED_PRECONDITION', 'this address has taken its file: it takes one'],
  UploadOver: ['FAILED_PRECONDITION', 'this address takes no file any more'],
  UploadUnderWay: ['FAILED_PRECONDITION', 'a file is coming in at this address now'],
};

export interface LogUploadGrpcParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids' | 'logger'>;
  readonly streams: UploadStreams;
  readonly collections: UploadCollections;
  readonly memory: Pick<StationMemory, 'docs'>;
  readonly links: FileLinks;
  readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand'>;
  readonly keptMs: number;
  expireAt(uploadId: string, at: string): Promise<void>;
  lookAt(uploadId: string, at: string): Promise<void>;
}

/** `voltlog.device.v1.LogUploadService` */
export class LogUploadGrpc implements proto.LogUploadService {
  constructor(private readonly parts: LogUploadGrpcParts) {}

  async requestUpload(request: proto.RequestUploadRequest): Promise<proto.RequestUploadResponse> {
    const { links, streams, expireAt } = this.parts;
    links.check();
    const now = this.now();
    await knownStation(this.parts.memory, request.stationId);
    const { logType, filesUrl, validMinutes } = checkLogRequest(request);
    const uploadId = this.parts.context.ids.next().replaceAll('-', '');
    const requestId = randomBytes(4).readUInt32BE() >>> 1;
    const expiresAt = isoTime(now + validMinutes * 60_000);
    const upload = { uploadId, stationId: request.stationId, logType, requestId, expiresAt, requestedBy: request.requestedBy };
    // That it ends is certain before it begins.
    await expireAt(uploadId, expiresAt);
    await streams.one(uploadId, { kind: 'RequestUpload', request: upload, now }, 'requested');
    const answer = await this.ask(request, requestId, links.uploadUrl(filesUrl, uploadId));
    await streams.one(uploadId, { kind: 'ReportAnswer', ...answer, now: this.now() }, 'answered');
    return { upload: await this.message(uploadId) };
  }

  async getUpload({ uploadId }: proto.GetUploadRequest): Promise<proto.GetUploadResponse> {
    return { upload: await this.message(uploadId) };
  }

  async listUploads(request: proto.ListUploadsRequest): Promise<proto.ListUploadsResponse> {
    const { stationId } = request;
    const page = await this.parts.collections.uploads.find({
      ...(stationId === '' ? {} : { where: { stationId: checkStationId(stationId) } }),
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    const progress = await this.parts.collections.progress.getMany(page.docs.map(({ id }) => id));
    return {
      uploads: page.docs.map((doc) => this.toMessage(doc, progress.get(doc.id))),
      nextPageToken: page.next ?? '',
    };
  }

  async beginUpload({ uploadId, signature }: proto.BeginUploadRequest): Promise<proto.BeginUploadResponse> {
    if (!this.parts.links.isUploadSignature(uploadId, signature))
      throw new RequestError('PERMISSION_DENIED', 'the signature of this address is wrong', 'BadSignature');
    const now = this.now();
    const heard = await this.parts.collections.progress.get(uploadId);
    // Before it begins, so that it is looked after whoever dies; and after, since what looked meanwhile saw nothing under way.
    const look = (): Promise<void> => this.parts.lookAt(uploadId, isoTime(now + UPLOAD_LOST_MS));
    await look();
    const { refusal, state } = await this.parts.streams.one(uploadId, { kind: 'BeginUpload', heard, now }, this.parts.context.ids.next());
    if (refusal !== undefined || state.kind === 'none') throw refused(refusal ?? 'UploadUnknown');
    const { attempt, stationId, logType } = state;
    await look();
    await this.noteProgress(uploadId, attempt, 0);
    return { attempt, fileId: fileIdOf(uploadId, attempt), stationId, logType, keptUntil: isoTime(now + this.parts.keptMs) };
  }

  async reportUploadProgress(request: proto.ReportUploadProgressRequest): Promise<proto.ReportUploadProgressResponse> {
    const { uploadId, attempt, receivedBytes } = request;
    const command = { kind: 'ReportProgress' as const, attempt, receivedBytes, now: this.now() };
    const { state } = await this.parts.streams.one(uploadId, command, `progress:${attempt}:${receivedBytes}`);
    // Who brings an earlier try, or what has ended, says nothing about it.
    if (state.kind === 'none' || state.attempt !== attempt || (state.state !== 'Receiving' && state.state !== 'Waiting')) return {};
    await this.noteProgress(uploadId, attempt, receivedBytes);
    return {};
  }

  async receiveUpload(request: proto.ReceiveUploadRequest): Promise<proto.ReceiveUploadResponse> {
    const { uploadId, attempt, fileName, contentType, sizeBytes, sha256, keptUntil = '' } = request;
    const file = { fileName, contentType, sizeBytes, sha256, keptUntil };
    const command = { kind: 'ReceiveUpload' as const, attempt, file, now: this.now() };
    const { refusal } = await this.parts.streams.one(uploadId, command, `received:${attempt}`);
    if (refusal !== undefined) throw refused(refusal);
    await this.parts.collections.progress.delete([uploadId]);
    return {};
  }

  async breakUpload(request: proto.BreakUploadRequest): Promise<proto.BreakUploadResponse> {
    const { uploadId, attempt, reason, receivedBytes, final } = request;
    const command = { kind: 'BreakUpload' as const, attempt, reason: reason.slice(0, 500), receivedBytes, final, now: this.now() };
    await this.parts.streams.one(uploadId, command, `broken:${attempt}`);
    return {};
  }

  async deleteUpload({ uploadId, deletedBy: by }: proto.DeleteUploadRequest): Promise<proto.DeleteUploadResponse> {
    const { refusal, state } = await this.parts.streams.one(uploadId, { kind: 'DeleteUpload', by, now: this.now() }, 'deleted');
    if (refusal !== undefined || state.kind === 'none') throw refused(refusal ?? 'UploadUnknown');
    return { fileId: state.file === undefined ? '' : fileIdOf(uploadId, state.attempt) };
  }

  /** What the station says to the command. Never rejects: that an upload was asked for is on the log. */
  private async ask(request: proto.RequestUploadRequest, requestId: number, remoteLocation: string) {
    const { stationId, logType, oldest, latest, retries, retryIntervalSeconds: retryInterval, timeoutMs } = request;
    const log = { remoteLocation, oldestTimestamp: oldest, latestTimestamp: latest };
    const getLog = { $case: 'getLog' as const, value: { logType, requestId, retries, retryInterval, log } };
    const command = { $case: 'stationRequest' as const, value: { request: getLog } };
    try {
      const outcome = outcomeOf(await this.parts.connection.sendCommand({ stationId, timeoutMs, command }));
      if (outcome.kind === 'notSent') return { state: 'Offline', stationStatus: '', reason: outcome.reason, fileName: '' };
      const { state, stationStatus, reason, responseJson } = outcome.answer;
      return { state, stationStatus, reason, fileName: fileNameIn(responseJson) };
    } catch (error) {
      this.parts.context.logger.warn({ err: error, station_id: stationId }, 'a request for a log was not answered');
      const outcome = outcomeOfError(error);
      if (outcome.kind === 'notSent') return { state: 'Offline', stationStatus: '', reason: outcome.reason, fileName: '' };
      return { state: outcome.answer.state, stationStatus: '', reason: outcome.answer.reason, fileName: '' };
    }
  }

  private async noteProgress(uploadId: string, attempt: number, receivedBytes: number): Promise<void> {
    await this.parts.collections.progress.upsert([{ doc: { id: uploadId, attempt, receivedBytes, at: isoTime(this.now()) } }]);
  }

  private async message(uploadId: string): Promise<proto.LogUpload> {
    const doc = await this.parts.collections.uploads.get(uploadId);
    if (doc === undefined) throw refused('UploadUnknown');
    const progress = await this.parts.collections.progress.get(uploadId);
    return this.toMessage(doc, progress);
  }

  private toMessage({ id, upload }: UploadDoc, progress: UploadProgressDoc | undefined): proto.LogUpload {
    const { file } = upload;
    const isKept = upload.state === 'Received' && file !== undefined && file.keptUntil > isoTime(this.now());
    return {
      uploadId: id,
      stationId: upload.stationId,
      logType: upload.logType,
      state: STATES[upload.state],
      answer: upload.answer,
      stationStatus: upload.stationStatus,
      status: upload.status,
      attempts: upload.attempt,
      reason: upload.reason,
      receivedBytes: file?.sizeBytes ?? (progress?.attempt === upload.attempt ? progress.receivedBytes : 0),
      fileId: isKept ? fileIdOf(id, upload.attempt) : '',
      fileName: file?.fileName || upload.announcedFileName,
      contentType: file?.contentType ?? '',
      sha256: file?.sha256 ?? '',
      keptUntil: file?.keptUntil,
      expiresAt: upload.expiresAt,
      requestedBy: upload.requestedBy,
      createdAt: upload.createdAt,
      updatedAt: upload.updatedAt,
    };
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}

const fileIdOf = (uploadId: string, attempt: number): string => `log-${uploadId}-${attempt}`;

/** 2.x calls it filename, 1.6 fileName. */
function fileNameIn(responseJson: string): string {
  try {
    const answer = JSON.parse(responseJson || '{}') as { readonly filename?: unknown; readonly fileName?: unknown };
    const name = answer.filename ?? answer.fileName;
    return typeof name === 'string' ? name.slice(0, 255) : '';
  } catch {
    // It was cut, being long.
    return '';
  }
}

function refused(reason: LogUploadRefusal): RequestError {
  const [code, message] = REFUSALS[reason];
  return new RequestError(code, message, reason);
}
