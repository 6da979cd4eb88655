import { useEffect, useState } from 'react';
import { useLive } from '../api/platform.js';
import { EventStream } from './event-stream.js';
import { Header } from './header.js';
import { Overview } from './overview.js';
import { SessionDrawer } from './session-drawer.js';
import { SessionTable } from './session-table.js';
import { StationList } from './station-list.js';

/** Everything on one page: what there is now, and what happens. */
export function Page({ onLeave }: { onLeave: () => void }) {
  const [sessionId, setSessionId] = useState<string>();
  const { state } = useLive();
  useEffect(() => {
    if (state === 'refused') onLeave();
  }, [state, onLeave]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the stations
      </a>
      <Header onLeave={onLeave} />
      <main className="page" id="main">
        <h1 className="sr">Voltlog</h1>
        <Overview />
        <div className="columns">
          <div className="stack">
            <StationList onSession={setSessionId} />
            <SessionTable onSession={setSessionId} />
          </div>
          <EventStream />
        </div>
      </main>
      <SessionDrawer sessionId={sessionId} onClose={() => setSessionId(undefined)} />
    </>
  );
}
