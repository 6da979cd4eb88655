import { isObject, type Payload } from '../station/protocol.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** What was recorded, said now: times as long ago as they were then, and transactions by the ids they have now. */
export class Today {
  /** Recorded id -> the one of this replay. */
  private readonly transactions = new Map<number | string, number | string>();

  /**
   * @param shiftMs from when it was recorded until now
   * @param newId makes ids of transactions that the station names itself (OCPP 2.x)
   */
  constructor(
    private readonly shiftMs: number,
    private readonly newId: (recorded: string) => string,
  ) {}

  payload(payload: Payload): Payload {
    return this.value(payload, '') as Payload;
  }

  /** The CSMS gave a transaction another id than it did then (OCPP 1.6). */
  gave(recorded: unknown, now: unknown): void {
    if (typeof recorded === 'number' && typeof now === 'number') this.transactions.set(recorded, now);
  }

  private value(value: unknown, name: string): unknown {
    if (Array.isArray(value)) return value.map((each: unknown) => this.value(each, name));
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.value(each, key)]));
    if (name === 'transactionId' && (typeof value === 'number' || typeof value === 'string')) return this.transaction(value);
    return typeof value === 'string' && TIME.test(value) ? new Date(Date.parse(value) + this.shiftMs).toISOString() : value;
  }

  /** A number that nobody gave while it was recorded is one from before: it is said as it was. */
  private transaction(recorded: number | string): number | string {
    const known = this.transactions.get(recorded);
    if (known !== undefined || typeof recorded === 'number') return known ?? recorded;
    const made = this.newId(recorded);
    this.transactions.set(recorded, made);
    return made;
  }
}
