import { IconAlertTriangleFilled, IconBoltFilled, IconBroadcast, IconGauge, IconId, IconSend } from '@tabler/icons-react';
import { memo, useState } from 'react';
import type { EventKind, EventWords } from '../api/event-words.js';
import { timeOfDay } from '../api/format.js';

const ICONS: Readonly<Record<EventKind, typeof IconBoltFilled>> = {
  Charging: IconBoltFilled,
  Readings: IconGauge,
  Tokens: IconId,
  Stations: IconBroadcast,
  Commands: IconSend,
};

interface Props {
  readonly time: string | null;
  readonly station: string | undefined;
  readonly words: EventWords;
  /** Shown as JSON when the row is opened. */
  readonly raw: unknown;
  readonly fresh?: boolean;
}

/** One event as a sentence; opens to the whole of it. */
export const EventRow = memo(function EventRow({ time, station, words, raw, fresh = false }: Props) {
  const [opened, setOpened] = useState(false);
  const Icon = words.tone === 'bad' ? IconAlertTriangleFilled : ICONS[words.kind];
  return (
    <li className={fresh ? 'event fresh' : 'event'}>
      <button type="button" className="event-row" data-tone={words.tone} aria-expanded={opened} onClick={() => setOpened(!opened)}>
        <Icon size={14} aria-hidden />
        <span>
          {station !== undefined && <strong>{station} </strong>}
          {words.sentence}
        </span>
        <time className="num" dateTime={time ?? undefined} title={time ?? undefined}>
          {time === null ? '' : timeOfDay(time)}
        </time>
      </button>
      {opened && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <pre className="json" tabIndex={0}>
          {JSON.stringify(raw, null, 2)}
        </pre>
      )}
    </li>
  );
});
