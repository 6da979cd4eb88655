import { isoTime } from '@voltlog/kernel';
import { type CallRate, encodeCall, type OcppError } from '@voltlog/ocpp-rpc';
import { contentTypeOf, readResponse, SoapFault, writeRequest } from '@voltlog/ocpp-v16-soap';
import type { CommandedStation } from '../commands/commander.js';
import type { OutgoingMessage, StationCalls } from '../commands/station-calls.js';
import type { SoapDialect } from '../edge/actions.js';
import type { CallingStation } from '../edge/calling-station.js';
import type { AdmittedStation, EdgeParts } from '../edge/parts.js';
import type { FrameSource } from '../frames/frame-log.js';
import { MASK } from '../frames/mask.js';
import type { Claim } from '../presence/presence.js';
import { type CallCredentials, CredentialUnavailable, type Shown } from './call-credentials.js';
import { DigestCalls, type DigestOf, readChallenge } from './digest.js';
import { NotAnswered, NotDelivered, type Posted, post } from './soap-client.js';
import { answerFrame } from './taped.js';

/** Calls that change nothing: asked again when the answer was lost. */
const READS = new Set(['GetConfiguration', 'GetLocalListVersion', 'GetCompositeSchedule']);
/** Tries of one call, as long as nothing of it was sent or it may be repeated. */
const TRIES_MAX = 3;
const RETRY_MS = 1_000;
/** Why a station said 401. */
const UNAUTHORIZED = {
  Refused: 'it does not take the user name and password that are set for calls to it (HTTP 401)',
  RefusedDigest:
    'it does not take the user name and password that are set for calls to it, or asks for them otherwise than by Digest with MD5 or SHA-256 (HTTP 401)',
  AsksDigest: 'it asks for the password by Digest, and the one that is set is shown by Basic (HTTP 401): set it again, for Digest',
  NoneSet: 'it demands a password, and none is set for calls to it (HTTP 401)',
  StationUnproven:
    'it demands a password (HTTP 401); the one that is set was not shown, since the station is not registered or has shown no password or certificate itself',
} as const;
/** Milliseconds that must be left for another try. */
const TRY_MS_MIN = 500;

/** What is needed to call stations. */
export interface Calling {
  /** Roots (PEM) that a station's certificate may be under, beside the well-known ones. */
  readonly ca: string | undefined;
  readonly credentials: Pick<CallCredentials, 'shownTo'>;
}

/** The answer to the request that a station sent last. */
export interface LastAnswer {
  readonly messageId: string;
  readonly text: string;
  readonly status: number;
  readonly answer: string;
}

/**
 * What an instance remembers of a station that speaks SOAP. There is no socket: it is there while it is heard, and any instance calls it
 * at the address it told.
 */
export class SoapStation implements CommandedStation, CallRate, FrameSource {
  readonly closed = false;
  readonly stationId: string;
  epoch = 0;
  heardAtMs: number;
  /** Since when it was heard without a pause in which messages may have been kept. */
  reachableSinceMs: number;
  /** How far its clock is behind ours, as far as is known. */
  clockBehindMs = 0;
  /** Until when the store knows that it was heard. */
  writtenAtMs = 0;
  calls: StationCalls | undefined = undefined;
  readonly limits = undefined;
  readonly costs = undefined;
  triggered: Set<string> | undefined = undefined;
  /** What its last boot was answered; undefined: it did not boot while this instance knew it. */
  told: CallingStation['told'] = undefined;
  tokens: number;
  atMs: number;
  frameWindow = 0;
  framesKept = 0;
  last: LastAnswer | undefined = undefined;
  /** Requests in work or waiting. */
  waiting = 0;
  /** Settles when the request that came last is served. */
  turn: Promise<void> = Promise.resolve();
  private readonly digests = new DigestCalls();

  constructor(
    readonly dialect: SoapDialect,
    public station: AdmittedStation,
    /** Empty: it cannot be called. */
    public callback: string,
    readonly connectedAtMs: number,
    private readonly edge: EdgeParts,
    private readonly calling: Calling,
  ) {
    this.stationId = station.stationId;
    this.heardAtMs = connectedAtMs;
    this.reachableSinceMs = connectedAtMs;
    this.tokens = edge.limits.rate.callsBurst;
    this.atMs = connectedAtMs;
  }

  get claim(): Claim & { readonly callback: string } {
    return {
      stationId: this.stationId,
      ocppVersion: this.dialect.version,
      dialect: this.dialect.name,
      remoteAddress: this.station.remoteAddress,
      securityProfile: this.station.securityProfile,
      registered: this.station.registered,
      callback: this.callback,
    };
  }

  /** @param pauseMs longer than that between two requests, and it may have been offline */
  heard(nowMs: number, pauseMs: number): void {
    if (nowMs - this.heardAtMs > pauseMs) this.reachableSinceMs = nowMs;
    this.heardAtMs = nowMs;
  }

  get lastSeenAt(): string {
    return isoTime(this.heardAtMs);
  }

  /** Never throws. */
  transmit(call: OutgoingMessage): void {
    this.deliver(call).catch((error: unknown) => {
      this.edge.logger.error({ err: error, station_id: this.stationId, action: call.action }, 'a command could not be sent');
      this.calls?.undelivered(call.messageId, 'internal error');
    });
  }

