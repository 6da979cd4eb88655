import { type Clock, isoTime, RequestError } from '@voltlog/kernel';
import type { dataTransferV1 } from '@voltlog/proto';
import { VENDORS_MAX, type VendorMessageRow, type VendorRow, type Vendors } from './vendors.js';

/** OCPP 2.0.1 Part 2 DataTransferRequest */
const VENDOR_ID_MAX = 255;
const MESSAGE_ID_MAX = 50;
const MESSAGES_MAX = 200;
const DATA_CHARS_MAX = 10_000;
const OTHERWISE = ['Accepted', 'Rejected', 'UnknownMessageId'] as const;

/** `voltlog.connection.v1.DataTransferService`. */
export class DataTransferRpc implements dataTransferV1.DataTransferService {
  constructor(
    private readonly vendors: Vendors,
    private readonly clock: Clock,
  ) {}

  async listVendors(): Promise<dataTransferV1.ListVendorsResponse> {
    const { docs } = await this.vendors.rows.find({ limit: VENDORS_MAX });
    return { vendors: docs.map(toMessage) };
  }

  async putVendor({ vendor }: dataTransferV1.PutVendorRequest): Promise<dataTransferV1.PutVendorResponse> {
    const row = toRow(vendor, isoTime(this.clock.now()));
    const { rows } = this.vendors;
    if ((await rows.get(row.id)) === undefined && (await rows.count()) >= VENDORS_MAX)
      throw new RequestError('RESOURCE_EXHAUSTED', `at most ${VENDORS_MAX} vendors can be known; delete one first`);
    await rows.upsert([{ doc: row }]);
    this.vendors.forget();
    return { vendor: toMessage(row) };
  }

  async deleteVendor({ vendorId }: dataTransferV1.DeleteVendorRequest): Promise<dataTransferV1.DeleteVendorResponse> {
    if ((await this.vendors.rows.get(vendorId)) === undefined) throw new RequestError('NOT_FOUND', `vendor ${vendorId} is not known`);
    await this.vendors.rows.delete([vendorId]);
    this.vendors.forget();
    return {};
  }
}

function toRow(vendor: dataTransferV1.Vendor | undefined, updatedAt: string): VendorRow {
  if (vendor === undefined) throw invalid('no vendor is given');
  const { vendorId, messages } = vendor;
  if (vendorId === '' || vendorId.length > VENDOR_ID_MAX) throw invalid(`vendor_id must have 1 to ${VENDOR_ID_MAX} characters`);
  if (messages.length > MESSAGES_MAX) throw invalid(`a vendor can have at most ${MESSAGES_MAX} messages`);
  const otherwise = OTHERWISE.find((word) => word === (vendor.otherwise || 'UnknownMessageId'));
  if (otherwise === undefined) throw invalid(`otherwise must be one of ${OTHERWISE.join(', ')}`);
  const rows = messages.map(toMessageRow);
  if (new Set(rows.map(({ messageId }) => messageId)).size < rows.length) throw invalid('a message_id is there twice');
  return { id: vendorId, messages: rows, otherwise, updatedAt };
}

function toMessageRow({ messageId, status, dataJson }: dataTransferV1.VendorMessage): VendorMessageRow {
  if (messageId.length > MESSAGE_ID_MAX) throw invalid(`message_id must have at most ${MESSAGE_ID_MAX} characters`);
  if (status !== 'Accepted' && status !== 'Rejected') throw invalid('status must be Accepted or Rejected');
  if (dataJson.length > DATA_CHARS_MAX) throw invalid(`data_json must have at most ${DATA_CHARS_MAX} characters`);
  return { messageId, status, ...(dataJson === '' ? {} : { data: parsed(dataJson) }) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid('data_json is not JSON');
  }
}

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

const toMessage = ({ id, messages, otherwise, updatedAt }: VendorRow): dataTransferV1.Vendor => ({
  vendorId: id,
  messages: messages.map(({ messageId, status, data }) => ({
    messageId,
    status,
    dataJson: data === undefined ? '' : JSON.stringify(data),
  })),
  otherwise,
  updatedAt,
});
