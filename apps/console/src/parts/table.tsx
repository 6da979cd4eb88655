import { Button, Select, Skeleton } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type ReactNode, useId } from 'react';
import { Empty, Failed } from './empty.js';

interface Props {
  /** For a person, and for a screen reader. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: {
    readonly isPending: boolean;
    readonly isError: boolean;
    readonly error: unknown;
    readonly refetch: () => unknown;
    readonly hasNextPage?: boolean;
    readonly isFetchingNextPage?: boolean;
    readonly fetchNextPage?: () => unknown;
  };
  readonly empty: { readonly icon?: ReactNode; readonly title: string; readonly words: string };
  /** Rows of the table. */
  readonly children: readonly ReactNode[];
}

/** A list as it is read: being read, not to be had, empty, or its rows and the way to more of them. */
export function Table({ name, columns, query, empty, children }: Props) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, so the keyboard must reach it */}
      <section className="panel scroll-x" aria-label={name} tabIndex={0}>
        {query.isError && children.length === 0 ? (
          <Failed what={name} error={query.error} onRetry={() => void query.refetch()} />
        ) : query.isPending ? (
          <Skeleton height={180} radius={14} />
        ) : children.length === 0 ? (
          <Empty icon={empty.icon} title={empty.title}>
            <p>{empty.words}</p>
          </Empty>
        ) : (
          <table className="sessions plain-rows">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{children}</tbody>
          </table>
        )}
      </section>
      {query.hasNextPage === true && (
        <Button
          variant="default"
          style={{ justifySelf: 'start' }}
          loading={query.isFetchingNextPage === true}
          onClick={() => void query.fetchNextPage?.()}
        >
          Show more
        </Button>
      )}
    </>
  );
}

/** A row that opens what it is about: by a click anywhere, and by the button in its first cell for the keyboard. */
export function OpenRow({ title, onOpen, children }: { title: ReactNode; onOpen: () => void; children: ReactNode }) {
  return (
    <tr className="opens" onClick={onOpen}>
      <td>
        <button type="button" className="row-link">
          {title}
        </button>
      </td>
      {children}
    </tr>
  );
}

interface StateFilterProps<State extends string> {
  readonly states: readonly State[];
  readonly inWords: (state: State) => string;
  /** Undefined: all. */
  readonly value: State | undefined;
  readonly onChange: (state: State | undefined) => void;
}

/** Which rows of a list are shown. */
export const StateFilter = <State extends string>({ states, inWords, value, onChange }: StateFilterProps<State>) => (
  <Select
    label="Which"
    data={[{ value: '', label: 'All' }, ...states.map((state) => ({ value: state, label: inWords(state) }))]}
    value={value ?? ''}
    allowDeselect={false}
    onChange={(chosen) => onChange(states.find((state) => state === chosen))}
  />
);

/** A page that is a list: its title, what can be added, and what is under it. */
export function ListPage({
  title,
  add,
  children,
}: {
  title: string;
  add?: { label: string; onAdd: () => void } | undefined;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="tab" aria-labelledby={id}>
      <div className="section-head" style={{ marginBottom: 0 }}>
        <h2 id={id}>{title}</h2>
        <span className="push" />
        {add !== undefined && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={add.onAdd}>
            {add.label}
          </Button>
        )}
      </div>
      {children}
    </section>
  );
}
