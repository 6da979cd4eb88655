import { createHmac } from 'node:crypto';

/** Letters of a pseudonym: of no field that is replaced the shortest that OCPP allows is less. */
const LENGTH_MIN = 8;
const LENGTH_MAX = 20;

/** What is replaced by what: the same by the same while the key is the same, and by nobody without it found out again. */
export class Pseudonyms {
  private readonly known = new Map<string, string>();

  constructor(private readonly key: string) {}

  /** As long as the text it stands for, within bounds, so that it passes the same schema. */
  of(text: string): string {
    if (text === '') return text;
    let pseudonym = this.known.get(text);
    if (pseudonym === undefined) {
      const length = Math.min(LENGTH_MAX, Math.max(LENGTH_MIN, text.length));
      pseudonym = `X${this.digest(text).toString('hex').toUpperCase()}`.slice(0, length);
      this.known.set(text, pseudonym);
    }
    return pseudonym;
  }

  /** For tokens that are sent as a number. */
  ofNumber(value: number): number {
    return 100_000 + (this.digest(String(value)).readUInt32BE(0) % 900_000);
  }

  private digest(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