  /** SOAP has no way to say so. */
  resultRefused(_messageId: string, _error: OcppError): void {}

  note(message: string, details: object): void {
    this.edge.logger.debug({ station_id: this.stationId, ...details }, message);
  }

  private async deliver(call: OutgoingMessage): Promise<void> {
    const { action, messageId } = call;
    const text = writeRequest(action, call.payload, {
      service: 'cp',
      edition: this.dialect.edition,
      messageId: `urn:uuid:${messageId}`,
      chargeBoxIdentity: this.stationId,
      to: this.callback,
      from: '',
    });
    try {
      const shown = await this.calling.credentials.shownTo(this.station);
      const sentAtMs = this.edge.clock.now();
      this.edge.frames.sent(this, sentAtMs, text);
      this.edge.recorder.tapeOf(this.stationId)?.frame('csms', sentAtMs, encodeCall(messageId, action, call.payload));
      const answer = 'digest' in shown ? await this.digested(call, text, shown.digest) : await this.shownAtOnce(call, text, shown);
      this.received(call, answer);
      if (answer.status === 401) this.unauthorized(messageId, shown, answer);
      else this.answered(call, answer);
    } catch (error) {
      if (error instanceof CredentialUnavailable) this.calls?.undelivered(messageId, error.message);
      else if (error instanceof NotDelivered) this.calls?.undelivered(messageId, `${error.message} at ${new URL(this.callback).host}`);
      else if (error instanceof NotAnswered) this.calls?.lost(messageId);
      else throw error;
    }
  }

  private async shownAtOnce(call: OutgoingMessage, text: string, shown: Shown): Promise<Posted> {
    const authorization = 'authorization' in shown ? shown.authorization : undefined;
    return withoutShown(await this.posted(call, text, authorization), authorization);
  }

  /** A station that says 401 has not looked at the command: it is asked again with what it wants to be shown. */
  private async digested(call: OutgoingMessage, text: string, who: Pick<DigestOf, 'username' | 'password'>): Promise<Posted> {
    const { pathname, search } = new URL(this.callback);
    const of = { ...who, method: 'POST', uri: `${pathname}${search}` };
    const next = () => this.digests.known(of);
    let shown = next();
    const answer = await this.posted(call, text, shown, () => (shown = next()));
    const again = answer.status === 401 ? this.digests.asked(answer.challenge, of, shown) : undefined;
    return again === undefined ? answer : this.posted(call, text, again, next);
  }

  private received({ messageId, action }: OutgoingMessage, { status, text }: Posted): void {
    const now = this.edge.clock.now();
    const { edition } = this.dialect;
    // What a refusal says is for who showed the wrong password, and may well repeat it; whatever it looks like, it is no answer.
    const kept = status === 401 ? 'HTTP 401' : text;
    this.edge.frames.received(this, now, kept, action);
    const shape = { messageId, action, service: 'cp', edition } as const;
    this.edge.recorder.tapeOf(this.stationId)?.frame('station', now, answerFrame(kept, shape));
  }

  /**
   * Tries again while nothing was sent, or what was sent may be sent twice.
   *
   * @param next what is shown then
   */
  private async posted(call: OutgoingMessage, text: string, first: string | undefined, next = () => first): Promise<Posted> {
    const { action, deadlineMs } = call;
    let authorization = first;
    for (let tries = 1; ; tries++) {
      try {
        const timeoutMs = Math.max(1, deadlineMs - this.edge.clock.now());
        return await post({ url: this.callback, contentType: contentTypeOf(action), text, timeoutMs, authorization, ca: this.calling.ca });
      } catch (error) {
        const repeatable = error instanceof NotDelivered || (error instanceof NotAnswered && READS.has(action));
        if (!repeatable || tries >= TRIES_MAX || deadlineMs - this.edge.clock.now() < RETRY_MS + TRY_MS_MIN) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        if (error instanceof NotAnswered) authorization = next();
      }
    }
  }

  /** Whatever is in the answer: it did not look at the command. */
  private unauthorized(messageId: string, shown: Shown, { challenge }: Posted): void {
    const basic = readChallenge(challenge) === undefined ? 'Refused' : 'AsksDigest';
    const description = UNAUTHORIZED['nothing' in shown ? shown.nothing : 'digest' in shown ? 'RefusedDigest' : basic];
    this.calls?.answered({ kind: 'callError', messageId, code: 'SecurityError', description, details: {} });
  }

  private answered({ messageId, action }: OutgoingMessage, { status, text }: Posted): void {
    try {
      const answer = readResponse(text, 'cp', this.dialect.edition, action);
      if (answer.kind === 'result') this.calls?.answered({ kind: 'callResult', messageId, payload: answer.payload });
      else {
        const { code, subcode, message } = answer.fault;
        this.calls?.answered({ kind: 'callError', messageId, code: subcode ?? code, description: message, details: {} });
      }
    } catch (error) {
      if (!(error instanceof SoapFault)) throw error;
      this.calls?.failed(messageId, `HTTP ${status}, ${error.message}`);
    }
  }
}

/** An answer without the user name and password that the call showed, as they were shown: it goes to people, and is kept. */
function withoutShown(answer: Posted, authorization: string | undefined): Posted {
  const shown = authorization?.slice(authorization.indexOf(' ') + 1);
  return shown === undefined ? answer : { ...answer, text: answer.text.replaceAll(shown, MASK) };
}
