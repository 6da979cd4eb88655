import type { ContractEvent } from '@voltlog/authorization-contract';
import {
  type ContractCommand,
  type ContractRefusal,
  type ContractState,
  contractDecider,
  contractStreamId,
} from '@voltlog/authorization-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Commit } from '@voltlog/store';
import { type Collections, type ContractDoc, toContractDoc, toKnownContract } from './documents.js';
import { type Entry, type KeyedInput, KeyedRepository, type Kind } from './keyed-repository.js';

export type ContractEntry = Entry<ContractState>;
export type ContractInput = KeyedInput<ContractCommand>;

const kind: Kind<ContractCommand, ContractState, ContractEvent, ContractRefusal, ContractDoc> = {
  name: 'contract',
  decider: contractDecider,
  streamId: contractStreamId,
  toDoc: (key, version, state) => (state.kind === 'known' ? toContractDoc(key, version, state) : undefined),
  toState: toKnownContract,
};

/** Contracts by their id. */
export class ContractRepository extends KeyedRepository<ContractCommand, ContractState, ContractEvent, ContractRefusal, ContractDoc> {
  constructor(
    context: ServiceContext,
    { contracts }: Pick<Collections, 'contracts'>,
    options: { readonly contractsInMemoryMax: number; publish(commits: readonly Commit[]): void },
  ) {
    super(context, kind, contracts, { inMemoryMax: options.contractsInMemoryMax, publish: options.publish });
  }
}
