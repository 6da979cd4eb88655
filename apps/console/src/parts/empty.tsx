import { ActionIcon, Button, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { wordsOf } from '../api/client.js';

/** Nothing is here yet, and what to do about it. */
export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className="empty">
      {icon}
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** It could not be read; says why and offers to try again. */
export function Failed({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  return (
    <div className="empty" role="alert">
      <IconPlugConnectedX size={30} aria-hidden />
      <h3>{what} cannot be shown now</h3>
      <p>{wordsOf(error)}</p>
      <Button variant="default" size="sm" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** A text to copy, such as an address. */
export function Code({ children, label }: { children: string; label: string }) {
  return (
    <span className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long address scrolls, so the keyboard must reach it */}
      <code tabIndex={0}>{children}</code>
      <CopyButton value={children}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon variant="subtle" color="gray" aria-label={`Copy ${label}`} onClick={copy}>
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}
