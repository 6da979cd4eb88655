import { encodeCallError, encodeCallResult, UNREADABLE_MESSAGE_ID } from '@voltlog/ocpp-rpc';
import { type HttpHints, type ReplyHeaders, readRequest, readResponse, SoapFault, type SoapRequest } from '@voltlog/ocpp-v16-soap';
import type { Tape } from '../recording/tape.js';

/**
 * An envelope that answers, as the frame that says the same: a recording has frames, whatever carried them, so that names are hidden in one
 * way and it can be replayed over both. One that is no answer stays as it is, and its length is all that is kept.
 */
export function answerFrame(
  text: string,
  {
    messageId,
    action,
    service,
    edition,
  }: { readonly messageId: string; readonly action: string } & Pick<ReplyHeaders, 'service' | 'edition'>,
): string {
  try {
    const answer = readResponse(text, service, edition, action);
    return answer.kind === 'result' ? encodeCallResult(messageId, answer.payload) : faultFrame(answer.fault, messageId);
  } catch (error) {
    if (error instanceof SoapFault) return text;
    throw error;
  }
}

/**
 * Reads the request of a station that is recorded. One that cannot be read is on the tape too.
 *
 * @throws {SoapFault}
 */
export function readTaped(text: string, hints: HttpHints, { tape, atMs }: { readonly tape: Tape; readonly atMs: number }): SoapRequest {
  try {
    return readRequest(text, 'cs', hints);
  } catch (error) {
    if (!(error instanceof SoapFault)) throw error;
    tape.frame('station', atMs, text);
    tape.frame('csms', atMs, faultFrame(error, UNREADABLE_MESSAGE_ID));
    throw error;
  }
}

/** Which departures from the specification an envelope had, which its frame does not show. */
export const toleratedIn = ({ tolerances }: SoapRequest): { readonly tolerances?: readonly string[] } =>
  tolerances.size === 0 ? {} : { tolerances: [...tolerances] };

const faultFrame = ({ code, subcode, message }: SoapFault, messageId: string): string =>
  encodeCallError(messageId, { code: subcode ?? code, message });
