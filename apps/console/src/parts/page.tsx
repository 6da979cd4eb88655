import { Loader } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useLive } from '../api/platform.js';
import { EventStream } from './event-stream.js';
import { Header } from './header.js';
import { Overview } from './overview.js';
import { SessionDrawer } from './session-drawer.js';
import { SessionTable } from './session-table.js';
import { StationList } from './station-list.js';
import { type PageName, useView } from './use-view.js';

// What is not seen first is fetched when it is opened.
const StationPage = lazy(async () => ({ default: (await import('../station/station-page.js')).StationPage }));
const LISTED = {
  jobs: lazy(async () => ({ default: (await import('./jobs-page.js')).JobsPage })),
  firmware: lazy(async () => ({ default: (await import('./campaigns-page.js')).FirmwarePage })),
  templates: lazy(async () => ({ default: (await import('./templates-page.js')).TemplatesPage })),
  moves: lazy(async () => ({ default: (await import('./moves-page.js')).MovesPage })),
  tokens: lazy(async () => ({ default: (await import('./tokens-page.js')).TokensPage })),
  contracts: lazy(async () => ({ default: (await import('./contracts-page.js')).ContractsPage })),
  reservations: lazy(async () => ({ default: (await import('./reservations-page.js')).ReservationsPage })),
  sites: lazy(async () => ({ default: (await import('./sites-page.js')).SitesPage })),
  vendors: lazy(async () => ({ default: (await import('./vendors-page.js')).VendorsPage })),
  keys: lazy(async () => ({ default: (await import('./keys-page.js')).KeysPage })),
  logs: lazy(async () => ({ default: (await import('./logs-page.js')).LogsPage })),
} satisfies Record<Exclude<PageName, 'operations'>, unknown>;

function Listed({ page }: { page: keyof typeof LISTED }) {
  const Page = LISTED[page];
  return <Page />;
}

/** Everything on one page: what there is now, and what happens. */
export function Page({ onLeave }: { onLeave: () => void }) {
  const [sessionId, setSessionId] = useState<string>();
  const { state } = useLive();
  const view = useView();
  useEffect(() => {
    if (state === 'refused') onLeave();
  }, [state, onLeave]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Header view={view} onLeave={onLeave} />
      <main className="page" id="main">
        <h1 className="sr">Voltlog</h1>
        <Suspense fallback={<Loader aria-label="Opening the page" />}>
          {view.page === 'station' ? (
            <StationPage key={view.stationId} stationId={view.stationId} tab={view.tab} onSession={setSessionId} />
          ) : view.page === 'operations' ? (
            <Operations onSession={setSessionId} />
          ) : (
            <Listed page={view.page} />
          )}
        </Suspense>
      </main>
      <SessionDrawer sessionId={sessionId} onClose={() => setSessionId(undefined)} />
    </>
  );
}

function Operations({ onSession }: { onSession: (sessionId: string) => void }) {
  return (
    <>
      <Overview />
      <div className="columns">
        <div className="stack">
          <StationList onSession={onSession} />
          <SessionTable onSession={onSession} />
        </div>
        <EventStream />
      </div>
    </>
  );
}
