/** What bounds one frame. */
export interface FrameLimits {
  /** UTF-8 bytes of a frame. */
  readonly frameBytes: number;
  /** Arrays and objects inside each other, the frame's own array counted. */
  readonly nesting: number;
  /** Characters of a message id. */
  readonly messageIdLength: number;
}

/** Every limit of the protocol layer, with its reason. All are defaults: the callers take them from their configuration. */
export const LIMITS = {
  /**
   * A whole device model in one 2.x NotifyReport is 500 variables of about 400 bytes; one signed meter value of 2.1 may have 32 kB.
   * Stations that need more split their reports (`BytesPerMessage`).
   */
  frameBytes: 256 * 1024,
  /** What configuration may raise `frameBytes` to: JSON.parse of 1 MiB holds all other stations up for about 10 ms. */
  frameBytesMax: 1024 * 1024,
  /**
   * The deepest schema path (2.x ReportChargingProfiles) is 14 with the frame's own array; the rest is for `customData` and
   * DataTransfer. Far below where recursive code such as JSON.stringify would overflow the stack.
   */
  nesting: 32,
  /** OCPP-J 1.6 §4.1.4, OCPP 2.1 Part 4 §4.1.4: string[36], to allow for UUIDs. */
  messageIdLength: 36,
  /** An over-long id is still answered under its own name (the peer can match nothing else), up to this; beyond it is unreadable. */
  messageIdEchoLength: 255,
  /** OCPP 2.1 Part 4 §4.2.3: ErrorDescription string[255]. */
  errorDescriptionLength: 255,
  /** OCPP-J 1.6 §4.1.1, OCPP 2.1 Part 4 §4.1.1: one CALL at a time in each direction. */
  callsInFlight: 1,
  /** Commands that wait for the one in flight; a slow station takes 30 s for each, so more would only expire. */
  callsQueued: 32,
  /** Two connectors sampled every second make 4; an offline queue is replayed one answer at a time and gets the burst. */
  callsPerSecond: 100,
  /** A day offline is about a thousand queued messages: those go through without a pause. */
  callsBurst: 1000,
} as const;
