import { STATION_TOPIC } from '@voltlog/connection-contract';
import { isStationId, moveDecider, stationMoveDecider } from '@voltlog/device-domain';
import type { Projection } from '@voltlog/service';
import { bringUp, type Collection, type Commit, rebuildCollection, rebuildFromTopic } from '@voltlog/store';
import type { Schema } from 'mongoose';
import {
  type CampaignDoc,
  type CampaignStationDoc,
  campaignSchema,
  campaignStationSchema,
  imageSchema,
  type PublicationDoc,
  publicationSchema,
  type StoredImage,
} from '../firmware/firmware-documents.js';
import { CAMPAIGNS, IMAGES, PUBLICATIONS, UPDATES } from '../firmware/firmware-streams.js';
import { type JobDoc, type JobStationDoc, jobSchema, jobStationSchema } from '../jobs/job-documents.js';
import { jobDocsOf } from '../jobs/job-repository.js';
import { ALERTS } from '../model/alerts.js';
import { CONFIGURATIONS, MODELS, TEMPLATES } from '../model/documents.js';
import { type MoveDoc, moveSchema, type StationMoveDoc, stationMoveSchema } from '../moves/move-documents.js';
import { MOVE, moveDoc, STATION_MOVE, stationMoveDoc } from '../moves/move-streams.js';
import { type DisplayDoc, displaySchema, type ReportDoc, reportSchema } from '../reports/report-documents.js';
import { DISPLAY_FACTS, REPORTS, writeDisplays, writeReports } from '../reports/report-follower.js';
import { docsOf } from '../store/device-repository.js';
import { documentsOf } from '../store/documented-streams.js';
import {
  type SiteDoc,
  type StationDoc,
  type StationStatusDoc,
  siteSchema,
  stationSchema,
  stationStatusSchema,
} from '../store/documents.js';
import { UPLOADS, type UploadDoc, uploadSchema } from '../uploads/upload-documents.js';
import { STATUS_FACTS, type StatusFact } from './station-status.js';
import { StatusWriter } from './status-writer.js';

/** A read model of which each document is what one stream, or some of them, fold to. */
const fromStreams = <Doc extends { readonly id: string; readonly version: number }>(
  about: string,
  { name, schema }: { readonly name: string; readonly schema: Schema },
  docs: (streams: ReadonlyMap<string, readonly Commit[]>) => readonly Doc[],
): Projection => ({
  about,
  from: 'commits',
  async rebuild({ store }, onProgress) {
    const { commits } = await rebuildCollection<Doc>({
      store,
      name,
      schema,
      onProgress: (progress) => onProgress(progress.commits),
      async project(batch, target) {
        await bringUp(target, docs(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])));
      },
    });
    return commits;
  },
});

/** The read models of the service: those of its own streams, and those of what stations said. */
export const deviceProjections: Readonly<Record<string, Projection>> = {
  stations: fromStreams<StationDoc>(
    'stations, their EVSEs and credentials, as registered and as they told',
    { name: 'stations', schema: stationSchema },
    (streams) => docsOf(streams).stations,
  ),
  sites: fromStreams<SiteDoc>('sites', { name: 'sites', schema: siteSchema }, (streams) => docsOf(streams).sites),
  jobs: fromStreams<JobDoc>('jobs, and how far each is', { name: 'jobs', schema: jobSchema }, (streams) => jobDocsOf(streams).jobs),
  'job-stations': fromStreams<JobStationDoc>(
    'what came of jobs at each station',
    { name: 'job_stations', schema: jobStationSchema },
    (streams) => jobDocsOf(streams).stations,
  ),
  'device-models': fromStreams('what stations told of their device model', MODELS, (streams) => documentsOf(streams, MODELS)),
  'configuration-templates': fromStreams('configuration templates', TEMPLATES, (streams) => documentsOf(streams, TEMPLATES)),
  configurations: fromStreams('what is intended for each station, and its outages', CONFIGURATIONS, (streams) =>
    documentsOf(streams, CONFIGURATIONS),
  ),
  moves: fromStreams<MoveDoc>('moves of stations to another CSMS, or here', { name: 'moves', schema: moveSchema }, (streams) =>
    documentsOf(streams, { prefix: MOVE, decider: moveDecider, toDoc: moveDoc }),
  ),
  'station-moves': fromStreams<StationMoveDoc>(
    'how far each station of a move is',
    { name: 'station_moves', schema: stationMoveSchema },
    (streams) => documentsOf(streams, { prefix: STATION_MOVE, decider: stationMoveDecider, toDoc: stationMoveDoc }),
  ),
  'firmware-images': fromStreams<StoredImage>(
    'firmware images, but for their bytes',
    { name: 'firmware_images', schema: imageSchema },
    (streams) => documentsOf(streams, IMAGES),
  ),
  campaigns: fromStreams<CampaignDoc>('firmware campaigns', { name: 'campaigns', schema: campaignSchema }, (streams) =>
    documentsOf(streams, CAMPAIGNS),
  ),
  'campaign-stations': fromStreams<CampaignStationDoc>(
    'how far each station of a firmware campaign is',
    { name: 'campaign_stations', schema: campaignStationSchema },
    (streams) => documentsOf(streams, UPDATES),
  ),
  'firmware-publications': fromStreams<PublicationDoc>(
    'how far local controllers are that publish firmware',
    { name: 'firmware_publications', schema: publicationSchema },
    (streams) => documentsOf(streams, PUBLICATIONS),
  ),
  'log-uploads': fromStreams<UploadDoc>(
    'logs that stations upload, but for their bytes',
    { name: 'log_uploads', schema: uploadSchema },
    (streams) => documentsOf(streams, UPLOADS),
  ),
  alerts: fromStreams('alerts', ALERTS, (streams) => documentsOf(streams, ALERTS)),
  statuses: {
    about: 'whether stations are connected, and what they last said of their connectors and firmware',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const writers = new Map<Collection<StationStatusDoc>, StatusWriter>();
      const { records } = await rebuildFromTopic<StationStatusDoc>({
        store,
        log,
        topic: STATION_TOPIC,
        types: STATUS_FACTS,
        name: 'station_statuses',
        schema: stationStatusSchema,
        onProgress: (progress) => onProgress(progress.records),
        async project(batch, target) {
          const writer = writers.get(target) ?? new StatusWriter(target);
          writers.set(target, writer);
          const facts = batch.map(({ event }) => ({ type: event.type, data: event.data }) as StatusFact);
          await writer.write(facts.filter(({ data }) => isStationId(data.stationId)));
        },
      });
      return records;
    },
  },
  reports: {
    about: 'what stations reported besides charging',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const { records } = await rebuildFromTopic<ReportDoc>({
        store,
        log,
        topic: STATION_TOPIC,
        types: REPORTS,
        name: 'station_reports',
        schema: reportSchema,
        onProgress: (progress) => onProgress(progress.records),
        project: (batch, target) => writeReports(target, batch),
      });
      return records;
    },
  },
  displays: {
    about: 'messages on the displays of stations',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const { records } = await rebuildFromTopic<DisplayDoc>({
        store,
        log,
        topic: STATION_TOPIC,
        types: DISPLAY_FACTS,
        name: 'station_displays',
        schema: displaySchema,
        onProgress: (progress) => onProgress(progress.records),
        project: (batch, target) => writeDisplays(target, batch),
      });
      return records;
    },
  },
};
