/** An EVSE and a connector of it, counted as 2.x counts: from 1, 0 for the whole. */
export interface EvseConnector {
  readonly evseId: number;
  readonly connectorId: number;
}

/**
 * 1.6 counts connectors over the whole station, 2.x within an EVSE.
 *
 * @param connectorsPerEvse of the station's registration; undefined, or a connector beyond it: one connector per EVSE
 */
export function toEvse(connector: number, connectorsPerEvse: readonly number[] | undefined): EvseConnector {
  if (connector <= 0) return { evseId: 0, connectorId: 0 };
  let before = 0;
  let evses = 0;
  for (const count of connectorsPerEvse ?? []) {
    evses += 1;
    if (connector <= before + count) return { evseId: evses, connectorId: connector - before };
    before += count;
  }
  return { evseId: evses + connector - before, connectorId: 1 };
}

/** The other way round; 0 for the station as a whole. Connector 0 of an EVSE is its first: 1.6 has no word for a whole EVSE. */
export function toConnector(at: EvseConnector, connectorsPerEvse: readonly number[] | undefined): number {
  if (at.evseId <= 0) return 0;
  const counts = connectorsPerEvse ?? [];
  let before = 0;
  for (let evse = 1; evse < at.evseId; evse++) before += counts[evse - 1] ?? 1;
  return before + Math.max(1, at.connectorId);
}
