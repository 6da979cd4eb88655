import type { JobPartEvent } from '@voltlog/device-contract';
import { type JobPartState, jobPartDecider, type KnownJob, PART_STATIONS_MAX } from '@voltlog/device-domain';
import { fold } from '@voltlog/kernel';
import { expect, it } from 'vitest';
import { type PlanningParts, planSlice } from './planning.js';

it('leaves no station out when another instance plans the same job, and puts none into two parts', async () => {
  const ids = Array.from({ length: 2 * PART_STATIONS_MAX + 50 }, (_, n) => `CP-${String(n).padStart(4, '0')}`);
  const parts = new Map<number, JobPartState>();
  const plan = (part: number, stationIds: readonly string[]): void => {
    const command = { kind: 'PlanPart' as const, jobId: 'j', part, stationIds, now: 0 };
    const decision = jobPartDecider.decide(command, parts.get(part));
    if (decision.ok) parts.set(part, fold<JobPartState, JobPartEvent>(jobPartDecider, [...decision.events], parts.get(part)));
  };
  const planned: unknown[] = [];
  const repository = {
    part: (_: string, part: number) => Promise.resolve(parts.get(part)),
    onParts: ([input]: readonly { part: number; command: { stationIds: readonly string[] } }[]) => {
      const { part = 0, command } = input ?? {};
      // The other one was first with the second part, and knew fewer stations.
      if (part === 1) plan(1, ids.slice(PART_STATIONS_MAX, 2 * PART_STATIONS_MAX - 10));
      plan(part, command?.stationIds ?? []);
      return Promise.resolve([{ state: parts.get(part) }]);
    },
    onJob: (_: string, command: unknown) => Promise.resolve(planned.push(command)),
  };
  const stations = {
    getMany: (some: readonly string[]) => Promise.resolve(new Map(some.map((id) => [id, { id, lifecycle: 'Active' }]))),
  };
  const all = { context: { clock: { now: () => 0 } }, repository, registry: { stations } } as unknown as PlanningParts;
  for (let step = 0; planned.length === 0 && step < 5; step += 1) {
    await planSlice(all, { jobId: 'j', selection: { stationIds: ids } } as unknown as KnownJob);
  }
  expect(planned).toMatchObject([{ kind: 'ReportPlanned', stationCount: ids.length }]);
  expect([...parts.values()].flatMap((part) => Object.keys(part?.stations ?? {})).toSorted()).toEqual(ids);
});

it.each([0, 1, 2, 3, 7, 8, 100, 641])('goes on behind %i parts that are there, without reading each in each step', async (there) => {
  const idOf = (n: number): string => `CP-${String(n).padStart(6, '0')}`;
  const reads: number[] = [];
  const written: { part: number; stationIds: readonly string[] }[] = [];
  const repository = {
    part: (_: string, part: number) => {
      reads.push(part);
      return Promise.resolve(part < there ? { stations: { [idOf(part)]: {} } } : undefined);
    },
    onParts: ([{ command }]: readonly [{ command: { part: number; stationIds: readonly string[] } }]) => {
      written.push(command);
      // The step ends here, as if another instance had been first.
      return Promise.resolve([{ state: { stations: {} } }]);
    },
  };
  const stations = { getMany: (some: readonly string[]) => Promise.resolve(new Map(some.map((id) => [id, { id, lifecycle: 'Active' }]))) };
  const all = { context: { clock: { now: () => 0 } }, repository, registry: { stations } } as unknown as PlanningParts;
  const ids = Array.from({ length: there + 2 }, (_, n) => idOf(n));
  await planSlice(all, { jobId: 'j', selection: { stationIds: ids } } as unknown as KnownJob);
  expect(written).toMatchObject([{ part: there, stationIds: ids.slice(there) }]);
  expect(reads.length).toBeLessThan(30);
});
