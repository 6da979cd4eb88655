import { type Clock, isoTime, RequestError } from '@voltlog/kernel';
import type { SecretBox } from '@voltlog/outbound';
import { type callCredentialsV1, deviceV1 } from '@voltlog/proto';
import type { Collection } from '@voltlog/store';
import type { StationAccessCache } from '../access/station-access.js';
import { type CallCredentialRow, SCHEMES } from './call-credentials.js';

/** Far beyond what a station's settings hold. */
const CHARS_MAX = 255;
/** RFC 7617 §2: no control characters, and in a user name no colon. */
const PASSWORD = /^\P{Cc}+$/u;
const USERNAME = /^[^\p{Cc}:]+$/u;

export interface CallCredentialRpcParts {
  readonly rows: Collection<CallCredentialRow>;
  readonly box: SecretBox;
  readonly access: Pick<StationAccessCache, 'get'>;
  readonly clock: Clock;
}

/** `voltlog.connection.v1.CallCredentialService`. */
export class CallCredentialRpc implements callCredentialsV1.CallCredentialService {
  constructor(private readonly parts: CallCredentialRpcParts) {}

  async getCallCredential({ stationId }: callCredentialsV1.GetCallCredentialRequest): Promise<callCredentialsV1.GetCallCredentialResponse> {
    const row = await this.parts.rows.get(stationId);
    if (row === undefined) throw none(stationId);
    return { credential: toMessage(row) };
  }

  async putCallCredential(request: callCredentialsV1.PutCallCredentialRequest): Promise<callCredentialsV1.PutCallCredentialResponse> {
    const { stationId, password } = request;
    const username = request.username || stationId;
    if (stationId === '') throw invalid('stationId is empty');
    if (username.length > CHARS_MAX || !USERNAME.test(username))
      throw invalid(`username must have 1 to ${CHARS_MAX} characters, no colon and no control characters`);
    if (password.length > CHARS_MAX || !PASSWORD.test(password))
      throw invalid(`password must have 1 to ${CHARS_MAX} characters and no control characters`);
    const scheme = SCHEMES.find((each) => each === (request.scheme || 'Basic'));
    if (scheme === undefined) throw invalid(`scheme must be one of ${SCHEMES.join(', ')}`);
    const { rows, box, access, clock } = this.parts;
    if ((await access.get(stationId))?.lifecycle !== deviceV1.StationLifecycle.ACTIVE)
      throw new RequestError('NOT_FOUND', `station ${stationId} is not registered`);
    const row = { id: stationId, username, sealedPassword: box.seal(password, stationId), scheme, updatedAt: isoTime(clock.now()) };
    await rows.upsert([{ doc: row }]);
    return { credential: toMessage(row) };
  }

  async deleteCallCredential({
    stationId,
  }: callCredentialsV1.DeleteCallCredentialRequest): Promise<callCredentialsV1.DeleteCallCredentialResponse> {
    if ((await this.parts.rows.deleteWhere({ id: stationId })) === 0) throw none(stationId);
    return {};
  }
}

const toMessage = ({ id, username, scheme = 'Basic', updatedAt }: CallCredentialRow): callCredentialsV1.CallCredential => ({
  stationId: id,
  username,
  scheme,
  updatedAt,
});

const none = (stationId: string): RequestError => new RequestError('NOT_FOUND', `no password is set for calls to station ${stationId}`);

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);
