import { whyDecided } from '@voltlog/authorization-contract';

/** What an explanation is made of. */
export interface Explained {
  readonly status: string;
  readonly reason: string | null;
  readonly purpose: string;
  readonly contractId: string | null;
  readonly groupId: string | null;
  readonly offline: boolean;
}

const WHAT: Readonly<Record<string, string>> = {
  Identify: 'The token',
  Start: 'The start',
  Stop: 'The stop',
  Reserve: 'The reservation',
  RequestStart: 'The start that was asked for',
};

/** A decision in a sentence. */
export function explain({ status, reason, purpose, contractId, groupId, offline }: Explained): string {
  const verb = status === 'Accepted' ? 'was accepted' : 'was refused';
  const of = [...(contractId === null ? [] : [`contract ${contractId}`]), ...(groupId === null ? [] : [`group ${groupId}`])];
  const after = offline ? ' The station had decided by itself already, while it was offline.' : '';
  return `${WHAT[purpose] ?? 'The token'} ${verb}: ${whyDecided(status, reason ?? '')}${of.length === 0 ? '' : ` (${of.join(', ')})`}.${after}`;
}
