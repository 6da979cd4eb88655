import type { MoveTarget } from '@voltlog/device-contract';
import { filled } from '@voltlog/device-domain';
import { guardedFetch } from '@voltlog/outbound';

/** How long the address may take to answer, ms: it is asked again. */
const TIMEOUT_MS = 5_000;
const BYTES_MAX = 64 * 1_024;
const REASON_MAX = 200;
/** Fewer than the intents that are worked on at once: those of other stations never wait for addresses that do not answer. */
export const ASKED_AT_ONCE_MAX = 16;
export const NOT_ASKED = 'it was not asked yet: too many are asked at once';

/** Asks the CSMS that a station was sent to whether it has arrived there. */
export class HealthAddress {
  private asking = 0;

  constructor(private readonly allowPrivate: boolean) {}

  /**
   * @returns empty: the station is there. In words: it is not, or nobody can say; {@link NOT_ASKED}: too many are asked about just now.
   * Undefined: there is no such address.
   */
  async problemOf(target: MoveTarget | undefined, stationId: string): Promise<string | undefined> {
    const template = target?.healthUrl ?? '';
    if (template === '') return undefined;
    if (this.asking >= ASKED_AT_ONCE_MAX) return NOT_ASKED;
    this.asking += 1;
    const url = filled(template, encodeURIComponent(stationId));
    try {
      const options = { allowPrivate: this.allowPrivate, timeoutMs: TIMEOUT_MS, bytesMax: BYTES_MAX };
      const { status, body } = await guardedFetch({ method: 'GET', url, headers: { accept: 'application/json' } }, options);
      if (status < 200 || status > 299) return `it answered ${status}`;
      return saysNo(body.toString('utf8')) ? 'it says that the station is not connected' : '';
    } catch (error) {
      // Whatever is wrong with it: somebody else's address may be wrong in every way, and is asked again.
      return (error instanceof Error ? error.message : String(error)).slice(0, REASON_MAX);
    } finally {
      this.asking -= 1;
    }
  }
}

/** JSON with `connected`, as this platform's own `GET /v1/stations/{stationId}` answers, says more than its status. */
function saysNo(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && 'connected' in said && said.connected !== true;
  } catch {
    return false;
  }
}
