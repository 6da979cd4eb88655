import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isoTime, RequestError } from '@voltlog/kernel';
import { authorizationV1, reservationV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { Services } from '../services.js';
import { type DriverLink, DriverLinks, LINK_KEY_PATTERN } from './driver-links.js';
import type { EvsePlace } from './evse-uid.js';
import { KeyCodeTries } from './key-code-tries.js';

/** Milliseconds that every answer to a key code takes at least, so that its time tells nothing. */
const CODE_ANSWER_MS = 350;
/** Milliseconds a guest's token may begin a charge; one that runs goes on. */
const GUEST_MS = 2 * 3_600_000;
/** `G` and 19 letters of 5 bits: an ID token has at most 20 characters (OCPP 1.6 §7.28). */
const GUEST_LETTERS = 19;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const linkKey = z.string().regex(LINK_KEY_PATTERN, 'is not a key of a link');

/** Who charges: exactly one of them. */
export const payerFields = {
  guest: z.literal(true).optional().meta({ description: 'without a contract, where guests are welcome' }),
  keyCode: z.string().trim().min(1).max(36).optional().meta({ description: 'an ID token of type KeyCode' }),
  contractLink: linkKey.optional().meta({ description: 'the key of a link of `POST /v1/tokens/{idToken}/links`' }),
  reservationKey: linkKey.optional().meta({ description: 'the key of a reservation of this EVSE' }),
};
export type PayerBody = z.output<z.ZodObject<typeof payerFields>>;
export const hasOnePayer = (body: PayerBody): boolean =>
  [body.guest, body.keyCode, body.contractLink, body.reservationKey].filter((each) => each !== undefined).length === 1;
export const ONE_PAYER = 'needs exactly one of guest, keyCode, contractLink and reservationKey';

export interface Payer {
  readonly idToken: authorizationV1.IdToken;
  readonly groupId: string;
  readonly guest: boolean;
  readonly reservation?: DriverLink;
}

/** Finds the ID token a driver charges with. What is refused is refused with the same words, whatever the reason. */
@Injectable()
export class Payers {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly tries: KeyCodeTries,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /** @param laterMs how much later than now the token is to begin charging, for a guest who reserves */
  async find(body: PayerBody, place: EvsePlace, address: string, laterMs = 0): Promise<Payer> {
    if (body.keyCode !== undefined) return this.byKeyCode(body.keyCode, place, address);
    if (body.contractLink !== undefined) return this.byContract(body.contractLink);
    if (body.reservationKey !== undefined) return this.byReservation(body.reservationKey, place);
    return this.asGuest(place, laterMs);
  }

  private async byKeyCode(keyCode: string, place: EvsePlace, address: string): Promise<Payer> {
    await this.tries.count(address, place);
    // A code that a search would find does not pay, even where a token has it: it may be older than the rule.
    const isLong = keyCode.length >= this.config.keyCodeLengthMin;
    const [token] = await Promise.all([isLong ? this.usable({ idToken: keyCode, type: 'KeyCode' }) : undefined, wait(CODE_ANSWER_MS)]);
    if (token?.idToken?.type !== 'KeyCode') throw new Problem(403, 'key-code-refused', 'This key code cannot be used here.');
    await this.tries.wasRight();
    return { idToken: token.idToken, groupId: token.groupId, guest: false };
  }

  private async byContract(key: string): Promise<Payer> {
    const link = await this.links.open(key, 'Contract');
    const token = link.idToken === undefined ? undefined : await this.usable({ idToken: link.idToken, type: link.idTokenType ?? '' });
    if (token?.idToken === undefined) throw new Problem(403, 'contract-refused', 'This contract cannot be used here now.');
    return { idToken: token.idToken, groupId: token.groupId, guest: false };
  }

  private async byReservation(key: string, place: EvsePlace): Promise<Payer> {
    const link = await this.links.open(key, 'Reservation');
    if (link.stationId !== place.stationId || link.evseId !== place.evseId || link.idToken === undefined)
      throw new Problem(403, 'reservation-elsewhere', 'This reservation is for another charging point.');
    if (!(await this.isActive(link.reservationId)))
      throw new Problem(403, 'reservation-ended', 'This reservation has ended; start with what you reserved with.');
    const idToken = { idToken: link.idToken, type: link.idTokenType ?? '' };
    return { idToken, groupId: '', guest: link.guest === true, reservation: link };
  }

  /** The key outlives the reservation, so that its page can be read; it pays no longer than that. */
  private async isActive(reservationId: string | undefined): Promise<boolean> {
    if (reservationId === undefined) return false;
    const { reservation } = await this.services.reservation.getReservation({ reservationId });
    return reservation?.state === reservationV1.ReservationState.ACTIVE;
  }

  /** A token of its own for each guest, for one charge at this station; nobody can tell it, and it ends by itself. */
  private async asGuest({ stationId }: EvsePlace, laterMs: number): Promise<Payer> {
    if (this.config.guestCharging === 'off') throw new Problem(403, 'guest-refused', 'Guests cannot charge here.');
    const letters = [...randomBytes(GUEST_LETTERS)].map((byte) => BASE32.charAt(byte % BASE32.length)).join('');
    const idToken = { idToken: `G${letters}`, type: 'Central' };
    await this.services.authorization.putToken(
      authorizationV1.PutTokenRequest.fromPartial({
        idToken,
        status: authorizationV1.TokenStatus.ACTIVE,
        expiresAt: isoTime(this.context.clock.now() + laterMs + GUEST_MS),
        concurrentTransactionsMax: 1,
        note: 'guest',
        replaceRules: true,
        stationIds: [stationId],
      }),
    );
    return { idToken, groupId: '', guest: true };
  }

  /** The token, when it may begin something now. */
  private async usable(idToken: authorizationV1.IdToken): Promise<authorizationV1.Token | undefined> {
    const now = isoTime(this.context.clock.now());
    const token = await this.tokenOf(idToken);
    const isValid =
      token?.status === authorizationV1.TokenStatus.ACTIVE &&
      (token.expiresAt === undefined || token.expiresAt > now) &&
      (token.validFrom === undefined || token.validFrom <= now);
    return isValid ? token : undefined;
  }

  private async tokenOf(idToken: authorizationV1.IdToken): Promise<authorizationV1.Token | undefined> {
    try {
      return (await this.services.authorization.getToken({ idToken })).token;
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
