import type { Api } from './api.js';

const PER_SECOND = 0.2;

/** Somebody with a phone who begins as often as it is let. */
export class DriverTries {
  /** Starts and reservations of one address at once. */
  static readonly BURST = 12;
  private readonly since = Date.now();

  constructor(private readonly api: Api) {}

  /** How many of one more than the burst are let through: there is no such EVSE, so nothing begins. */
  async allowed(): Promise<number> {
    const tries = Array.from({ length: DriverTries.BURST + 1 }, () =>
      this.api.call('POST', '/driver/v1/evses/NOWHERE*1/start', {}, { 'voltlog-driver': '1' }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    return statuses.filter((status) => status !== 429).length;
  }

  /** How many tries the time since the first gave back, at most. */
  refilled(): number {
    return Math.ceil(((Date.now() - this.since) / 1_000) * PER_SECOND);
  }
}
