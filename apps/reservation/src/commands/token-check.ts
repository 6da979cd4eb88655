import { whyDecided } from '@voltlog/authorization-contract';
import { isoTime, RequestError } from '@voltlog/kernel';
import { type authorizationV1, connectionV1 } from '@voltlog/proto';
import type { ReservationIdToken } from '@voltlog/reservation-contract';
import { refusal } from './refusals.js';

/** Tokens of a group that are asked about at a station, until one may charge there: each is a durable decision. */
const MEMBERS_ASKED_MAX = 10;
/** Questions for one reservation, over all tokens and stations: whoever asked waits for all of them. */
const ASKS_MAX = 50;

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
  /** Elsewhere somebody may; otherwise there is no use in asking on. */
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
   * The token it is for; for a group alone some of its tokens. For one reservation.
   *
   * @throws {RequestError} `GroupUnknown`: no active token is of the group
   * @throws {OperatingError} when nobody can say who is of the group
   */
  async whoMayCome(wish: {
    readonly idToken: ReservationIdToken;
    readonly groupId: string | undefined;
    readonly forGroup: true | undefined;
  }): Promise<Comers> {
    const { idToken, groupId, forGroup } = wish;
    if (forGroup !== true || groupId === undefined) return new Comers(this.connection, [idToken]);
    const { idTokens } = await this.authorization.listGroupMembers({ groupId, countMax: MEMBERS_ASKED_MAX });
    if (idTokens.length === 0) throw refusal('GroupUnknown');
    return new Comers(this.connection, idTokens);
  }
}

/** Those of whom one is enough. Who is refused whatever the place is not asked about again. */
export class Comers {
  private readonly who: string;
  private readonly stations = new Set<string>();
  private asks = 0;
  private last: RequestError | undefined;

  constructor(
    private readonly connection: Pick<connectionV1.ConnectionService, 'authorizeToken'>,
    private anyOf: readonly ReservationIdToken[],
  ) {
    this.who = anyOf.length === 1 ? 'the token may not' : 'no token of the group may';
  }

  /**
   * @returns undefined: one may
   * @throws {OperatingError} when nobody can say, and the site lets nobody in meanwhile
   */
  async refusalAt({ stationId, evseId, startsAt }: TokenUse): Promise<TokenRefusal | undefined> {
    const elsewhere: ReservationIdToken[] = [];
    let error = refusal('NoEvseFree');
    for (const idToken of this.anyOf) {
      if (this.asks >= ASKS_MAX) return { isOfPlace: false, error: this.notAtAll() };
      this.asks += 1;
      this.stations.add(stationId);
      const { status, reason } = await this.connection.authorizeToken({
        stationId,
        evseId,
        idToken: { idToken: idToken.idToken, type: idToken.type },
        use: connectionV1.TokenUse.RESERVE,
        startsAt: isoTime(startsAt),
      });
      if (status === 'Accepted') return undefined;
      if (status === 'NotAtThisLocation') elsewhere.push(idToken);
      else this.anyOf = this.anyOf.filter((each) => each !== idToken);
      error = new RequestError(
        'FAILED_PRECONDITION',
        `${this.who} charge there then: ${whyDecided(status, reason)}`,
        reason || `Token${status}`,
      );
      this.last = error;
    }
    return { isOfPlace: elsewhere.length > 0, error };
  }

  private notAtAll(): RequestError {
    const { code, message, reason } = this.last ?? refusal('NoEvseFree');
    const asked = `asked at ${this.stations.size} stations of the site, not at all of them`;
    return new RequestError(code, `${message}; ${asked}: name the station`, reason);
  }
}
