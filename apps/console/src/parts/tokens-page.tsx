import { Modal, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconNfc } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { ApiError } from '../api/client.js';
import { moment } from '../api/format.js';
import { useList, useRead, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { ACCESS_STATUSES, type Access, AccessFields, accessValues, TONES, toAccess } from './access.js';
import { Form, Problem, useFields } from './form.js';
import { RowButton } from './row-button.js';
import { ListPage, OpenRow, Table } from './table.js';
import { useNow } from './use-now.js';

interface Token extends Access {
  readonly idToken: string;
  readonly version: number;
  readonly type: string;
  readonly contractId: string | null;
  readonly activeTransactions: readonly string[];
}

const TYPES = [
  'ISO14443',
  'ISO15693',
  'Central',
  'eMAID',
  'KeyCode',
  'Local',
  'MacAddress',
  'VIN',
  'EVCCID',
  'DirectPayment',
  'NoAuthorization',
];
const TYPING_MS = 300;
const ofToken = (idToken: string): string => `/v1/tokens/${encodeURIComponent(idToken)}`;

/** Cards, apps and cars that may charge. */
export function TokensPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const { values, text, choice } = useFields({ idToken: '', type: 'ISO14443', groupId: '', status: '' });
  const [typed] = useDebouncedValue(values, TYPING_MS);
  const [shown, setShown] = useState<Token | 'new'>();
  const mayAct = me.role !== 'viewer';
  const block = useWrite(['tokens'], ({ idToken, type, status }: Token) =>
    api.put(ofToken(idToken), { type, status: status === 'Active' ? 'Blocked' : 'Active' }),
  );
  return (
    <ListPage title="Tokens" add={mayAct ? { label: 'New token', onAdd: () => setShown('new') } : undefined}>
      <search className="toolbar" style={{ alignItems: 'end' }}>
        <TextInput label="Token, whole" {...text('idToken')} />
        {values.idToken === '' ? (
          <>
            <TextInput label="Group" {...text('groupId')} />
            <Select label="Status" data={[{ value: '', label: 'All' }, ...ACCESS_STATUSES]} {...choice('status')} />
          </>
        ) : (
          <Select label="Type" data={TYPES} {...choice('type')} />
        )}
      </search>
      <Problem error={block.error} />
      <Rows find={typed} columns={mayAct ? [...COLUMNS, 'Change'] : COLUMNS}>
        {(token) => (
          <OpenRow key={`${token.type} ${token.idToken}`} title={token.idToken} onOpen={() => setShown(token)}>
            <td>{token.type}</td>
            <td>
              <span className="status" data-tone={TONES[token.status]}>
                {token.status}
              </span>
            </td>
            <td>{[token.groupId, token.contractId].filter(Boolean).join(' · ')}</td>
            <td>{token.expiresAt === null ? '' : moment(token.expiresAt, now)}</td>
            <td className="num">{token.activeTransactions.length || ''}</td>
            {mayAct && (
              <td>
                {token.status !== 'Invalid' && (
                  <RowButton
                    words={token.status === 'Active' ? 'Block' : 'Unblock'}
                    about={token.idToken}
                    onClick={() => block.mutate(token)}
                  />
                )}
              </td>
            )}
          </OpenRow>
        )}
      </Rows>
      <Modal opened={shown !== undefined} onClose={() => setShown(undefined)} title={shown === 'new' ? 'New token' : 'Token'} size="lg">
        {shown !== undefined && <TokenForm token={shown === 'new' ? undefined : shown} onDone={() => setShown(undefined)} />}
      </Modal>
    </ListPage>
  );
}

interface RowsProps {
  readonly columns: readonly string[];
  readonly find: { readonly idToken: string; readonly type: string; readonly groupId: string; readonly status: string };
  readonly children: (token: Token) => ReactNode;
}
const Rows = (props: RowsProps) => (props.find.idToken.trim() === '' ? <AllTokens {...props} /> : <OneToken {...props} />);

const COLUMNS = ['Token', 'Type', 'Status', 'Group, contract', 'Until', 'Charging'];
const EMPTY = { icon: <IconNfc size={32} aria-hidden />, title: 'No token', words: 'None is like what you look for.' };

function AllTokens({ find: { groupId, status }, columns, children }: RowsProps) {
  const tokens = useList<Token>(
    'tokens',
    `/v1/tokens?limit=50&groupId=${encodeURIComponent(groupId.trim())}${status === '' ? '' : `&status=${status}`}`,
  );
  return (
    <Table name="Tokens" columns={columns} query={tokens} empty={EMPTY}>
      {tokens.rows.map(children)}
    </Table>
  );
}

/** Whoever holds a card in the hand types what is on it. */
function OneToken({ find: { idToken, type }, columns, children }: RowsProps) {
  const token = useRead<Token>('tokens', `${ofToken(idToken.trim())}?type=${encodeURIComponent(type)}`);
  return (
    <Table name="Tokens" columns={columns} query={{ ...token, isError: token.isError && !isUnknown(token.error) }} empty={EMPTY}>
      {token.data === undefined ? [] : [children(token.data)]}
    </Table>
  );
}

const isUnknown = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

function TokenForm({ token, onDone }: { token: Token | undefined; onDone: () => void }) {
  const { api, me } = usePlatform();
  const fields = useFields({
    ...accessValues(token),
    idToken: token?.idToken ?? '',
    type: token?.type ?? 'ISO14443',
    contractId: token?.contractId ?? '',
  });
  const { idToken, type, contractId, ...access } = fields.values;
  const save = useWrite(
    ['tokens'],
    () =>
      api.put(
        ofToken(idToken.trim()),
        { type, contractId: contractId.trim() || null, ...toAccess(access, token) },
        token?.version ?? 'new',
      ),
    onDone,
  );
  return (
    <Form
      submit={token === undefined ? 'Make the token' : 'Save'}
      pending={save.isPending}
      disabled={me.role === 'viewer' || idToken.trim() === ''}
      error={save.error}
      onSubmit={() => save.mutate()}
    >
      <div className="fields two">
        <TextInput label="Token" required maxLength={255} readOnly={token !== undefined} data-autofocus {...fields.text('idToken')} />
        <Select label="Type" data={TYPES} disabled={token !== undefined} {...fields.choice('type')} />
        <TextInput label="Contract" maxLength={64} {...fields.text('contractId')} />
      </div>
      <AccessFields fields={fields} />
    </Form>
  );
}
