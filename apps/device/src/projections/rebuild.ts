import { STATION_TOPIC } from '@voltlog/connection-contract';
import { isStationId } from '@voltlog/device-domain';
import type { Projection } from '@voltlog/service';
import { bringUp, type Collection, rebuildCollection, rebuildFromTopic } from '@voltlog/store';
import { type JobDoc, type JobStationDoc, jobSchema, jobStationSchema } from '../jobs/job-documents.js';
import { jobDocsOf } from '../jobs/job-repository.js';
import { type DisplayDoc, displaySchema, type ReportDoc, reportSchema } from '../reports/report-documents.js';
import { DISPLAY_FACTS, REPORTS, writeDisplays, writeReports } from '../reports/report-follower.js';
import { docsOf } from '../store/device-repository.js';
import {
  type SiteDoc,
  type StationDoc,
  type StationStatusDoc,
  siteSchema,
  stationSchema,
  stationStatusSchema,
} from '../store/documents.js';
import { STATUS_FACTS, type StatusFact } from './station-status.js';
import { StatusWriter } from './status-writer.js';

/** The read models of the service: stations and sites of their streams, statuses of what stations said. */
export const deviceProjections: Readonly<Record<string, Projection>> = {
  stations: {
    about: 'stations, their EVSEs and credentials, as registered and as they told',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<StationDoc>({
        store,
        name: 'stations',
        schema: stationSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, docsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).stations);
        },
      });
      return commits;
    },
  },
  sites: {
    about: 'sites',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<SiteDoc>({
        store,
        name: 'sites',
        schema: siteSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, docsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).sites);
        },
      });
      return commits;
    },
  },
  jobs: {
    about: 'jobs, and how far each is',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<JobDoc>({
        store,
        name: 'jobs',
        schema: jobSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, jobDocsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).jobs);
        },
      });
      return commits;
    },
  },
  'job-stations': {
    about: 'what came of jobs at each station',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<JobStationDoc>({
        store,
        name: 'job_stations',
        schema: jobStationSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, jobDocsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).stations);
        },
      });
      return commits;
    },
  },
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
