import type { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { OutboxRelay } from '@voltlog/store';
import type { DeviceConfig } from '../config.js';
import { FirmwareGrpc } from '../grpc/firmware.grpc.js';
import type { Jobs } from '../jobs/jobs.js';
import type { Alerts } from '../model/alerts.js';
import type { Collections } from '../store/documents.js';
import { CampaignFollower } from './campaign-follower.js';
import { signedFor } from './campaign-job.js';
import { CampaignWorker } from './campaign-worker.js';
import { FileLinks } from './file-links.js';
import { FirmwareAlerts } from './firmware-alerts.js';
import { type FirmwareCollections, openFirmwareCollections } from './firmware-documents.js';
import { type FirmwareStreams, firmwareStreams } from './firmware-streams.js';
import { RollBacks } from './roll-backs.js';

/** Images of firmware, and what a station is told of them. */
export interface Images {
  readonly links: FileLinks;
  readonly collections: FirmwareCollections;
  readonly streams: FirmwareStreams;
  /** A command of a job with the address of an image signed for its station. */
  forStation(request: connectionV1.SendCommandRequest, jobId: string): Promise<connectionV1.SendCommandRequest>;
}

export async function createImages(
  context: ServiceContext,
  { security: { secretKey }, files }: DeviceConfig,
  outbox: Pick<OutboxRelay, 'publish'>,
): Promise<Images> {
  const links = new FileLinks(secretKey);
  const collections = await openFirmwareCollections(context.store);
  const streams = firmwareStreams(context, collections, outbox);
  return {
    links,
    collections,
    streams,
    forStation: (request, jobId) => signedFor(request, jobId, links, collections, { linkMs: files.linkMs, now: context.clock.now() }),
  };
}

/** Campaigns, joined. */
export interface Firmware {
  readonly grpc: FirmwareGrpc;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createFirmware(
  context: ServiceContext,
  { jobs: { lookMs } }: DeviceConfig,
  registry: Collections,
  images: Images,
  jobs: Jobs,
  alerts: Alerts,
): Firmware {
  const { collections, streams, links } = images;
  const worker = new CampaignWorker({ context, collections, streams, registry, jobs: jobs.parts, lookMs });
  const follower = new CampaignFollower(context, streams, collections, worker, new FirmwareAlerts(alerts, registry));
  return {
    grpc: new FirmwareGrpc({
      context,
      collections,
      streams,
      registry,
      links,
      worker,
      rollBacks: new RollBacks({ context, collections, streams }),
    }),
    async start() {
      await follower.start();
      worker.start();
    },
    async stop() {
      await follower.stop();
      await worker.stop();
    },
  };
}
