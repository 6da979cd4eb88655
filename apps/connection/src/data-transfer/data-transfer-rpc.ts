import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import { newWebhookSecret, type SecretBox, targetProblem } from '@voltlog/outbound';
import { dataTransferV1 } from '@voltlog/proto';
import { firstVersion } from '@voltlog/store';
import { VENDORS_MAX, type VendorMessageRow, type VendorRow, type Vendors } from './vendors.js';

/** OCPP 2.0.1 Part 2 DataTransferRequest */
const VENDOR_ID_MAX = 255;
const MESSAGE_ID_MAX = 50;
const MESSAGES_MAX = 200;
const DATA_CHARS_MAX = 10_000;
const URL_MAX = 2_000;
/** After a change of the secret the old one signs beside the new one for so long, milliseconds. */
const OLD_SECRET_MS = 86_400_000;
/** Handlers are told a version; the newest that stations speak. */
const TRIED_VERSION = 'ocpp2.1';
const { TryVendorResponse_AnsweredBy: AnsweredBy } = dataTransferV1;
const ANSWERED_BY = {
  registration: AnsweredBy.REGISTRATION,
  handler: AnsweredBy.HANDLER,
  'registration-instead': AnsweredBy.REGISTRATION_INSTEAD,
} as const;
const OTHERWISE = ['Accepted', 'Rejected', 'UnknownMessageId'] as const;

/** `voltlog.connection.v1.DataTransferService`. */
export class DataTransferRpc implements dataTransferV1.DataTransferService {
  constructor(
    private readonly vendors: Vendors,
    private readonly box: SecretBox,
    private readonly clock: Clock,
    private readonly options: { readonly allowPrivate: boolean; readonly ids: IdSource },
  ) {}

  async listVendors(): Promise<dataTransferV1.ListVendorsResponse> {
    const { docs } = await this.vendors.rows.find({ limit: VENDORS_MAX });
    return { vendors: docs.map(toMessage) };
  }

  async getVendor({ vendorId }: dataTransferV1.GetVendorRequest): Promise<dataTransferV1.GetVendorResponse> {
    const known = await this.vendors.rows.get(vendorId);
    if (known === undefined) throw unknown(vendorId);
    return { vendor: toMessage(known) };
  }

  /** @throws {RequestError} `ABORTED` when another version than the expected one is there, or one that must be new */
  async putVendor({ vendor, expectedVersion, mustBeNew }: dataTransferV1.PutVendorRequest): Promise<dataTransferV1.PutVendorResponse> {
    const asked = toRow(vendor, isoTime(this.clock.now()), this.options.allowPrivate);
    const { rows } = this.vendors;
    const { row, made } = await this.change(asked.id, async (known) => {
      if (mustBeNew && known !== undefined)
        throw new RequestError('ABORTED', `vendor ${asked.id} is known already: read it, and change that`, 'VendorExists');
      if (expectedVersion !== 0 && known?.version !== expectedVersion)
        throw new RequestError('ABORTED', `vendor ${asked.id} was changed in between: read it again`, 'VersionMismatch');
      if (known === undefined && (await rows.count()) >= VENDORS_MAX)
        throw new RequestError('RESOURCE_EXHAUSTED', `at most ${VENDORS_MAX} vendors can be known; delete one first`);
      const secret = hasHandler(asked) && known?.sealedSecret === undefined ? newWebhookSecret() : '';
      const secrets = secret === '' ? secretsOf(known) : { sealedSecret: this.box.seal(secret, asked.id) };
      return { row: { ...asked, ...secrets }, made: { secret } };
    });
    return { vendor: toMessage(row), ...made };
  }

  async tryVendor({
    vendorId,
    messageId,
    dataJson,
    stationId,
  }: dataTransferV1.TryVendorRequest): Promise<dataTransferV1.TryVendorResponse> {
    const receivedAt = isoTime(this.clock.now());
    const data = dataJson === '' ? {} : { data: parsed(dataJson) };
    const { finding, by } = await this.vendors.find(
      stationId,
      { vendorId, messageId, ocppVersion: TRIED_VERSION, receivedAt, ...data },
      this.options.ids.next(),
    );
    return {
      status: finding.status,
      dataJson: finding.data === undefined ? '' : JSON.stringify(finding.data),
      answeredBy: ANSWERED_BY[by],
    };
  }

  async rotateVendorSecret({ vendorId }: dataTransferV1.RotateVendorSecretRequest): Promise<dataTransferV1.RotateVendorSecretResponse> {
    const { row, made } = await this.change(vendorId, async (known) => {
      if (known === undefined) throw unknown(vendorId);
      if (known.sealedSecret === undefined)
        throw new RequestError(
          'FAILED_PRECONDITION',
          `vendor ${vendorId} has no handler, and so no secret: put it with a handlerUrl first`,
        );
      const secret = newWebhookSecret();
      const until = isoTime(this.clock.now() + OLD_SECRET_MS);
      const previousSecret = { sealed: known.sealedSecret, until };
      const changed: VendorRow = { ...known, sealedSecret: this.box.seal(secret, vendorId), previousSecret };
      return { row: changed, made: { secret, oldSecretExpiresAt: until } };
    });
    return { ...made, version: row.version };
  }

