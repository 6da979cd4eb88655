import type { EvseTopology, StationAttributes, StationBootDecided } from '@voltlog/device-contract';
import type { StationSecurity } from './station-security.js';

/** Nothing is known of a station of this id. */
export interface NoStation {
  readonly kind: 'none';
}

export interface StationIdentity {
  readonly vendor: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly firmwareVersion: string;
  readonly ocppVersion: string;
}

export interface KnownStation extends StationAttributes, StationIdentity {
  readonly kind: 'station';
  readonly stationId: string;
  readonly lifecycle: 'Active' | 'Quarantined' | 'Retired';
  /** Empty: none was set. */
  readonly passwordHash: string;
  /** When the boot was received that told the identity; empty: none was yet. */
  readonly identityAt: string;
  readonly security: StationSecurity;
  /** What was decided for this station alone; absent: nothing, its templates say what a boot is answered. */
  readonly boot?: Omit<StationBootDecided, 'stationId'>;
  /** Quirks that an operator switched; absent: none. */
  readonly quirks?: { readonly on: readonly string[]; readonly off: readonly string[] };
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts events, from 1. */
  readonly revision: number;
}

export type StationState = NoStation | KnownStation;

/**
 * How many connectors each EVSE has, in order of the EVSEs from 1 on; for the numbering of OCPP 1.6, which counts over the station.
 * An EVSE that is not known although a later one is counts as one connector, as 1.6 stations have it.
 */
export function connectorsPerEvse(evses: readonly EvseTopology[]): readonly number[] {
  const last = evses.reduce((max, evse) => Math.max(max, evse.evseId), 0);
  const counts = new Array<number>(last).fill(1);
  for (const { evseId, connectors } of evses) counts[evseId - 1] = Math.max(1, ...connectors.map((connector) => connector.connectorId));
  return counts;
}

/** The EVSEs with the connectors added that are missing, in order. The same object when none is. */
export function withConnectors(
  evses: readonly EvseTopology[],
  seen: readonly { readonly evseId: number; readonly connectorId: number }[],
): readonly EvseTopology[] {
  let after = evses;
  for (const { evseId, connectorId } of seen) {
    const evse = after.find((each) => each.evseId === evseId);
    if (evse?.connectors.some((connector) => connector.connectorId === connectorId) === true) continue;
    const grown: EvseTopology = {
      evseId,
      powerWMax: evse?.powerWMax ?? 0,
      connectors: [...(evse?.connectors ?? []), { connectorId, connectorType: '' }].sort((a, b) => a.connectorId - b.connectorId),
    };
    after = [...after.filter((each) => each.evseId !== evseId), grown].sort((a, b) => a.evseId - b.evseId);
  }
  return after;
}

/** True when the station has this connector. */
export const hasConnector = (evses: readonly EvseTopology[], evseId: number, connectorId: number): boolean =>
  evses.some((evse) => evse.evseId === evseId && evse.connectors.some((connector) => connector.connectorId === connectorId));
