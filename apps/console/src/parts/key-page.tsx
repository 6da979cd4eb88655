import { Button, PasswordInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Wordmark } from './wordmark.js';

/** Asks for an API key and says where to find one. */
export function KeyPage({ problem, onKey }: { problem: string | undefined; onKey: (key: string) => void }) {
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== '') onKey(key.trim());
  };
  return (
    <main className="key-page">
      <form className="panel key-card" onSubmit={submit}>
        <span className="wordmark">
          <Wordmark />
        </span>
        <h1>Open with an API key</h1>
        <p>The first start of Voltlog prints an admin key in its terminal. It stays in this tab and goes nowhere but to this server.</p>
        <PasswordInput
          mt="lg"
          size="md"
          label="API key"
          placeholder="voltlog_live_…"
          autoComplete="off"
          data-autofocus
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        {problem !== undefined && (
          <div className="key-problem" role="alert">
            <IconAlertTriangle size={18} aria-hidden />
            {problem}
          </div>
        )}
        <Button type="submit" mt="lg" size="md" fullWidth disabled={key.trim() === ''}>
          Open
        </Button>
        <p style={{ marginTop: 16 }}>
          Lost it? Start Voltlog once with <code className="mono">GATEWAY_ADMIN_KEY</code> set.
        </p>
      </form>
    </main>
  );
}
