import { RequestError } from '@voltlog/kernel';
import type { sessionV1 } from '@voltlog/proto';
import { isAmount } from '@voltlog/session-domain';
import type { StationContexts } from '../reactions/station-contexts.js';
import type { PriceDocument, SessionCollections } from '../store/session-documents.js';

const SCOPE = /^(default|(site|station):.{1,128})$/;

/** The simple price port: an amount per kWh, per minute and per session, for all stations, a site's or one. */
export class Prices {
  constructor(
    private readonly collections: Pick<SessionCollections, 'prices'>,
    private readonly contexts: Pick<StationContexts, 'priceAt' | 'reset'>,
  ) {}

  /** @throws {RequestError} `INVALID_ARGUMENT`, or `ABORTED` when it was changed since `expected_version` */
  async put({ price, expectedVersion, idempotencyKey }: sessionV1.PutPriceRequest): Promise<sessionV1.Price> {
    if (price === undefined) throw new RequestError('INVALID_ARGUMENT', 'price is missing', 'EmptyField');
    const { scope, currency, perKwh, perMinute, perSession } = price;
    if (!SCOPE.test(scope)) throw new RequestError('INVALID_ARGUMENT', 'scope is none of default, site:<id> and station:<id>', 'BadScope');
    if (!/^[A-Z]{3}$/.test(currency)) throw new RequestError('INVALID_ARGUMENT', 'currency is no ISO 4217 code', 'BadCurrency');
    const amounts = { perKwh: perKwh || '0', perMinute: perMinute || '0', perSession: perSession || '0' };
    for (const [name, amount] of Object.entries(amounts))
      if (!isAmount(amount)) throw new RequestError('INVALID_ARGUMENT', `${name} is no decimal number of 0 or more`, 'BadAmount');
    const known = await this.collections.prices.get(scope);
    if (known !== undefined && idempotencyKey !== '' && known.idempotencyKey === idempotencyKey) return toMessage(known);
    if (expectedVersion !== 0 && expectedVersion !== (known?.version ?? 0)) throw changed(scope);
    const doc: PriceDocument = {
      id: scope,
      version: (known?.version ?? 0) + 1,
      currency,
      ...amounts,
      ...(idempotencyKey === '' ? {} : { idempotencyKey }),
    };
    const [written] = await this.collections.prices.upsert([{ doc, expectedVersion: known?.version ?? 0 }]);
    if (written !== true) throw changed(scope);
    this.contexts.reset();
    return toMessage(doc);
  }

  /** Undefined: none is set. */
  async get({ stationId, scope }: sessionV1.GetPriceRequest): Promise<sessionV1.Price | undefined> {
    const found = stationId === '' ? await this.collections.prices.get(scope || 'default') : await this.contexts.priceAt(stationId);
    return found === undefined ? undefined : toMessage(found);
  }
}

const toMessage = ({ id, version, currency, perKwh, perMinute, perSession }: PriceDocument): sessionV1.Price => ({
  scope: id,
  version,
  currency,
  perKwh,
  perMinute,
  perSession,
});

const changed = (scope: string): RequestError => new RequestError('ABORTED', `the price ${scope} was changed meanwhile`, 'VersionMismatch');
