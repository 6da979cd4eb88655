import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { wordsOf } from '../api/client.js';

/** The values of a form, and what binds a field to one of them. */
export function useFields<Values extends Readonly<Record<string, string | number | boolean>>>(initial: Values, onChange?: () => void) {
  const [values, setValues] = useState(initial);
  const set = (change: Partial<Values>): void => {
    onChange?.();
    setValues((now) => ({ ...now, ...change }));
  };
  return { values, set, ...bound(values, set) };
}

/** What binds fields to values. */
export function bound<Values extends object>(values: Values, set: (change: Partial<Values>) => void) {
  return {
    text: (name: keyof Values) => ({
      value: String(values[name]),
      onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value } as Partial<Values>),
    }),
    number: (name: keyof Values) => ({
      value: Number(values[name]),
      min: 0,
      onChange: (value: string | number) => set({ [name]: Number(value) || 0 } as Partial<Values>),
    }),
    choice: (name: keyof Values) => ({
      value: String(values[name]),
      allowDeselect: false,
      onChange: (value: string | null) => set({ [name]: value ?? '' } as Partial<Values>),
    }),
    check: (name: keyof Values) => ({
      checked: values[name] === true,
      onChange: (event: { currentTarget: { checked: boolean } }) => set({ [name]: event.currentTarget.checked } as Partial<Values>),
    }),
  };
}

interface FormProps {
  readonly label?: string;
  readonly submit: string;
  readonly pending: boolean;
  readonly disabled?: boolean;
  readonly error: unknown;
  readonly onSubmit: () => void;
  /** In one line above a table instead of one below the other. */
  readonly inline?: boolean;
  readonly children: ReactNode;
}

/** Fields, what was wrong, and the button that sends them. */
export function Form({ label, submit, pending, disabled = false, error, onSubmit, inline = false, children }: FormProps) {
  return (
    <form
      className={inline ? 'toolbar' : 'fields'}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {!inline && <Problem error={error} />}
      <Button type="submit" variant={inline ? 'default' : 'filled'} loading={pending} disabled={disabled}>
        {submit}
      </Button>
      {inline && <Problem error={error} />}
    </form>
  );
}

/** What was wrong with a write; nothing when nothing was. */
export const Problem = ({ error }: { error: unknown }) =>
  error === null || error === undefined ? null : <p role="alert">{error instanceof FormError ? error.message : wordsOf(error)}</p>;

/** A field does not hold what it should; said before anything is sent. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

/** A time of the API as a field for date and time takes it, by the browser's own clock; empty: none. */
export const local = (iso: string | null | undefined): string => {
  if (iso === null || iso === undefined) return '';
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** A date and time of the browser's own clock as the API takes it; an empty field says nothing. */
export const instant = (local: string): string | undefined => (local === '' ? undefined : new Date(local).toISOString());

/** JSON that was typed. @throws {FormError} */
export function jsonIn(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormError(`${what} is not JSON. Text has quotes around it.`);
  }
}

/** A number that was typed; an empty field says nothing. @throws {FormError} */
export function numberIn(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new FormError(`“${text}” is no number.`);
  return value;
}
