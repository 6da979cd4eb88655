import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { OutboxRelay } from '@voltlog/store';
import type { DeviceConfig } from '../config.js';
import { JobGrpc } from '../grpc/job.grpc.js';
import type { Model } from '../model/model.js';
import type { Collections } from '../store/documents.js';
import { type AskingParts, asking } from './asking.js';
import { type JobCollections, openJobCollections } from './job-documents.js';
import { JobFollower } from './job-follower.js';
import { JobRepository } from './job-repository.js';
import { JobWorker } from './job-worker.js';
import { JobRetention } from './retention.js';

/** A station may take as long as a command may wait, and the way there and back. */
const DEADLINE_MS = 125_000;

/** Bulk work, joined. */
export interface Jobs {
  readonly grpc: JobGrpc;
  /** For those who make jobs of their own. */
  readonly parts: { readonly repository: JobRepository; readonly collections: JobCollections; readonly worker: JobWorker };
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createJobs(
  context: ServiceContext,
  { jobs: options, security: { connectionGrpc } }: DeviceConfig,
  registry: Collections,
  outbox: Pick<OutboxRelay, 'publish'>,
  { model, uploads, forStation }: Pick<AskingParts, 'uploads' | 'forStation'> & { readonly model: Pick<Model, 'reconciler' | 'templates'> },
): Promise<Jobs> {
  const jobs = await openJobCollections(context.store);
  const repository = new JobRepository(context, jobs, outbox);
  const connection = context.rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
    address: connectionGrpc,
    deadlineMs: DEADLINE_MS,
  });
  const ask = asking({ context, connection, reconciler: model.reconciler, uploads, forStation });
  const worker = new JobWorker({ context, repository, jobs, registry, connection, ask, lookMs: options.lookMs });
  const retention = new JobRetention(context, jobs, options.keepDays, options.lookMs);
  const follower = new JobFollower(context, repository, jobs, worker);
  return {
    grpc: new JobGrpc({ context, repository, jobs, registry, templates: model.templates, worker }),
    parts: { repository, collections: jobs, worker },
    async start() {
      await follower.start();
      worker.start();
      await retention.start();
    },
    async stop() {
      await retention.stop();
      await follower.stop();
      await worker.stop();
    },
  };
}
