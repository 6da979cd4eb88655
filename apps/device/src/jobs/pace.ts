/** What a job may send at once though its pace is slower, ms of that pace. */
const BURST_MS = 2_000;

interface Purse {
  credit: number;
  atMs: number;
}

/** Spreads what a minute allows over the minute. What a minute allows at most is counted by the store: this is only for evenness. */
export class Pace {
  private readonly purses = new Map<string, Purse>();

  /** How many more a job may send now. */
  allows(jobId: string, perMinute: number, nowMs: number): number {
    const perMs = perMinute / 60_000;
    const purse = this.purses.get(jobId) ?? { credit: 1, atMs: nowMs };
    purse.credit = Math.min(Math.max(1, BURST_MS * perMs), purse.credit + (nowMs - purse.atMs) * perMs);
    purse.atMs = nowMs;
    this.purses.set(jobId, purse);
    return Math.floor(purse.credit);
  }

  spend(jobId: string, count: number): void {
    const purse = this.purses.get(jobId);
    if (purse !== undefined) purse.credit -= count;
  }

  /** When the next one may be sent, ms from then. */
  nextMs(jobId: string, perMinute: number): number {
    return Math.max(0, ((1 - (this.purses.get(jobId)?.credit ?? 1)) * 60_000) / perMinute);
  }

  forget(jobId: string): void {
    this.purses.delete(jobId);
  }
}
