import { type LogUpload, type LogUploadState, logUploadDecider } from '@voltlog/device-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

export interface UploadDoc {
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
  readonly upload: Omit<LogUpload, 'kind'>;
  readonly stationId: string;
  readonly createdAt: string;
}

/** How many bytes of a file under way have come; nothing of it is on the log. */
export interface UploadProgressDoc {
  /** The upload's id. */
  readonly id: string;
  readonly attempt: number;
  readonly receivedBytes: number;
  readonly at: string;
}

const required = { type: String, required: true };
const count = { type: Number, required: true };

export const uploadSchema = new Schema(
  { id: required, version: count, upload: { type: Schema.Types.Mixed, required: true }, stationId: required, createdAt: required },
  { versionKey: false, minimize: false },
);
uploadSchema.index({ createdAt: 1, id: 1 });
uploadSchema.index({ stationId: 1, createdAt: 1, id: 1 });

export const uploadProgressSchema = new Schema({ id: required, attempt: count, receivedBytes: count, at: required }, { versionKey: false });

export interface UploadCollections {
  readonly uploads: Collection<UploadDoc>;
  readonly progress: Collection<UploadProgressDoc>;
}

export async function openUploadCollections(store: Store): Promise<UploadCollections> {
  return {
    uploads: await store.collection<UploadDoc>('log_uploads', uploadSchema),
    progress: await store.collection<UploadProgressDoc>('log_upload_progress', uploadProgressSchema),
  };
}

/** The streams of uploads. */
export const UPLOADS = {
  prefix: 'log-upload:',
  decider: logUploadDecider,
  toDoc: (id: string, state: LogUploadState, version: number) => (state.kind === 'none' ? undefined : uploadDoc(id, state, version)),
};

function uploadDoc(id: string, state: LogUpload, version: number): UploadDoc {
  const { kind: _, ...upload } = state;
  return { id, version, upload, stationId: upload.stationId, createdAt: upload.createdAt };
}
