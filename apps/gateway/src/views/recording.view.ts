import type { recordingsV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, pageOf, stationId } from './common.js';

export const recordingView = z
  .object({
    recordingId: z.string(),
    stationId: z.string(),
    state: z.enum(['Active', 'Stopped', 'Full', 'Expired']),
    startedAt: instant,
    until: instant.meta({ description: 'it ends by itself then' }),
    endedAt: instant.nullable(),
    bytes: z.int(),
    bytesMax: z.int(),
    lines: z.int(),
  })
  .meta({ id: 'Recording' });
export const recordingPage = pageOf(recordingView, 'RecordingPage');

export const newRecording = z
  .strictObject({
    minutes: z.int().min(1).max(1_440).default(60).meta({ description: 'it ends by itself then' }),
    bytesMax: z
      .int()
      .min(1_024)
      .max(100 * 1_048_576)
      .default(10 * 1_048_576)
      .meta({ description: 'it ends by itself with as many' }),
  })
  .meta({ id: 'NewRecording' });
export const recordingParams = z.object({ stationId, recordingId: identifier('recordingId', 64) });
export const recordingFile = z.string().meta({ id: 'RecordingFile', description: 'one message a line' });

export const toRecording = (recording: recordingsV1.Recording): z.input<typeof recordingView> => ({
  recordingId: recording.recordingId,
  stationId: recording.stationId,
  state: recording.state as z.input<typeof recordingView>['state'],
  startedAt: recording.startedAt ?? '',
  until: recording.until ?? '',
  endedAt: recording.endedAt ?? null,
  bytes: recording.bytes,
  bytesMax: recording.bytesMax,
  lines: recording.lines,
});
