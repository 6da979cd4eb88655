import { Inject, Injectable } from '@nestjs/common';
import { isoTime, RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { BoundedMap } from '../bounded-map.js';
import { Problem } from '../problems/problem.js';
import { Services } from '../services.js';
import { type ChargeView, type ReceiptView, toCharge, toPrice, toReceipt } from './charge.view.js';
import { chargeStatus } from './charge-state.js';
import type { DriverLink } from './driver-links.js';
import type { PriceView } from './evse.view.js';
import { evseUidOf } from './evse-uid.js';
import { Places } from './places.js';

/** Sessions whose price is remembered. */
const PRICES_MAX = 5_000;

/** Puts together what a driver is shown of one charge. It reads only what the link stands for. */
@Injectable()
export class ChargeReader {
  private readonly prices = new BoundedMap<PriceView>(PRICES_MAX);

  constructor(
    private readonly services: Services,
    private readonly places: Places,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {}

  async read(link: DriverLink): Promise<ChargeView> {
    const [{ startRequest, session }, place] = await Promise.all([this.progress(link), this.placeOf(link)]);
    const price = await (session === undefined ? this.priceAt(link.stationId ?? '') : this.priceOf(session));
    const now = this.context.clock.now();
    const status = chargeStatus({
      askedAt: Date.parse(link.createdAt),
      now,
      failure: link.failure,
      startRequest,
      session,
      stopRequested: link.stopRequestedAt !== undefined,
      pluggedIn: place.evse.connectors.some((connector) => connector.status === 'Occupied'),
    });
    return toCharge({
      link,
      place,
      status,
      price,
      limit: session === undefined ? startRequest?.limit : session.limit,
      session,
      now: isoTime(now),
    });
  }

  /** @throws {Problem} 409 while there is no session */
  async receipt(link: DriverLink): Promise<ReceiptView> {
    const session = await this.sessionOf(link);
    const [{ receipt }, place] = await Promise.all([
      this.services.session.getReceipt({ sessionId: session.sessionId }),
      this.placeOf(link),
    ]);
    if (receipt === undefined) throw new Problem(404, 'receipt-unknown', 'There is no receipt yet.');
    return toReceipt(receipt, receipt.session ?? session, link, place);
  }

  /** @throws {Problem} 409 while there is no session */
  async sessionOf(link: DriverLink): Promise<sessionV1.Session> {
    const { session } = await this.progress(link);
    if (session === undefined) throw new Problem(409, 'not-charging', 'Charging has not begun yet.');
    return session;
  }

  /** @throws {Problem} 409 when the station could not even be asked to start */
  async startRequestIdOf(link: DriverLink): Promise<string> {
    const { startRequest } = await this.progress(link);
    if (startRequest === undefined) throw new Problem(409, 'not-charging', 'There is no start here that one could be told of.');
    return startRequest.startRequestId;
  }

  async priceAt(stationId: string): Promise<PriceView | null> {
    const { price } = await this.services.session.getPrice({ stationId, scope: '' });
    return price === undefined ? null : toPrice(price);
  }

  /** A price that changes while somebody charges is for those who come after. */
  private async priceOf({ sessionId, stationId }: sessionV1.Session): Promise<PriceView | null> {
    const known = this.prices.get(sessionId);
    if (known !== undefined) return known;
    const { receipt } = await this.services.session.getReceipt({ sessionId });
    // In its first moments a session has none yet.
    if (receipt?.price === undefined) return this.priceAt(stationId);
    const price = toPrice(receipt.price);
    this.prices.set(sessionId, price);
    return price;
  }

  async progress({ id, startRequestId = '' }: DriverLink): Promise<{
    readonly startRequest?: sessionV1.StartRequest | undefined;
    readonly session?: sessionV1.Session | undefined;
  }> {
    // It was asked for under the link's id: a gateway that died before it noted the answer loses no charge.
    const which = { startRequestId, idempotencyKey: startRequestId === '' ? id : '' };
    const startRequest = await known(async () => (await this.services.session.getStartRequest(which)).startRequest);
    const sessionId = startRequest?.sessionId ?? '';
    if (sessionId === '') return { startRequest };
    return { startRequest, session: await known(async () => (await this.services.session.getSession({ sessionId })).session) };
  }

  private placeOf({ stationId = '', evseId = 0 }: DriverLink) {
    return this.places.find(evseUidOf({ stationId, evseId }));
  }
}

/** What is told before it is written in every read model. */
async function known<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RequestError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
