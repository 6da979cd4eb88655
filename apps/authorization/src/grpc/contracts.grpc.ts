import { CONTRACT_ID_LENGTH_MAX, type KnownContract, type PutContract } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { ContractRepository } from '../store/contract-repository.js';
import { type Collections, toKnownContract } from '../store/documents.js';
import type { Scope, Usage } from '../store/usage.js';
import { causationOf, checkKey, NOTE_LENGTH_MAX, notPut, pageQuery, toConcurrentMax, toGroupId } from './requests.js';
import { checkSpan, toBudget, toBudgetMessage, toIsoTime, toLimitMessage, toPlaces, toSessionLimit } from './rules.js';
import { TOKEN_STATUS, tokenStatusOf, toTokenMessage } from './words.js';

const NAME_LENGTH_MAX = 200;
/** Tokens that are told with a contract; the rest is found by listing tokens. */
const TOKENS_TOLD_MAX = 500;

type Contracts = Pick<authorizationV1.AuthorizationService, 'putContract' | 'getContract' | 'listContracts'>;

/** Drivers' contracts. */
export class ContractsGrpc implements Contracts {
  constructor(
    private readonly context: ServiceContext,
    private readonly contracts: ContractRepository,
    private readonly collections: Pick<Collections, 'contracts' | 'tokens'>,
    private readonly usage: Usage,
  ) {}

  async putContract(request: authorizationV1.PutContractRequest): Promise<authorizationV1.PutContractResponse> {
    const command = toPutContract(request, this.context.clock.now());
    const causationId = causationOf(request.idempotencyKey, this.context.ids);
    const [outcome] = await this.contracts.execute([{ key: command.contractId, command, causationId }]);
    if (outcome === undefined) throw new Error('one command has one outcome');
    if (
      outcome.outcome === 'refused' &&
      !(request.idempotencyKey !== '' && (await this.contracts.hasCause(command.contractId, causationId)))
    )
      throw notPut('contract', outcome.refusal);
    const { state } = outcome.entry;
    if (state.kind === 'unknown') throw new Error('a contract that was put is known');
    return {
      contract: toContractMessage(state),
      created:
        outcome.outcome === 'committed' && outcome.events.some((event) => event.type === 'voltlog.authorization.ContractRegistered.v1'),
    };
  }

  async getContract({ contractId }: authorizationV1.GetContractRequest): Promise<authorizationV1.GetContractResponse> {
    const doc = await this.collections.contracts.get(toContractId(contractId));
    if (doc === undefined) throw new RequestError('NOT_FOUND', 'there is no such contract', 'ContractUnknown');
    const { docs } = await this.collections.tokens.find({ where: { contractId }, limit: TOKENS_TOLD_MAX });
    const contract = toKnownContract(doc);
    return { contract: { ...toContractMessage(contract), used: await this.usedOf(contract) }, tokens: docs.map(toTokenMessage) };
  }

  private async usedOf({ contractId, budget }: KnownContract): Promise<authorizationV1.BudgetUse | undefined> {
    if (budget === undefined) return undefined;
    const scope: Scope = `contract:${contractId}`;
    if (!this.usage.has(scope)) await this.usage.load([scope]);
    return this.usage.usedOf({ scope, budget });
  }

  async listContracts(request: authorizationV1.ListContractsRequest): Promise<authorizationV1.ListContractsResponse> {
    const page = await this.collections.contracts.find(pageQuery(request, {}));
    return { contracts: page.docs.map((doc) => toContractMessage(toKnownContract(doc))), nextPageToken: page.next ?? '' };
  }
}

function toContractId(contractId: string): string {
  if (!/^\P{Cc}+$/u.test(contractId) || contractId.length > CONTRACT_ID_LENGTH_MAX)
    throw new RequestError('INVALID_ARGUMENT', `contractId must have 1 to ${CONTRACT_ID_LENGTH_MAX} printable characters`);
  return contractId;
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
function toPutContract(
  { contract, expectedVersion, mustBeNew, idempotencyKey }: authorizationV1.PutContractRequest,
  now: number,
): PutContract {
  if (contract === undefined) throw new RequestError('INVALID_ARGUMENT', 'contract is missing');
  checkKey(idempotencyKey);
  const status = tokenStatusOf(contract.status);
  if (contract.name.length > NAME_LENGTH_MAX)
    throw new RequestError('INVALID_ARGUMENT', `name must have at most ${NAME_LENGTH_MAX} characters`);
  if (contract.note.length > NOTE_LENGTH_MAX)
    throw new RequestError('INVALID_ARGUMENT', `note must have at most ${NOTE_LENGTH_MAX} characters`);
  const validFrom = toIsoTime(contract.validFrom, 'validFrom');
  const expiresAt = toIsoTime(contract.expiresAt, 'expiresAt');
  checkSpan(validFrom, expiresAt);
  const budget = toBudget(contract.budget);
  const sessionLimit = toSessionLimit(contract.sessionLimit);
  const groupId = toGroupId(contract.groupId);
  return {
    kind: 'PutContract',
    contractId: toContractId(contract.contractId),
    name: contract.name,
    status: status ?? 'Active',
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...toPlaces(contract),
    ...(budget === undefined ? {} : { budget }),
    ...(groupId === '' ? {} : { groupId }),
    concurrentTransactionsMax: toConcurrentMax(contract.concurrentTransactionsMax),
    ...(sessionLimit === undefined ? {} : { sessionLimit }),
    note: contract.note,
    expectedRevision: expectedVersion,
    mustBeNew,
    now,
  };
}

const toContractMessage = (contract: KnownContract): authorizationV1.Contract => ({
  contractId: contract.contractId,
  name: contract.name,
  status: TOKEN_STATUS[contract.status],
  validFrom: contract.validFrom,
  expiresAt: contract.expiresAt,
  groupId: contract.groupId ?? '',
  concurrentTransactionsMax: contract.concurrentTransactionsMax,
  siteIds: [...(contract.siteIds ?? [])],
  stationIds: [...(contract.stationIds ?? [])],
  budget: toBudgetMessage(contract.budget),
  used: undefined,
  sessionLimit: toLimitMessage(contract.sessionLimit),
  note: contract.note,
  createdAt: contract.createdAt,
  updatedAt: contract.updatedAt,
  version: contract.revision,
});
