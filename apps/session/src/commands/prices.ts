import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import type { sessionV1 } from '@voltlog/proto';
import type { PriceEvent, SessionPrice } from '@voltlog/session-contract';
import { isAmount, type PriceCommand, type PriceRefusal, type PriceState, type PutPrice, priceStreamId } from '@voltlog/session-domain';
import { type Aggregates, bringUp } from '@voltlog/store';
import { priceDocument } from '../projections/prices.js';
import { type StationContexts, toPrice } from '../reactions/station-contexts.js';
import type { SessionCollections } from '../store/session-documents.js';

const SCOPE = /^(default|(site|station):.{1,128})$/;

export interface PricesParts {
  readonly aggregates: Pick<Aggregates<PriceCommand, PriceState, PriceEvent, PriceRefusal>, 'execute'>;
  readonly collections: Pick<SessionCollections, 'prices'>;
  readonly contexts: Pick<StationContexts, 'priceAt' | 'reset'>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** The simple price port: an amount per kWh, per minute and per session, for all stations, a site's or one. */
export class Prices {
  constructor(private readonly parts: PricesParts) {}

  /**
   * In the read model when it resolves.
   *
   * @throws {RequestError} `INVALID_ARGUMENT`, or `ABORTED` when it was changed since `expected_version`, or is set and must be new
   */
  async put(request: sessionV1.PutPriceRequest): Promise<sessionV1.Price> {
    const { aggregates, collections, contexts, clock, ids } = this.parts;
    const price = priceIn(request.price);
    const { expectedVersion, mustBeNew } = request;
    const command: PutPrice = { kind: 'PutPrice', price, expectedVersion, mustBeNew, at: isoTime(clock.now()) };
    const causationId = `price#${request.idempotencyKey || ids.next()}`;
    const [execution] = await aggregates.execute([{ streamId: priceStreamId(price.scope), command, causationId }]);
    const written = execution?.state.price;
    if (execution?.refusal === 'PriceExists')
      throw new RequestError('ABORTED', `a price is set for ${price.scope} already: read it, and change that`, 'PriceExists');
    if (execution === undefined || written === undefined || execution.outcome === 'refused')
      throw new RequestError('ABORTED', `the price ${price.scope} was changed meanwhile`, 'VersionMismatch');
    await bringUp(collections.prices, [priceDocument(written, execution.state)]);
    contexts.reset();
    return { ...written };
  }

  /**
   * Out of the read model when it resolves.
   *
   * @throws {RequestError} `NOT_FOUND` when none is set, or `ABORTED` when it was changed since `expected_version`
   */
  async remove({ scope, expectedVersion, idempotencyKey }: sessionV1.RemovePriceRequest): Promise<void> {
    const { aggregates, collections, contexts, clock, ids } = this.parts;
    const command = { kind: 'RemovePrice' as const, expectedVersion, at: isoTime(clock.now()) };
    const causationId = `price#${idempotencyKey || ids.next()}`;
    const [execution] = await aggregates.execute([{ streamId: priceStreamId(checkScope(scope)), command, causationId }]);
    if (execution === undefined || execution.refusal === 'PriceUnknown')
      throw new RequestError('NOT_FOUND', `no price is set for ${scope}`, 'PriceUnknown');
    if (execution.refusal !== undefined) throw new RequestError('ABORTED', `the price ${scope} was changed meanwhile`, 'VersionMismatch');
    const { price } = execution.state;
    if (price !== undefined) await bringUp(collections.prices, [priceDocument(price, execution.state)]);
    contexts.reset();
  }

  /** Undefined: none is set. */
  async get({ stationId, scope }: sessionV1.GetPriceRequest): Promise<sessionV1.Price | undefined> {
    const { collections, contexts } = this.parts;
    const found = stationId === '' ? await collections.prices.get(scope || 'default') : await contexts.priceAt(stationId);
    return found === undefined || found.removed === true ? undefined : toPrice(found);
  }
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
function priceIn(price: sessionV1.Price | undefined): Omit<SessionPrice, 'version'> {
  if (price === undefined) throw new RequestError('INVALID_ARGUMENT', 'price is missing', 'EmptyField');
  const { scope, currency, perKwh, perMinute, perSession } = price;
  checkScope(scope);
  if (!/^[A-Z]{3}$/.test(currency)) throw new RequestError('INVALID_ARGUMENT', 'currency is no ISO 4217 code', 'BadCurrency');
  const amounts = { perKwh: perKwh || '0', perMinute: perMinute || '0', perSession: perSession || '0' };
  for (const [name, amount] of Object.entries(amounts))
    if (!isAmount(amount)) throw new RequestError('INVALID_ARGUMENT', `${name} is no decimal number of 0 or more`, 'BadAmount');
  return { scope, currency, ...amounts };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
function checkScope(scope: string): string {
  if (!SCOPE.test(scope)) throw new RequestError('INVALID_ARGUMENT', 'scope is none of default, site:<id> and station:<id>', 'BadScope');
  return scope;
}
