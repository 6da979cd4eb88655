import { whyDecided } from '@voltlog/authorization-contract';
import { isoTime, RequestError } from '@voltlog/kernel';
import { type authorizationV1, connectionV1 } from '@voltlog/proto';
import type { ReservationIdToken } from '@voltlog/reservation-contract';
import { refusal } from './refusals.js';

/** Tokens of a group that are asked about at a station, until one may charge there: each is a durable decision. */
const MEMBERS_ASKED_MAX = 10;

/** Where and from when somebody is to charge. */
export interface TokenUse {
  readonly stationId: string;
  /** 0: any. */
  readonly evseId: number;
  /** Milliseconds since the Unix epoch. */
  readonly startsAt: number;
}

/** Why nobody of those for whom it is may charge there. */
export interface TokenRefusal {
  /** Elsewhere somebody may. */
  readonly isOfPlace: boolean;
  readonly error: RequestError;
}

/**
 * Asks whether a token may charge where an EVSE is to be held for it, so that nobody reserves what they cannot use. The connection service
 * answers, as it answers stations: also while authorization is away, by the policy of the site. Of a group alone it is enough that one of its
 * tokens may: nobody knows yet who comes.
 */
export class TokenCheck {
  constructor(
    private readonly connection: Pick<connectionV1.ConnectionService, 'authorizeToken'>,
    private readonly authorization: Pick<authorizationV1.AuthorizationService, 'listGroupMembers'>,
  ) {}

  /**
   * The token it is for; for a group alone some of its tokens.
   *
   * @throws {RequestError} `GroupUnknown`: no active token is of the group
   * @throws {OperatingError} when nobody can say who is of the group
   */
  async whoMayCome(wish: {
    readonly idToken: ReservationIdToken;
    readonly groupId: string | undefined;
    readonly forGroup: true | undefined;
  }): Promise<readonly ReservationIdToken[]> {
    const { idToken, groupId, forGroup } = wish;
    if (forGroup !== true || groupId === undefined) return [idToken];
    const { idTokens } = await this.authorization.listGroupMembers({ groupId, countMax: MEMBERS_ASKED_MAX });
    if (idTokens.length === 0) throw refusal('GroupUnknown');
    return idTokens;
  }

  /**
   * @param anyOf of them one is enough
   * @returns undefined: one may
   * @throws {OperatingError} when nobody can say, and the site lets nobody in meanwhile
   */
  async refusalOf(anyOf: readonly ReservationIdToken[], { stationId, evseId, startsAt }: TokenUse): Promise<TokenRefusal | undefined> {
    let no: TokenRefusal | undefined;
    for (const { idToken, type } of anyOf) {
      const { status, reason } = await this.connection.authorizeToken({
        stationId,
        evseId,
        idToken: { idToken, type },
        use: connectionV1.TokenUse.RESERVE,
        startsAt: isoTime(startsAt),
      });
      if (status === 'Accepted') return undefined;
      const who = anyOf.length === 1 ? 'the token' : 'no token of the group';
      const why = `${who} may${anyOf.length === 1 ? ' not' : ''} charge there then: ${whyDecided(status, reason)}`;
      const isOfPlace = status === 'NotAtThisLocation' || no?.isOfPlace === true;
      no = { isOfPlace, error: new RequestError('FAILED_PRECONDITION', why, reason || `Token${status}`) };
    }
    return no;
  }
}
