/** What the flags of a session mean, for a person. */
const FLAGS: Readonly<Record<string, string>> = {
  AssumedEnd: 'The station never reported the end; it was inferred.',
  AuthorizedByPolicy: 'Authorization was away; the operator’s policy decided.',
  ClockSkew: 'The station’s clock was wrong.',
  ConflictingEnd: 'The station reported two different ends.',
  GapInSeqNo: 'Messages between are missing.',
  MatchedEnd: 'The end came under another transaction id and was matched.',
  MessagesQueued: 'The station still has messages queued for it.',
  MissingStart: 'The start has not arrived.',
  OfflineStart: 'It began while the station was offline.',
  RegisterFell: 'The meter register fell.',
  RegisterJumped: 'The meter register jumped.',
  Stale: 'Nothing was heard of it for long.',
  TokenBlocked: 'The token was blocked; the energy is kept.',
  TokenNotAccepted: 'The token was not accepted.',
  TransactionIdReused: 'The station used this transaction id before.',
};

export const flagWords = (flag: string): string => FLAGS[flag] ?? flag;
