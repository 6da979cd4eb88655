import { type KnownJob, PART_STATIONS_MAX } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from '../store/documents.js';
import type { JobRepository } from './job-repository.js';
import { selected } from './selection.js';

/** Parts made in one step: a step ends well before its lease does. */
const SLICE_PARTS = 20;

export interface PlanningParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly repository: Pick<JobRepository, 'part' | 'onParts' | 'onJob'>;
  readonly registry: Pick<Collections, 'stations' | 'statuses'>;
}

/**
 * Looks up stations of a job and writes them down, part after part, by rising id. A part that is there already, of an attempt that was cut
 * off, stays as it is, and the next one goes on behind it: so no station is in two parts, and none is left out.
 */
export async function planSlice({ context, repository, registry }: PlanningParts, job: KnownJob): Promise<void> {
  const { jobId, selection } = job;
  const before = await planned(repository, jobId);
  let { part } = before;
  let made = 0;
  let next: string[] = [];
  /** False: another instance wrote this part first, with other stations. The next step goes on behind those. */
  const write = async (stationIds: readonly string[]): Promise<boolean> => {
    const command = { kind: 'PlanPart' as const, jobId, part, stationIds, now: context.clock.now() };
    const [execution] = await repository.onParts([{ jobId, part, command, causationId: 'plan' }]);
    const there = execution?.state?.stations ?? {};
    part += 1;
    made += 1;
    return Object.keys(there).length === stationIds.length && stationIds.every((id) => id in there);
  };
  for await (const ids of selected(registry, selection, before.last)) {
    next.push(...ids);
    for (; next.length >= PART_STATIONS_MAX; next = next.slice(PART_STATIONS_MAX)) {
      // The rest is for the next step.
      if (made === SLICE_PARTS) return;
      if (!(await write(next.slice(0, PART_STATIONS_MAX)))) return;
    }
  }
  if (next.length > 0 && !(await write(next))) return;
  const stationCount = await stationsIn(repository, jobId, part);
  await repository.onJob(jobId, { kind: 'ReportPlanned', partCount: part, stationCount, now: context.clock.now() }, 'planned');
}

/** How far it is: the number of the first part that is missing, found in few looks, and the last station of the one before. */
async function planned(repository: Pick<PlanningParts['repository'], 'part'>, jobId: string): Promise<{ part: number; last: string }> {
  const isThere = async (number: number): Promise<boolean> => (await repository.part(jobId, number)) !== undefined;
  let missing = 0;
  while (await isThere(missing)) missing = 2 * missing + 1;
  // All before `there` are, and `missing` is not.
  for (let there = (missing + 1) >> 1; there < missing; ) {
    const middle = (there + missing) >> 1;
    if (await isThere(middle)) there = middle + 1;
    else missing = middle;
  }
  const before = missing === 0 ? undefined : await repository.part(jobId, missing - 1);
  return { part: missing, last: Object.keys(before?.stations ?? {}).reduce((max, id) => (id > max ? id : max), '') };
}

async function stationsIn(repository: Pick<PlanningParts['repository'], 'part'>, jobId: string, partCount: number): Promise<number> {
  let count = 0;
  for (let part = 0; part < partCount; part += 1) count += Object.keys((await repository.part(jobId, part))?.stations ?? {}).length;
  return count;
}
