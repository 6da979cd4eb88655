import { createHmac } from 'node:crypto';
import { CsmsApi, type CsmsApiOptions } from '../script/csms-api.js';
import { isObject } from '../station/protocol.js';
import type { Recording } from './recording.js';

const CALL_MS = 30_000;
/** The longest that both versions carry. */
const PASSWORD_LENGTH = 40;

/**
 * Registers at the CSMS what the recording takes for granted: the station, and the tokens that were accepted. What is there already stays.
 *
 * @returns the password that the station was registered with, now or by an earlier replay; one that somebody else registered has its own
 */
export async function prepare(recording: Recording, stationId: string, options: CsmsApiOptions): Promise<string> {
  const api = new CsmsApi(options);
  for (const { idToken, type } of acceptedTokens(recording))
    await api.call('PUT', `/v1/tokens/${encodeURIComponent(idToken)}`, { type, status: 'Active' }, CALL_MS);
  // The same for the same key, since the CSMS does not tell it again.
  const password = createHmac('sha256', options.key).update(`replay as ${stationId}`).digest('hex').slice(0, PASSWORD_LENGTH);
  await unlessThere(() => api.call('POST', '/v1/stations', { stationId, password }, CALL_MS));
  return password;
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

async function unlessThere(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && /was answered 409/.test(error.message)) return;
    throw error;
  }
}
