import { Inject, Injectable } from '@nestjs/common';
import { isDecisionReason } from '@voltlog/authorization-contract';
import { OperatingError, RequestError } from '@voltlog/kernel';
import type { sessionV1 } from '@voltlog/proto';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { Services } from '../services.js';
import { type DriverLink, DriverLinks } from './driver-links.js';
import type { EvsePlace } from './evse-uid.js';
import type { Payer } from './payers.js';

/** Milliseconds a link to a charge opens it: long enough to fetch the receipt for the tax return of the year. */
const CHARGE_LINK_MS = 400 * 24 * 3_600_000;
/** Milliseconds the page waits for the station before it goes on to show what happens. */
const PATIENCE_MS = 1_500;

/** Begins charges: hands out the key first, so that nothing begins that nobody can stop. */
@Injectable()
export class Starter {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {}

  async start(place: EvsePlace, payer: Payer, limit: sessionV1.SessionLimit | undefined) {
    const { key, link } = await this.links.give(
      {
        kind: 'Charge',
        stationId: place.stationId,
        evseId: place.evseId,
        idToken: payer.idToken.idToken,
        idTokenType: payer.idToken.type,
        guest: payer.guest,
      },
      CHARGE_LINK_MS,
    );
    const asked = this.ask(link, place, payer, limit);
    const startRequestId = await Promise.race([asked, within(PATIENCE_MS)]);
    return { key, startRequestId: startRequestId ?? null };
  }

  /** Never rejects: what went wrong is written to the link, where the page reads it. */
  private async ask(
    link: DriverLink,
    { stationId, evseId }: EvsePlace,
    { idToken, groupId }: Payer,
    limit: sessionV1.SessionLimit | undefined,
  ): Promise<string | undefined> {
    try {
      const { startRequest } = await this.services.starts.requestStart({
        stationId,
        evseId,
        idToken,
        groupId,
        limit,
        idempotencyKey: link.id,
      });
      if (startRequest === undefined) return undefined;
      await this.links.note(link.id, { startRequestId: startRequest.startRequestId });
      return startRequest.startRequestId;
    } catch (error) {
      this.context.logger.warn({ err: error, stationId, evseId }, "a driver's start could not be asked for");
      await this.links.note(link.id, { failure: failureOf(error) }).catch((failed: unknown) => {
        this.context.logger.error({ err: failed }, 'nor could that be written down');
      });
      return undefined;
    }
  }
}

function failureOf(error: unknown): string {
  // Why is between the operator and whoever the contract is of.
  if (error instanceof RequestError) {
    const { reason = 'Rejected' } = error;
    // That it is kept for somebody else is no fault of the token.
    return isDecisionReason(reason) && reason !== 'ReservedForOther' ? 'TokenRefused' : reason;
  }
  return error instanceof OperatingError && error.code === 'DeadlineExceeded' ? 'TimedOut' : 'Offline';
}

const within = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
