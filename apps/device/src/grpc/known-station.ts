import type { StationDoc } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { refusal } from './device.grpc.js';
import { checkStationId } from './requests.js';

/** @throws {RequestError} `INVALID_ARGUMENT`; `NOT_FOUND` when nobody knows the station */
export async function knownStation(memory: Pick<StationMemory, 'docs'>, stationId: string): Promise<StationDoc> {
  const station = (await memory.docs([checkStationId(stationId)])).get(stationId);
  if (station === undefined) throw refusal('StationUnknown');
  return station;
}
