import { NO_QUIRK_CHOICES, type QuirkId, quirksOn } from '@voltlog/connection-contract';
import { type Fact, mend, mendable, readAsMeant, type Tolerated } from '@voltlog/connection-translation';
import { isoTime } from '@voltlog/kernel';
import type { OcppError } from '@voltlog/ocpp-rpc';
import type { ReceivedCall } from '../edge/call-road.js';
import type { CallingStation } from '../edge/calling-station.js';
import { makeOf, NO_MAKE } from './known-quirks.js';

/** Longer messages are not tried with quirks that are off. */
const SUGGEST_CHARS_MAX = 32_768;

/**
 * A call that breaks its schema, as the quirks of its station read it; undefined: it is refused. What other quirks would have mended is
 * noted, for the operator to see.
 */
export function mended(station: CallingStation, received: ReceivedCall, error: OcppError): Tolerated | undefined {
  const { protocol } = station.dialect;
  const { action, payload } = received.call;
  const message = { action, payload, chars: received.text.length, receivedAt: isoTime(received.receivedAtMs) };
  const known = station.station.quirks;
  // What it says it is counts for the message that says so.
  const make = action === 'BootNotification' ? makeOf(payload) : (known?.make ?? NO_MAKE);
  const choices = known?.choices ?? NO_QUIRK_CHOICES;
  const on = quirksOn({ ...make, ocppVersion: protocol.version }, choices);
  const found = mend(protocol, on, message);
  const { deviations } = station.edge;
  if (found !== undefined) {
    deviations.tolerated(station.stationId, found.quirks, action);
    return found;
  }
  if (message.chars > SUGGEST_CHARS_MAX || !deviations.mayTry(station.stationId)) return undefined;
  const would = mend(protocol, mendable(protocol.version), message);
  if (would !== undefined) {
    const missing = would.quirks.filter((id) => !on.includes(id));
    deviations.refused(station.stationId, missing, { action, problem: error.message });
  }
  return undefined;
}

/** A well-formed call whose station means something else by it; undefined: it is as it stands. */
export function meant(station: CallingStation, received: ReceivedCall, quirks: readonly QuirkId[]): Tolerated | undefined {
  const { action, payload } = received.call;
  const { version } = station.dialect.protocol;
  const message = { action, payload, chars: received.text.length, receivedAt: isoTime(received.receivedAtMs) };
  const found = readAsMeant(quirks, { version, message });
  if (found !== undefined) station.edge.deviations.tolerated(station.stationId, found.quirks, action);
  return found;
}

/** The fact keeps what was sent and says what was tolerated in it. */
export const telling = (fact: Fact, raw: unknown, quirks: readonly QuirkId[]): Fact =>
  ({ type: fact.type, data: { ...fact.data, raw, quirks } }) as Fact;
