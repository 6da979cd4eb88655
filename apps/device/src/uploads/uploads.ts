import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import { UPLOAD_TOPIC, type UploadEvent } from '@voltlog/device-contract';
import {
  isStationId,
  type LogUpload,
  type LogUploadCommand,
  type LogUploadRefusal,
  type LogUploadState,
  UPLOAD_LOST_MS,
  type UploadHeard,
  uploadLostAt,
} from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { isoTime } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { type OutboxRelay, type Timer, TimerLoop } from '@voltlog/store';
import type { DeviceConfig } from '../config.js';
import type { FileLinks } from '../firmware/file-links.js';
import { LogUploadGrpc } from '../grpc/log-upload.grpc.js';
import { DocumentedStreams } from '../store/documented-streams.js';
import type { StationMemory } from '../store/station-memory.js';
import { openUploadCollections, UPLOADS, type UploadCollections, type UploadDoc } from './upload-documents.js';

const GROUP = 'device-uploads';
const EXPIRY = 'LogUploadExpiry';
const SILENCE = 'LogUploadSilence';
const STATUS = 'voltlog.connection.LogStatusReported.v1';
/** Uploads of a station that what it says may be about. */
const RECENT = 20;
/** A service that is back gives up nothing before: who takes bytes tells of them every 2 s, and has to find it again first, ms. */
const HEARING_MS = 10_000;
const SILENT = 'The bytes stopped coming: whoever took them is gone.';
/** A station may take as long as a command may wait, and the way there and back. */
const DEADLINE_MS = 125_000;

export type UploadStreams = DocumentedStreams<LogUploadCommand, LogUploadState, UploadEvent, LogUploadRefusal, UploadDoc>;

export interface Uploads {
  readonly grpc: LogUploadGrpc;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Logs that stations upload, joined. */
export async function createUploads(
  context: ServiceContext,
  { files: { uploadMs }, security: { connectionGrpc } }: DeviceConfig,
  outbox: Pick<OutboxRelay, 'publish'>,
  { links, memory }: { readonly links: FileLinks; readonly memory: Pick<StationMemory, 'docs'> },
): Promise<Uploads> {
  const collections = await openUploadCollections(context.store);
  const streams: UploadStreams = new DocumentedStreams({ context, outbox, ...UPLOADS, collection: collections.uploads });
  const connection = context.rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
    address: connectionGrpc,
    deadlineMs: DEADLINE_MS,
  });
  const follower = new UploadFollower(context, streams, collections);
  return {
    grpc: new LogUploadGrpc({
      context,
      streams,
      collections,
      memory,
      links,
      connection,
      keptMs: uploadMs,
      expireAt: (id, at) => follower.expireAt(id, at),
      lookAt: (id, at) => follower.lookAt(id, at),
    }),
    start: () => follower.start(),
    stop: () => follower.stop(),
  };
}

/** Brings what stations say about uploads to them, and ends those whose time is over, and tries that nobody brings any more. */
class UploadFollower {
  private subscriptions: readonly Subscription[] = [];
  /** ms. */
  private startedAt = 0;
  private readonly expiry: TimerLoop;
  private readonly silence: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly streams: UploadStreams,
    private readonly collections: UploadCollections,
  ) {
    const { store, clock, logger } = context;
    this.expiry = new TimerLoop({ timers: store.timers, kind: EXPIRY, clock, logger, handle: (timer) => this.expire(timer) });
    this.silence = new TimerLoop({ timers: store.timers, kind: SILENCE, clock, logger, handle: (timer) => this.look(timer) });
  }

  async start(): Promise<void> {
    const { log, clock } = this.context;
    this.startedAt = clock.now();
    this.expiry.start();
    this.silence.start();
    this.subscriptions = await Promise.all([
      log.subscribe({ group: GROUP, topics: [UPLOAD_TOPIC], handle: (batch) => this.streams.mend(batch.map(({ event }) => event)) }),
      log.subscribe({ group: `${GROUP}-stations`, topics: [STATION_TOPIC], types: [STATUS], handle: (batch) => this.said(batch) }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
    await Promise.all([this.expiry.stop(), this.silence.stop()]);
  }

  expireAt(uploadId: string, at: string): Promise<void> {
    return this.context.store.timers.schedule([{ id: `log-upload:${uploadId}`, kind: EXPIRY, dueAt: at, payload: uploadId }]);
  }

  /** Whether bytes still come is looked at then, or before; who tries again and again puts it off no further. */
  lookAt(uploadId: string, at: string): Promise<void> {
    return this.context.store.timers.scheduleNoLater([
      { id: `log-upload-silence:${uploadId}`, kind: SILENCE, dueAt: at, payload: uploadId },
    ]);
  }

  /** Who takes the bytes can die, and who would be told of it as well. */
  private async look({ payload }: Timer): Promise<void> {
    const uploadId = String(payload);
    const now = this.context.clock.now();
    const state = await this.streams.state(uploadId);
    if (state.kind === 'none' || state.state !== 'Receiving') return;
    const progress = await this.collections.progress.get(uploadId);
    const lostAt = this.givenUpAt(state, progress);
    if (lostAt > now) return this.lookAt(uploadId, isoTime(lostAt));
    const { attempt } = state;
    const receivedBytes = progress?.attempt === attempt ? progress.receivedBytes : 0;
    const broken = { kind: 'BreakUpload', attempt, reason: SILENT, receivedBytes, final: false, now } as const;
    await this.streams.one(uploadId, broken, `silent:${attempt}`);
  }

  /** ms. While this instance was away nobody may have been there to be told. */
  private givenUpAt(upload: LogUpload, heard: UploadHeard | undefined): number {
    return Math.max(uploadLostAt(upload, heard), this.startedAt + HEARING_MS);
  }

  private async expire({ payload }: Timer): Promise<void> {
    const uploadId = String(payload);
    const now = this.context.clock.now();
    const state = await this.streams.state(uploadId);
    if (state.kind === 'none') return;
    const progress = await this.collections.progress.get(uploadId);
    // One that is coming in is not cut off.
    if (state.state === 'Receiving' && this.givenUpAt(state, progress) > now) return this.expireAt(uploadId, isoTime(now + UPLOAD_LOST_MS));
    await this.streams.one(uploadId, { kind: 'ExpireUpload', now }, 'expired');
    await this.collections.progress.delete([uploadId]);
  }

  private async said(batch: readonly LogRecord[]): Promise<void> {
    for (const { event } of batch) {
      const { stationId, status, requestId, receivedAt } = event.data as StationFacts[typeof STATUS];
      if (!isStationId(stationId)) continue;
      const { docs } = await this.collections.uploads.find({ where: { stationId }, sort: ['createdAt', -1], limit: RECENT });
      // Diagnostics of 1.6 name no request: it can be about the last one only.
      const about = docs.find(({ upload }) =>
        requestId === undefined ? upload.logType === 'DiagnosticsLog' : upload.requestId === requestId,
      );
      if (about === undefined) continue;
      await this.streams.one(about.id, { kind: 'ReportStatus', status, requestId, now: Date.parse(receivedAt) }, event.id);
    }
  }
}
