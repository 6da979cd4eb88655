export interface CloseReason {
  readonly code: number;
  readonly text: string;
}

/** Why this side ends a socket. Codes: RFC 6455 §7.4.1, the IANA registry for 1012 and 1013; 4000 and up are for private use. */
export const CLOSE = {
  noSubprotocol: { code: 1002, text: 'no supported subprotocol; this server speaks ocpp1.6, ocpp2.0.1 and ocpp2.1' },
  binary: { code: 1003, text: 'OCPP-J is text' },
  tooManyCalls: { code: 1008, text: 'too many calls' },
  unread: { code: 1008, text: 'answers are not read' },
  revoked: { code: 1008, text: 'the client certificate was revoked' },
  retired: { code: 1008, text: 'no longer registered' },
  failed: { code: 1011, text: 'internal error' },
  restart: { code: 1012, text: 'service restart' },
  logAway: { code: 1013, text: 'try again later' },
  dead: { code: 1006, text: 'nothing was heard' },
  replaced: { code: 4001, text: 'replaced by a newer connection' },
} as const satisfies Record<string, CloseReason>;
