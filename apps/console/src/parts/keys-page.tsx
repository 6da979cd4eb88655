import { Button, Select, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { moment } from '../api/format.js';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import type { Role } from '../api/types.js';
import { Code } from './empty.js';
import { Form, Problem, useFields } from './form.js';
import { RowButton } from './row-button.js';
import { StayingDialog } from './staying-dialog.js';
import { ListPage, Table } from './table.js';
import { useNow } from './use-now.js';

interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

const ROLES = [
  { value: 'viewer', label: 'viewer: reads' },
  { value: 'operator', label: 'operator: commands and tokens too' },
  { value: 'admin', label: 'admin: everything' },
];

/** Who may use this console and the API. */
export function KeysPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [making, setMaking] = useState(false);
  const keys = useList<ApiKey>('keys', '/v1/api-keys?limit=50');
  const revoke = useWrite(['keys'], ({ keyId }: ApiKey) => api.delete(`/v1/api-keys/${encodeURIComponent(keyId)}`));
  return (
    <ListPage title="API keys" add={me.role === 'admin' ? { label: 'New key', onAdd: () => setMaking(true) } : undefined}>
      <Problem error={revoke.error} />
      <Table
        name="API keys"
        columns={['Name', 'Role', 'Made', 'State', 'Change']}
        query={keys}
        empty={{ icon: <IconKey size={32} aria-hidden />, title: 'No key yet', words: 'A key opens this console and the API.' }}
      >
        {keys.rows.map((key) => (
          <tr key={key.keyId}>
            <td>
              {key.name} <span className="muted mono">{key.keyId}</span>
            </td>
            <td>{key.role}</td>
            <td>{moment(key.createdAt, now)}</td>
            <td>{key.revokedAt === null ? 'Valid' : `Revoked ${moment(key.revokedAt, now)}`}</td>
            <td>
              {key.revokedAt === null && key.keyId !== me.keyId && (
                <RowButton words="Revoke" about={key.name} asks onClick={() => revoke.mutate(key)} />
              )}
              {key.keyId === me.keyId && 'yours'}
            </td>
          </tr>
        ))}
      </Table>
      <StayingDialog writes="keys" opened={making} onClose={() => setMaking(false)} title="New key">
        {making && <NewKey onDone={() => setMaking(false)} />}
      </StayingDialog>
    </ListPage>
  );
}

function NewKey({ onDone }: { onDone: () => void }) {
  const { api } = usePlatform();
  const { values, text, choice } = useFields({ name: '', role: 'viewer' });
  const make = useWrite(['keys'], () => api.post<{ readonly key: string }>('/v1/api-keys', values));
  if (make.isSuccess)
    return (
      <div className="fields">
        <p>This is the only time the key is shown.</p>
        <Code label="the key">{make.data.key}</Code>
        <Button onClick={onDone}>Done</Button>
      </div>
    );
  return (
    <Form
      submit="Make the key"
      pending={make.isPending}
      disabled={values.name.trim() === ''}
      error={make.error}
      onSubmit={() => make.mutate()}
    >
      <TextInput label="Name; who or what uses it" required maxLength={100} data-autofocus {...text('name')} />
      <Select label="Role" data={ROLES} {...choice('role')} />
    </Form>
  );
}
