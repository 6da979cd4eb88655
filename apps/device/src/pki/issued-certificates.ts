import { isoTime, OperatingError } from '@voltlog/kernel';
import { type Collection, type Page, pages, type Query } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A certificate that an authority of ours has made. */
export interface IssuedDoc {
  /** `<authority>:<serial number>` */
  readonly id: string;
  readonly authority: string;
  readonly serialNumber: string;
  /** Empty: of no station (a car, a contract). */
  readonly stationId: string;
  /** CN of the subject. */
  readonly commonName: string;
  readonly notAfter: string;
  /** Absent: not revoked, or, of a station's, what the station's stream says. */
  readonly revokedAt?: string;
}

export const issuedSchema = new Schema<IssuedDoc>(
  {
    id: { type: String, required: true },
    authority: { type: String, required: true },
    serialNumber: { type: String, required: true },
    stationId: { type: String, default: '' },
    commonName: { type: String, required: true },
    notAfter: { type: String, required: true },
    revokedAt: { type: String },
  },
  { versionKey: false },
);
issuedSchema.index({ authority: 1, id: 1 });
issuedSchema.index({ authority: 1, commonName: 1, id: 1 });
issuedSchema.index({ authority: 1, revokedAt: 1, id: 1 });

/** Revoked certificates that are read at once. */
const PAGE = 1_000;
/** Revoked certificates in one list; some 40 bytes each. */
const REVOKED_MAX = 50_000;

export interface Revoked {
  readonly serialNumber: string;
  readonly revokedAt: string;
}

/** What our authorities have made, by serial number: who asks whether a certificate is revoked knows no more of it. */
export class IssuedCertificates {
  constructor(
    private readonly rows: Collection<IssuedDoc>,
    /** Whether the stream of a station says that it is revoked. */
    private readonly isRevokedAt: (stationId: string, serialNumber: string) => Promise<boolean>,
    private readonly now: () => number,
  ) {}

  async add(doc: Omit<IssuedDoc, 'id' | 'revokedAt'>): Promise<void> {
    const id = `${doc.authority}:${doc.serialNumber}`;
    // The same order again must not forget that it was revoked.
    if ((await this.rows.get(id)) === undefined) await this.rows.upsert([{ doc: { id, ...doc } }]);
  }

  /** 'unknown': never made. */
  async statusOf(authority: string, serialNumber: string): Promise<'good' | 'unknown' | Revoked> {
    const row = await this.rows.get(`${authority}:${serialNumber}`);
    if (row === undefined) return 'unknown';
    if (row.revokedAt !== undefined) return { serialNumber, revokedAt: row.revokedAt };
    if (row.stationId === '' || !(await this.isRevokedAt(row.stationId, serialNumber))) return 'good';
    return this.noted(row);
  }

  /** @returns undefined when it was never made */
  async revoke(authority: string, serialNumber: string): Promise<IssuedDoc | undefined> {
    const row = await this.rows.get(`${authority}:${serialNumber}`);
    if (row === undefined || row.revokedAt !== undefined) return row;
    return { ...row, revokedAt: (await this.noted(row)).revokedAt };
  }

  find(query: Query): Promise<Page<IssuedDoc>> {
    return this.rows.find(query);
  }

  /**
   * Those that are revoked and have not expired.
   *
   * @throws {OperatingError} when there are too many: a list without some of them would call these good
   */
  async revoked(authority: string): Promise<readonly Revoked[]> {
    const now = isoTime(this.now());
    const revoked: Revoked[] = [];
    for await (const docs of pages(this.rows, { where: { authority, revokedAt: { $exists: true } }, limit: PAGE })) {
      for (const { serialNumber, revokedAt, notAfter } of docs)
        if (revokedAt !== undefined && notAfter >= now) revoked.push({ serialNumber, revokedAt });
      if (revoked.length > REVOKED_MAX)
        throw new OperatingError('TooManyRevoked', `more than ${REVOKED_MAX} certificates of ${authority} are revoked`);
    }
    return revoked;
  }

  private async noted(row: IssuedDoc): Promise<Revoked> {
    const revokedAt = isoTime(this.now());
    await this.rows.upsert([{ doc: { ...row, revokedAt } }]);
    return { serialNumber: row.serialNumber, revokedAt };
  }
}
