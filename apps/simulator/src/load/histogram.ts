/** Slots per doubling: values are kept to within 1/32, about 3 %. */
const SUB = 32;
const SUB_BITS = 5;
const SLOTS = (32 - SUB_BITS + 1) * SUB;

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Latencies from 1 µs to 70 minutes in a fixed array: recording allocates nothing, whatever is recorded. */
export class LatencyHistogram {
  private readonly slots = new Uint32Array(SLOTS);
  private count = 0;
  private sumUs = 0;
  private maxUs = 0;

  record(milliseconds: number): void {
    const us = Math.min(0xffffffff, Math.max(0, Math.round(milliseconds * 1000)));
    const slot = slotOf(us);
    this.slots[slot] = (this.slots[slot] ?? 0) + 1;
    this.count += 1;
    this.sumUs += us;
    if (us > this.maxUs) this.maxUs = us;
  }

  /** @param share 0..1 @returns ms; 0 when nothing was recorded. The upper edge of the slot, so never too good. */
  quantileMs(share: number): number {
    const rank = Math.ceil(share * this.count);
    let seen = 0;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      seen += this.slots[slot] ?? 0;
      if (seen >= rank && seen > 0) return Math.min(this.maxUs, edgeOf(slot)) / 1000;
    }
    return 0;
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      meanMs: this.count === 0 ? 0 : this.sumUs / this.count / 1000,
      p50Ms: this.quantileMs(0.5),
      p90Ms: this.quantileMs(0.9),
      p99Ms: this.quantileMs(0.99),
      p999Ms: this.quantileMs(0.999),
      maxMs: this.maxUs / 1000,
    };
  }
}

/** Below 32 each value has its slot; above, the five bits after the leading one choose it. */
function slotOf(us: number): number {
  if (us < SUB) return us;
  const shift = 31 - Math.clz32(us) - SUB_BITS;
  return (shift + 1) * SUB + ((us >>> shift) - SUB);
}

/** Largest value of a slot. */
function edgeOf(slot: number): number {
  if (slot < SUB) return slot;
  const shift = Math.floor(slot / SUB) - 1;
  return ((slot % SUB) + SUB + 1) * 2 ** shift - 1;
}
