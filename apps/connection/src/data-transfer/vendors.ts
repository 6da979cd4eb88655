import type { VendorFinding, VendorInquiry } from '@voltlog/connection-translation';
import { type Clock, OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import { Schema } from 'mongoose';
import type { Handlers } from './handlers.js';

export interface VendorMessageRow {
  readonly messageId: string;
  readonly status: 'Accepted' | 'Rejected';
  /** Told with the answer; absent: none. */
  readonly data?: unknown;
  /** Asked first; what is above is the answer when it gives none. */
  readonly handlerUrl?: string;
}

/** A vendor whose DataTransfer messages are known. */
export interface VendorRow {
  /** vendorId */
  readonly id: string;
  /** Counts the changes, from anywhere on; absent: it was not changed since there are versions. */
  readonly version?: number;
  readonly messages: readonly VendorMessageRow[];
  readonly otherwise: 'Accepted' | 'Rejected' | 'UnknownMessageId';
  /** Asked about all other messages. */
  readonly handlerUrl?: string;
  /** Signs what its handlers are asked, sealed about the vendor; absent: it never had one. */
  readonly sealedSecret?: string;
  readonly previousSecret?: { readonly sealed: string; readonly until: string };
  readonly updatedAt: string;
}

export const vendorSchema = new Schema<VendorRow>(
  {
    id: { type: String, required: true },
    version: { type: Number },
    messages: { type: [Schema.Types.Mixed], default: [] },
    otherwise: { type: String, required: true },
    handlerUrl: { type: String },
    sealedSecret: { type: String },
    previousSecret: { type: Schema.Types.Mixed },
    updatedAt: { type: String, required: true },
  } as never,
  { versionKey: false, minimize: false },
);

/** All of them are kept in memory by every instance. */
export const VENDORS_MAX = 500;
/** Milliseconds after which what another instance has changed is seen. */
const FRESH_MS = 5_000;

/** `registration-instead`: the handler that was to say gave no answer. */
export interface AnsweredVendor {
  readonly finding: VendorFinding;
  readonly by: 'registration' | 'handler' | 'registration-instead';
}

function registered({ otherwise }: VendorRow, message: VendorMessageRow | undefined): VendorFinding {
  if (message === undefined) return { status: otherwise };
  return { status: message.status, ...(message.data === undefined ? {} : { data: message.data }) };
}

/** Who is known. Read at the first message, and again when what was read is some seconds old. */
export class Vendors {
  private known: ReadonlyMap<string, VendorRow> | undefined;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;

  constructor(
    readonly rows: Collection<VendorRow>,
    private readonly handlers: Pick<Handlers, 'ask'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * What a station is answered: as its vendor's handler says, else as it is registered. Sources: OCPP 1.6 §4.3, OCPP 2.0.1 Part 2 P02.FR.06 (vendor not known) and P02.FR.07 (message not known).
   *
   * @param factId of the message's fact, which is on the log by now
   * @throws {OperatingError} when nobody knows since the store could never be read
   */
  async answer(stationId: string, inquiry: VendorInquiry, factId: string): Promise<VendorFinding> {
    return (await this.find(stationId, inquiry, factId)).finding;
  }

  /** The same, and who says so. @throws {OperatingError} as `answer` */
  async find(stationId: string, inquiry: VendorInquiry, factId: string): Promise<AnsweredVendor> {
    if (this.clock.now() - this.readAtMs >= FRESH_MS) await this.refresh();
    if (this.known === undefined) throw new OperatingError('StoreUnavailable', 'the known vendors could not be read');
    const vendor = this.known.get(inquiry.vendorId);
    if (vendor === undefined) return { finding: { status: 'UnknownVendorId' }, by: 'registration' };
    const message = vendor.messages.find((each) => each.messageId === inquiry.messageId);
    const url = message === undefined ? vendor.handlerUrl : message.handlerUrl;
    const { id: owner, sealedSecret: sealed, previousSecret: previous } = vendor;
    if (url === undefined || sealed === undefined) return { finding: registered(vendor, message), by: 'registration' };
    const secrets = { owner, sealed, ...(previous === undefined ? {} : { previous }) };
    const said = await this.handlers.ask({ url, secrets, stationId, inquiry, factId });
    return said === undefined ? { finding: registered(vendor, message), by: 'registration-instead' } : { finding: said, by: 'handler' };
  }

  /** What was changed here counts here at once. */
  forget(): void {
    this.readAtMs = Number.NEGATIVE_INFINITY;
  }

  private refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** While the store is away what was known goes on. */
  private async read(): Promise<void> {
    const began = this.clock.now();
    try {
      const { docs } = await this.rows.find({ limit: VENDORS_MAX });
      this.known = new Map(docs.map((row) => [row.id, row]));
      this.readAtMs = began;
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.logger.warn({ err: error }, 'the known vendors of data transfers could not be read');
    }
  }
}
