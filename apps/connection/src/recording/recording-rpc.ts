import { RequestError } from '@voltlog/kernel';
import type { recordingsV1 } from '@voltlog/proto';
import type { Collection } from '@voltlog/store';
import { pageSize } from '../frames/frame-history.js';
import { STATION } from './anonymise.js';
import type { Recorder } from './recorder.js';
import type { RecordingChunk, RecordingRow } from './recording.schema.js';

const SECONDS_DEFAULT = 3_600;
const SECONDS_MAX = 86_400;
const BYTES_DEFAULT = 10 * 1_048_576;
const BYTES_MAX = 100 * 1_048_576;
/** Of up to 4 MB each when a station says a lot. */
const CHUNKS_PER_PAGE = 1;
export const FORMAT_VERSION = 1;

export interface RecordingRpcParts {
  readonly recorder: Recorder;
  readonly recordings: Collection<RecordingRow>;
  readonly chunks: Collection<RecordingChunk>;
}

/** `voltlog.connection.v1.RecordingService`. */
export class RecordingRpc implements recordingsV1.RecordingService {
  constructor(private readonly parts: RecordingRpcParts) {}

  async startRecording(request: recordingsV1.StartRecordingRequest): Promise<recordingsV1.StartRecordingResponse> {
    const { stationId, seconds, bytesMax } = request;
    if (stationId === '') throw new RequestError('INVALID_ARGUMENT', 'stationId is empty');
    if (seconds > SECONDS_MAX) throw new RequestError('INVALID_ARGUMENT', `seconds must be at most ${SECONDS_MAX}`);
    if (bytesMax > BYTES_MAX) throw new RequestError('INVALID_ARGUMENT', `bytesMax must be at most ${BYTES_MAX}`);
    const limits = { seconds: seconds || SECONDS_DEFAULT, bytesMax: bytesMax || BYTES_DEFAULT };
    return { recording: toMessage(await this.parts.recorder.begin(stationId, limits)) };
  }

  async stopRecording({ recordingId }: recordingsV1.StopRecordingRequest): Promise<recordingsV1.StopRecordingResponse> {
    return { recording: toMessage(await this.parts.recorder.end(recordingId)) };
  }

  async listRecordings(request: recordingsV1.ListRecordingsRequest): Promise<recordingsV1.ListRecordingsResponse> {
    const { docs, next } = await this.parts.recordings.find({
      ...(request.stationId === '' ? {} : { where: { stationId: request.stationId } }),
      sort: ['startedAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { recordings: docs.map(toMessage), nextPageToken: next ?? '' };
  }

  async getRecording({ recordingId }: recordingsV1.GetRecordingRequest): Promise<recordingsV1.GetRecordingResponse> {
    return { recording: toMessage(await this.row(recordingId)) };
  }

  async readRecording({ recordingId, pageToken }: recordingsV1.ReadRecordingRequest): Promise<recordingsV1.ReadRecordingResponse> {
    const row = await this.row(recordingId);
    const { docs, next } = await this.parts.chunks.find({
      where: { recordingId },
      sort: ['at', 1],
      limit: CHUNKS_PER_PAGE,
      ...(pageToken === '' ? {} : { after: pageToken }),
    });
    const lines = docs.flatMap((chunk) => chunk.lines);
    return { lines: pageToken === '' ? [headOf(row), ...lines] : lines, nextPageToken: next ?? '' };
  }

  async deleteRecording({ recordingId }: recordingsV1.DeleteRecordingRequest): Promise<recordingsV1.DeleteRecordingResponse> {
    await this.parts.recorder.end(recordingId);
    await this.parts.recorder.forget(recordingId);
    return {};
  }

  private async row(recordingId: string): Promise<RecordingRow> {
    const row = await this.parts.recordings.get(recordingId);
    if (row === undefined) throw new RequestError('NOT_FOUND', `there is no recording ${recordingId}`);
    return row;
  }
}

const headOf = ({ startedAt, state }: RecordingRow): string =>
  JSON.stringify({ format: 'voltlog-recording', version: FORMAT_VERSION, stationId: STATION, startedAt, state });

const toMessage = ({ id, stationId, state, startedAt, until, bytesMax, bytes, lines, endedAt }: RecordingRow): recordingsV1.Recording => ({
  recordingId: id,
  stationId,
  state,
  startedAt,
  until,
  bytesMax,
  bytes,
  lines,
  endedAt: endedAt === '' ? undefined : endedAt,
});
