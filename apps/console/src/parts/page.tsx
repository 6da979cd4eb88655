import { useEffect, useState } from 'react';
import { useLive } from '../api/platform.js';
import { StationPage } from '../station/station-page.js';
import { CampaignsPage } from './campaigns-page.js';
import { EventStream } from './event-stream.js';
import { Header } from './header.js';
import { JobsPage } from './jobs-page.js';
import { Overview } from './overview.js';
import { SessionDrawer } from './session-drawer.js';
import { SessionTable } from './session-table.js';
import { StationList } from './station-list.js';
import { useView } from './use-view.js';

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
        {view.page === 'jobs' ? (
          <JobsPage />
        ) : view.page === 'firmware' ? (
          <CampaignsPage />
        ) : view.page === 'station' ? (
          <StationPage key={view.stationId} stationId={view.stationId} tab={view.tab} onSession={setSessionId} />
        ) : (
          <Operations onSession={setSessionId} />
        )}
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
