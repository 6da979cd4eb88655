import { expect, it } from 'vitest';
import type { Collections, StationDoc } from '../store/documents.js';
import { selected } from './selection.js';

const docs = new Map(
  (
    [
      ['CP-1', 'Voltmaker', 'AC22', '1.4.2'],
      ['CP-2', 'VOLTMAKER', 'AC11', '2.0'],
      ['CP-3', 'Other', 'AC22', ''],
    ] as const
  ).map(([id, vendor, model, firmwareVersion]) => [id, { id, lifecycle: 'Active', vendor, model, firmwareVersion } as StationDoc]),
);

it.each([
  [{ vendor: 'voltmaker' }, ['CP-1', 'CP-2']],
  [{ vendor: 'Volt' }, []],
  [{ model: 'ac*' }, ['CP-1', 'CP-2', 'CP-3']],
  [{ firmwareVersion: '1.*' }, ['CP-1']],
  [{ firmwareVersion: '1.4' }, []],
  [{ vendor: 'Voltmaker', firmwareVersion: '2.0' }, ['CP-2']],
])('a selection names vendor, model and firmware as templates do: %j', async (condition, ids) => {
  const found: string[] = [];
  const stations = { getMany: async () => docs } as unknown as Collections['stations'];
  const statuses = {} as Collections['statuses'];
  for await (const page of selected({ stations, statuses }, { stationIds: [...docs.keys()], ...condition })) found.push(...page);
  expect(found).toEqual(ids);
});
