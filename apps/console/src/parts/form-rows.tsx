import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

export interface Row {
  /** Of this row in the form, so that it stays itself when others go. */
  readonly id: number;
}

interface Props<R extends Row> {
  readonly rows: readonly R[];
  readonly onChange: (rows: readonly R[]) => void;
  /** `wave`: what is removed. */
  readonly noun: string;
  /** Words of the button that adds one. */
  readonly add: string;
  readonly blank: Omit<R, 'id'>;
  readonly children: (row: R, edit: { readonly number: number; change(to: Partial<R>): void; readonly remove: ReactNode }) => ReactNode;
}

/** Rows of a form that are added, changed and removed one by one. */
export function FormRows<R extends Row>({ rows, onChange, noun, add, blank, children }: Props<R>) {
  const remove = (id: number, number: number): ReactNode => (
    <Button
      variant="default"
      style={{ justifySelf: 'start' }}
      aria-label={`Remove ${noun} ${number}`}
      onClick={() => onChange(rows.filter((row) => row.id !== id))}
    >
      Remove
    </Button>
  );
  const change = (id: number, to: Partial<R>): void => onChange(rows.map((row) => (row.id === id ? { ...row, ...to } : row)));
  // Nothing but the id is missing in it.
  const added = (): R => ({ ...blank, id: Math.max(0, ...rows.map(({ id }) => id)) + 1 }) as R;
  return (
    <>
      {rows.map((row, index) =>
        children(row, { number: index + 1, change: (to) => change(row.id, to), remove: remove(row.id, index + 1) }),
      )}
      <Button variant="default" style={{ justifySelf: 'start' }} onClick={() => onChange([...rows, added()])}>
        {add}
      </Button>
    </>
  );
}
