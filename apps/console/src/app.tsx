import { Loader } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { ApiClient, ApiError, wordsOf } from './api/client.js';
import { forgetKey, keepKey, takeKey } from './api/key.js';
import { PlatformProvider } from './api/platform.js';
import type { Me } from './api/types.js';
import { KeyPage } from './parts/key-page.js';
import { Page } from './parts/page.js';

/** Asks for a key until one opens the API, then shows the page. */
export function App() {
  const [key, setKey] = useState(takeKey);
  const queries = useQueryClient();
  const leave = useCallback(() => {
    forgetKey();
    queries.clear();
    setKey(undefined);
  }, [queries]);
  const me = useQuery({
    queryKey: ['me', key],
    enabled: key !== undefined,
    queryFn: () => new ApiClient(key ?? '').get<Me>('/v1/me'),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (key !== undefined && me.data !== undefined) {
    return (
      <PlatformProvider apiKey={key} me={me.data}>
        <Page onLeave={leave} />
      </PlatformProvider>
    );
  }
  if (key !== undefined && me.isPending) {
    return (
      <main className="key-page" aria-busy="true">
        <Loader aria-label="Opening Voltlog" />
      </main>
    );
  }
  const refused = me.error instanceof ApiError && me.error.status === 401;
  return (
    <KeyPage
      problem={
        me.error === null
          ? undefined
          : refused
            ? 'This key opens nothing here. It may be mistyped, revoked, or from another data folder.'
            : wordsOf(me.error)
      }
      onKey={(entered) => {
        keepKey(entered);
        if (entered === key) void me.refetch();
        setKey(entered);
      }}
    />
  );
}
