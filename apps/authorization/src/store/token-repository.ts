import type { TokenEvent } from '@voltlog/authorization-contract';
import { type TokenCommand, type TokenRefusal, type TokenState, tokenDecider, tokenStreamId } from '@voltlog/authorization-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Commit } from '@voltlog/store';
import { type Collections, type TokenDoc, toKnownToken, toTokenDoc } from './documents.js';
import { type Entry, type KeyedInput, KeyedRepository, type Kind, type Outcome } from './keyed-repository.js';

export type TokenEntry = Entry<TokenState>;
export type TokenInput = KeyedInput<TokenCommand>;
export type TokenOutcome = Outcome<TokenState, TokenEvent, TokenRefusal>;

const kind: Kind<TokenCommand, TokenState, TokenEvent, TokenRefusal, TokenDoc> = {
  name: 'token',
  decider: tokenDecider,
  streamId: tokenStreamId,
  toDoc: (key, version, state) => (state.kind === 'known' ? toTokenDoc(key, version, state) : undefined),
  toState: toKnownToken,
};

/** Tokens by their key. */
export class TokenRepository extends KeyedRepository<TokenCommand, TokenState, TokenEvent, TokenRefusal, TokenDoc> {
  constructor(
    context: ServiceContext,
    { tokens }: Pick<Collections, 'tokens'>,
    options: { readonly tokensInMemoryMax: number; publish(commits: readonly Commit[]): void },
  ) {
    super(context, kind, tokens, { inMemoryMax: options.tokensInMemoryMax, publish: options.publish });
  }
}
