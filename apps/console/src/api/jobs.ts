import { useList, useRead } from './lists.js';

export const STATION_STATES = [
  'Pending',
  'Waiting',
  'Sending',
  'Accepted',
  'Rejected',
  'NotSupported',
  'Failed',
  'Unknown',
  'Expired',
  'Cancelled',
] as const;
export type JobStationState = (typeof STATION_STATES)[number];

export interface Job {
  readonly jobId: string;
  readonly name: string | null;
  readonly command: { readonly name: string };
  readonly state: 'Planning' | 'Running' | 'Paused' | 'Cancelling' | 'Ended';
  readonly pausedBecause: string | null;
  readonly outcome: 'Completed' | 'Cancelled' | 'Expired' | null;
  readonly stationCount: number;
  readonly counts: Readonly<Partial<Record<JobStationState, number>>>;
  readonly failureBound: { readonly percent: number; readonly stations: number } | null;
  readonly stationsPerMinute: number;
  readonly round: number;
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface JobStation {
  readonly stationId: string;
  readonly state: JobStationState;
  readonly attempts: number;
  readonly stationStatus: string | null;
  readonly reason: string | null;
  readonly response: unknown;
}

/** Stations that are through, whatever came of them. */
export const through = ({ stationCount, counts }: Job): number =>
  stationCount - (counts.Pending ?? 0) - (counts.Waiting ?? 0) - (counts.Sending ?? 0);

export const inWords = (state: JobStationState): string => (state === 'NotSupported' ? 'Not supported' : state);

export const ofJob = (jobId: string): string => `/v1/jobs/${encodeURIComponent(jobId)}`;

export const useJobs = () => useList<Job>('jobs', '/v1/jobs?limit=25');
export const useJob = (jobId: string) => useRead<Job>('jobs', ofJob(jobId));
export const useJobStations = (jobId: string, state: JobStationState | undefined) =>
  useList<JobStation>('jobs', `${ofJob(jobId)}/stations?limit=50${state === undefined ? '' : `&state=${state}`}`);
