import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { Empty, Failed } from '../parts/empty.js';

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
  readonly empty: { readonly icon: ReactNode; readonly title: string; readonly words: string };
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
        <Button mt="md" variant="default" loading={query.isFetchingNextPage === true} onClick={() => void query.fetchNextPage?.()}>
          Show more
        </Button>
      )}
    </>
  );
}
