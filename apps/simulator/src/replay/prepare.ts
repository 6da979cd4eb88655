import { CsmsApi, type CsmsApiOptions } from '../script/csms-api.js';
import { isObject } from '../station/protocol.js';
import type { Recording } from './recording.js';

const CALL_MS = 30_000;

/**
 * Registers at the CSMS what the recording takes for granted: the station, and the tokens that were accepted. What is there already stays.
 *
 * @returns the password of the station, where the CSMS made one now
 */
export async function prepare(recording: Recording, stationId: string, options: CsmsApiOptions): Promise<string | undefined> {
  const api = new CsmsApi(options);
  for (const { idToken, type } of acceptedTokens(recording))
    await api.call('PUT', `/v1/tokens/${encodeURIComponent(idToken)}`, { type, status: 'Active' }, CALL_MS);
  const made = await unlessThere(() => api.call('POST', '/v1/stations', { stationId }, CALL_MS));
  return isObject(made) && typeof made['password'] === 'string' ? made['password'] : undefined;
}

/** Those that the CSMS accepted, as the station called them. */
export function acceptedTokens({ lines }: Recording): readonly { readonly idToken: string; readonly type: string }[] {
  const asked = new Map<string, { readonly idToken: string; readonly type: string }>();
  const accepted = new Map<string, { readonly idToken: string; readonly type: string }>();
  for (const line of lines) {
    if (line.kind === 'call' && line.from === 'station') {
      const { idTag, idToken } = line.payload;
      if (typeof idTag === 'string') asked.set(line.messageId, { idToken: idTag, type: 'Local' });
      else if (isObject(idToken) && typeof idToken['idToken'] === 'string')
        asked.set(line.messageId, { idToken: idToken['idToken'], type: String(idToken['type'] ?? 'Central') });
    }
    if (line.kind !== 'answer' || line.from !== 'csms' || line.answer.kind !== 'result') continue;
    const told = line.answer.payload['idTagInfo'] ?? line.answer.payload['idTokenInfo'];
    const token = asked.get(line.messageId);
    if (token !== undefined && isObject(told) && told['status'] === 'Accepted') accepted.set(token.idToken, token);
  }
  return [...accepted.values()];
}

async function unlessThere(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && /was answered 409/.test(error.message)) return undefined;
    throw error;
  }
}
