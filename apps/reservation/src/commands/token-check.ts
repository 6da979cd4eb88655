import { whyDecided } from '@voltlog/authorization-contract';
import { isoTime, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';

/** Whose a reservation is to be, where and from when. */
export interface TokenUse {
  readonly stationId: string;
  /** 0: any. */
  readonly evseId: number;
  readonly idToken: { readonly idToken: string; readonly type: string };
  /** Milliseconds since the Unix epoch. */
  readonly startsAt: number;
}

/** Why a token may not charge there. */
export interface TokenRefusal {
  /** Elsewhere it may. */
  readonly isOfPlace: boolean;
  readonly error: RequestError;
}

/**
 * Asks whether a token may charge where an EVSE is to be held for it, so that nobody reserves what they cannot use. The connection service
 * answers, as it answers stations: also while authorization is away, by the policy of the site.
 */
export class TokenCheck {
  constructor(private readonly connection: Pick<connectionV1.ConnectionService, 'authorizeToken'>) {}

  /**
   * @returns undefined: it may
   * @throws {OperatingError} when nobody can say, and the site lets nobody in meanwhile
   */
  async refusalOf({ stationId, evseId, idToken, startsAt }: TokenUse): Promise<TokenRefusal | undefined> {
    const { status, reason } = await this.connection.authorizeToken({
      stationId,
      evseId,
      idToken,
      use: connectionV1.TokenUse.RESERVE,
      startsAt: isoTime(startsAt),
    });
    if (status === 'Accepted') return undefined;
    const why = `the token may not charge there then: ${whyDecided(status, reason)}`;
    return { isOfPlace: status === 'NotAtThisLocation', error: new RequestError('FAILED_PRECONDITION', why, reason || `Token${status}`) };
  }
}
