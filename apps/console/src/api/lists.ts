import { type InfiniteData, keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError } from './client.js';
import { usePlatform } from './platform.js';
import type { Page } from './types.js';

/**
 * One thing of the API. What happens has it read again by `name`: see `platform.tsx`.
 *
 * @param every milliseconds until it is read again whatever happens; false: it is not
 */
export function useRead<Answer>(name: string, path: string, every: (answer: Answer | undefined) => number | false = () => false) {
  const { api } = usePlatform();
  return useQuery({
    queryKey: [name, path],
    queryFn: ({ signal }) => api.get<Answer>(path, signal),
    refetchInterval: ({ state }) => every(state.data),
  });
}

/** A list of the API, page by page. */
export function useList<Row, Answer extends Page<Row> = Page<Row>>(
  name: string,
  path: string,
  every: (rows: readonly Row[]) => number | false = () => false,
) {
  const { api } = usePlatform();
  const query = useInfiniteQuery({
    queryKey: [name, 'list', path],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => api.get<Answer>(withCursor(path, pageParam), signal),
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => every(rowsOf<Row, Answer>(state.data)),
  });
  return { ...query, rows: rowsOf<Row, Answer>(query.data), first: query.data?.pages[0] };
}

/** A write; what is kept under one of the `names` is read again behind it, and where somebody else was quicker. */
export function useWrite<Input = void, Answer = unknown>(
  names: readonly string[],
  write: (input: Input) => Promise<Answer>,
  onDone?: (answer: Answer) => void,
) {
  const queries = useQueryClient();
  const readAgain = () => Promise.all(names.map((name) => queries.invalidateQueries({ queryKey: [name] })));
  return useMutation({
    mutationKey: names,
    mutationFn: write,
    onSuccess: async (answer) => {
      await readAgain();
      onDone?.(answer);
    },
    onError: (error) => (error instanceof ApiError && error.status === 412 ? readAgain() : undefined),
  });
}

export const withCursor = (path: string, cursor: string): string =>
  cursor === '' ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;

const rowsOf = <Row, Answer extends Page<Row>>(data: InfiniteData<Answer> | undefined): readonly Row[] =>
  data?.pages.flatMap((page) => page.data) ?? [];