  async deleteVendor({ vendorId }: dataTransferV1.DeleteVendorRequest): Promise<dataTransferV1.DeleteVendorResponse> {
    const deleted = await this.vendors.rows.deleteWhere({ id: vendorId });
    this.vendors.forget();
    if (deleted === 0) throw unknown(vendorId);
    return {};
  }

  /**
   * Changes what is there and nothing newer, so that no secret that was just shown is lost.
   *
   * @returns the row as it was written, and what was made with it
   * @throws {RequestError} `ABORTED` when others change it at the same time, twice
   */
  private async change<Made>(
    vendorId: string,
    to: (known: VendorRow | undefined) => Promise<Change<VendorRow, Made>>,
  ): Promise<Change<VendorRow & { readonly version: number }, Made>> {
    for (let tries = 0; tries < 2; tries += 1) {
      const known = await this.vendors.rows.get(vendorId);
      const { row, made } = await to(known);
      const doc = { ...row, version: known?.version === undefined ? firstVersion() : known.version + 1 };
      const expectedVersion = known === undefined ? 0 : known.version;
      const [written] = await this.vendors.rows.upsert([expectedVersion === undefined ? { doc } : { doc, expectedVersion }]);
      this.vendors.forget();
      if (written === true) return { row: doc, made };
    }
    throw new RequestError('ABORTED', `vendor ${vendorId} is changed by others at the same time: try again`);
  }
}

interface Change<Row, Made> {
  readonly row: Row;
  readonly made: Made;
}

const unknown = (vendorId: string): RequestError => new RequestError('NOT_FOUND', `vendor ${vendorId} is not known`);

const hasHandler = ({ handlerUrl, messages }: VendorRow): boolean =>
  handlerUrl !== undefined || messages.some((message) => message.handlerUrl !== undefined);

const secretsOf = (known: VendorRow | undefined): Pick<VendorRow, 'sealedSecret' | 'previousSecret'> => ({
  ...(known?.sealedSecret === undefined ? {} : { sealedSecret: known.sealedSecret }),
  ...(known?.previousSecret === undefined ? {} : { previousSecret: known.previousSecret }),
});

function toRow(vendor: dataTransferV1.Vendor | undefined, updatedAt: string, allowPrivate: boolean): VendorRow {
  if (vendor === undefined) throw invalid('no vendor is given');
  const { vendorId, messages } = vendor;
  if (vendorId === '' || vendorId.length > VENDOR_ID_MAX) throw invalid(`vendorId must have 1 to ${VENDOR_ID_MAX} characters`);
  if (messages.length > MESSAGES_MAX) throw invalid(`a vendor can have at most ${MESSAGES_MAX} messages`);
  const otherwise = OTHERWISE.find((word) => word === (vendor.otherwise || 'UnknownMessageId'));
  if (otherwise === undefined) throw invalid(`otherwise must be one of ${OTHERWISE.join(', ')}`);
  const rows = messages.map((message) => toMessageRow(message, allowPrivate));
  if (new Set(rows.map(({ messageId }) => messageId)).size < rows.length) throw invalid('a messageId is there twice');
  return { id: vendorId, messages: rows, otherwise, ...handler(vendor.handlerUrl, allowPrivate), updatedAt };
}

function toMessageRow(message: dataTransferV1.VendorMessage, allowPrivate: boolean): VendorMessageRow {
  const { messageId, status, dataJson, handlerUrl } = message;
  if (messageId.length > MESSAGE_ID_MAX) throw invalid(`messageId must have at most ${MESSAGE_ID_MAX} characters`);
  if (status !== 'Accepted' && status !== 'Rejected') throw invalid('status must be Accepted or Rejected');
  if (dataJson.length > DATA_CHARS_MAX) throw invalid(`data must have at most ${DATA_CHARS_MAX} characters`);
  return { messageId, status, ...(dataJson === '' ? {} : { data: parsed(dataJson) }), ...handler(handlerUrl, allowPrivate) };
}

function handler(url: string, allowPrivate: boolean): { readonly handlerUrl?: string } {
  if (url === '') return {};
  if (url.length > URL_MAX) throw invalid(`handlerUrl must have at most ${URL_MAX} characters`);
  const problem = targetProblem(url, allowPrivate);
  if (problem !== undefined) throw invalid(`handlerUrl ${problem}`);
  return { handlerUrl: url };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid('data is not JSON');
  }
}

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

const toMessage = ({ id, version = 0, messages, otherwise, handlerUrl = '', updatedAt }: VendorRow): dataTransferV1.Vendor => ({
  vendorId: id,
  messages: messages.map(({ messageId, status, data, handlerUrl: url = '' }) => ({
    messageId,
    status,
    dataJson: data === undefined ? '' : JSON.stringify(data),
    handlerUrl: url,
  })),
  otherwise,
  handlerUrl,
  updatedAt,
  version,
});
