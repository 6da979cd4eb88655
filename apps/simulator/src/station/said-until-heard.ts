import type { Payload } from './protocol.js';
import type { SimulatedStation } from './station.js';

const TRIES_MAX = 5;

/** Says what must be heard: what gets lost on its way is said again once the station is back, until it is switched off. */
export async function saidUntilHeard(station: SimulatedStation, action: string, payload: Payload, off: AbortSignal): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX && !off.aborted; tries += 1) {
    const { kind } = await station.call(action, payload);
    if (kind !== 'lost') return;
    await station.line.until(() => station.line.isRegistered);
  }
}
