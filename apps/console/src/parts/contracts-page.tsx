import { Fieldset, Modal, TextInput } from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { useState } from 'react';
import { count, energy, moment, text as said } from '../api/format.js';
import { useList, useRead, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import type { Limit } from '../api/types.js';
import { type Access, AccessFields, accessValues, budgetWords, numbered, TONES, toAccess, typed } from './access.js';
import { Form, Problem, useFields } from './form.js';
import { RowButton } from './row-button.js';
import { ListPage, OpenRow, Table } from './table.js';
import { useNow } from './use-now.js';

interface Contract extends Access {
  readonly contractId: string;
  readonly version: number;
  readonly name: string | null;
  readonly used: {
    readonly energyWhThisMonth: number;
    readonly costThisMonth: string;
    readonly sessionsThisMonth: number;
  } | null;
  readonly sessionLimit: Limit | null;
}

const ofContract = (contractId: string): string => `/v1/contracts/${encodeURIComponent(contractId)}`;

/** Drivers' contracts: what their tokens may do together. */
export function ContractsPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [shown, setShown] = useState<Contract | 'new'>();
  const mayAct = me.role !== 'viewer';
  const contracts = useList<Contract>('tokens', '/v1/contracts?limit=50');
  // A contract is written whole.
  const block = useWrite(['tokens'], (contract: Contract) =>
    api.put(
      ofContract(contract.contractId),
      { ...bodyOf(contractValues(contract), contract), status: contract.status === 'Active' ? 'Blocked' : 'Active' },
      contract.version,
    ),
  );
  return (
    <ListPage title="Contracts" add={mayAct ? { label: 'New contract', onAdd: () => setShown('new') } : undefined}>
      <Problem error={block.error} />
      <Table
        name="Contracts"
        columns={['Contract', 'Name', 'Status', 'Budget', 'Until', ...(mayAct ? ['Change'] : [])]}
        query={contracts}
        empty={{
          icon: <IconFileText size={32} aria-hidden />,
          title: 'No contract yet',
          words: 'A contract gives its tokens one budget, one limit and one group.',
        }}
      >
        {contracts.rows.map((contract) => (
          <OpenRow key={contract.contractId} title={contract.contractId} onOpen={() => setShown(contract)}>
            <td className="breakable">{contract.name ?? ''}</td>
            <td>
              <span className="status" data-tone={TONES[contract.status]}>
                {contract.status}
              </span>
            </td>
            <td className="breakable">{budgetWords(contract.budget)}</td>
            <td>{contract.expiresAt === null ? '' : moment(contract.expiresAt, now)}</td>
            {mayAct && (
              <td>
                {contract.status !== 'Invalid' && (
                  <RowButton
                    words={contract.status === 'Active' ? 'Block' : 'Unblock'}
                    about={contract.contractId}
                    onClick={() => block.mutate(contract)}
                  />
                )}
              </td>
            )}
          </OpenRow>
        ))}
      </Table>
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={shown === 'new' ? 'New contract' : 'Contract'}
        size="lg"
      >
        {shown !== undefined && <ContractForm contract={shown === 'new' ? undefined : shown} onDone={() => setShown(undefined)} />}
      </Modal>
    </ListPage>
  );
}

/** What of the budget is gone; lists do not tell it. */
function Used({ contractId }: { contractId: string }) {
  const { data } = useRead<Contract>('tokens', ofContract(contractId));
  if (!data?.used) return null;
  const { energyWhThisMonth, sessionsThisMonth, costThisMonth } = data.used;
  const cost = data.budget?.currency ? `, ${costThisMonth} ${data.budget.currency}` : '';
  return (
    <p role="status">
      Used this month: {said(energy(energyWhThisMonth))} in {count(sessionsThisMonth)} sessions{cost}.
    </p>
  );
}

function ContractForm({ contract, onDone }: { contract: Contract | undefined; onDone: () => void }) {
  const { api, me } = usePlatform();
  const fields = useFields({ ...contractValues(contract), contractId: contract?.contractId ?? '' });
  const { contractId, ...values } = fields.values;
  const save = useWrite(
    ['tokens'],
    () => api.put(ofContract(contractId.trim()), bodyOf(values, contract), contract?.version ?? 'new'),
    onDone,
  );
  return (
    <Form
      submit={contract === undefined ? 'Make the contract' : 'Save'}
      pending={save.isPending}
      disabled={me.role === 'viewer' || contractId.trim() === ''}
      error={save.error}
      onSubmit={() => save.mutate()}
    >
      <div className="fields two">
        <TextInput
          label="Contract"
          required
          maxLength={64}
          readOnly={contract !== undefined}
          data-autofocus
          {...fields.text('contractId')}
        />
        <TextInput label="Name" maxLength={200} {...fields.text('name')} />
      </div>
      {contract !== undefined && <Used contractId={contract.contractId} />}
      <AccessFields fields={fields} />
      <Fieldset legend="A session ends at; what is empty is not limited" className="fields two">
        <TextInput label="kWh" inputMode="decimal" {...fields.text('limitKWh')} />
        <TextInput label="Minutes" inputMode="numeric" {...fields.text('limitMinutes')} />
        <TextInput label="Cost of the session" inputMode="decimal" {...fields.text('limitCost')} />
        <TextInput label="Currency of that" placeholder="EUR" maxLength={3} {...fields.text('limitCurrency')} />
        <TextInput label="Battery, %" inputMode="numeric" {...fields.text('limitPercent')} />
      </Fieldset>
    </Form>
  );
}

const contractValues = (contract?: Contract) => {
  const limit = contract?.sessionLimit ?? null;
  return {
    ...accessValues(contract),
    name: contract?.name ?? '',
    limitKWh: typed(limit?.energyWh, 1_000),
    limitMinutes: typed(limit?.durationSeconds, 60),
    limitCost: limit?.cost?.amount ?? '',
    limitCurrency: limit?.cost?.currency ?? '',
    limitPercent: typed(limit?.stateOfChargePercent, 1),
  };
};

function bodyOf(values: ReturnType<typeof contractValues>, before: Contract | undefined) {
  const { name, limitKWh, limitMinutes, limitCost, limitCurrency, limitPercent, ...access } = values;
  const limit = {
    ...numbered('energyWh', limitKWh, 1_000),
    ...numbered('durationSeconds', limitMinutes, 60),
    ...numbered('stateOfChargePercent', limitPercent, 1),
    ...(limitCost === '' ? {} : { cost: { amount: limitCost, currency: limitCurrency.toUpperCase() } }),
  };
  return { name, ...toAccess(access, before), sessionLimit: Object.keys(limit).length === 0 ? null : limit };
}
