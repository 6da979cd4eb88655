import { ActionIcon, Tooltip } from '@mantine/core';
import { IconActivity, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { EVENT_KINDS, type EventKind, tell } from '../api/event-words.js';
import { useLive } from '../api/platform.js';
import type { LiveEvent } from '../api/types.js';
import { Empty } from './empty.js';
import { EventRow } from './event-row.js';

/** What happens, newest first; can be paused and narrowed down. */
export function EventStream() {
  const { state, events } = useLive();
  const [paused, setPaused] = useState<readonly LiveEvent[]>();
  const [kinds, setKinds] = useState<ReadonlySet<EventKind>>(new Set(EVENT_KINDS));
  const shown = paused ?? events;
  const rows = useMemo(
    () => shown.map((event) => ({ event, words: tell(event) })).filter(({ words }) => kinds.has(words.kind)),
    [shown, kinds],
  );
  const waiting = paused === undefined ? 0 : countSince(events, paused[0]);
  const toggle = (kind: EventKind) => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    setKinds(next);
  };
  const label = paused === undefined ? 'Pause the stream' : 'Go on';
  return (
    <section className="panel stream" aria-labelledby="stream-title">
      <div className="stream-head">
        <div className="stream-title">
          <h2 id="stream-title">What happens</h2>
          <span className="push muted" style={{ fontSize: 13 }} role="status">
            {paused !== undefined && `Paused${waiting > 0 ? `, ${waiting} new` : ''}`}
          </span>
          <Tooltip label={label}>
            <ActionIcon
              variant={paused === undefined ? 'subtle' : 'filled'}
              color={paused === undefined ? 'gray' : 'volt'}
              aria-label={label}
              onClick={() => setPaused(paused === undefined ? events : undefined)}
            >
              {paused === undefined ? <IconPlayerPause size={17} /> : <IconPlayerPlay size={17} />}
            </ActionIcon>
          </Tooltip>
        </div>
        <div className="kinds" role="group" aria-label="Kinds of events">
          {EVENT_KINDS.map((kind) => (
            <button key={kind} type="button" className="kind" aria-pressed={kinds.has(kind)} onClick={() => toggle(kind)}>
              {kind}
            </button>
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <Empty icon={<IconActivity size={30} aria-hidden />} title={state === 'live' ? 'Quiet right now' : 'Waiting for the stream'}>
          <p>
            {state === 'live'
              ? 'Every message of a station and every decision of the platform shows here the moment it happens.'
              : 'It comes back by itself.'}
          </p>
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <ul className="events" aria-label="Events" tabIndex={0}>
          {rows.map(({ event, words }) => (
            <EventRow key={event.id} time={event.time} station={event.stationId ?? undefined} words={words} raw={event} fresh />
          ))}
        </ul>
      )}
    </section>
  );
}

function countSince(events: readonly LiveEvent[], newestShown: LiveEvent | undefined): number {
  if (newestShown === undefined) return events.length;
  const index = events.findIndex((event) => event.id === newestShown.id);
  return index === -1 ? events.length : index;
}
