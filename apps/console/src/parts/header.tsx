import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconBook2, IconLogout2, IconMoon, IconSun } from '@tabler/icons-react';
import type { LiveState } from '../api/live-feed.js';
import { useLive, usePlatform } from '../api/platform.js';
import { PAGES, type View } from './use-view.js';
import { Wordmark } from './wordmark.js';

const LIVE_WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Reconnecting',
  refused: 'Key refused',
};

export function Header({ view, onLeave }: { view: View; onLeave: () => void }) {
  const { me } = usePlatform();
  // Only an admin may read keys.
  const pages = Object.entries(PAGES).filter(([page]) => page !== 'keys' || me.role === 'admin');
  return (
    <header className="top">
      <div className="top-in">
        <a className="wordmark" href="/" aria-label="Voltlog, home">
          <Wordmark />
        </a>
        <nav className="views" aria-label="Pages">
          {pages.map(([page, title]) => (
            <a key={page} href={`#${page}`} aria-current={view.page === page ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <span className="push" />
        <LiveSign />
        <Tooltip label="API reference">
          <ActionIcon component="a" href="/docs" variant="subtle" color="gray" size="lg" aria-label="API reference">
            <IconBook2 size={19} />
          </ActionIcon>
        </Tooltip>
        <ThemeSwitch />
        <Tooltip label="Forget the key">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Forget the key" onClick={onLeave}>
            <IconLogout2 size={19} />
          </ActionIcon>
        </Tooltip>
      </div>
    </header>
  );
}

function LiveSign() {
  const { state } = useLive();
  return (
    <span className="live" data-state={state} role="status" aria-label={`Event stream: ${LIVE_WORDS[state]}`}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        <circle className="pulse" cx="7" cy="7" r="3" fill="currentColor" opacity="0" />
        {state === 'live' ? (
          <circle cx="7" cy="7" r="3.5" fill="currentColor" />
        ) : (
          <circle cx="7" cy="7" r="3.5" fill="none" stroke="currentColor" strokeWidth="2" />
        )}
      </svg>
      {LIVE_WORDS[state]}
    </span>
  );
}

function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const label = scheme === 'dark' ? 'Light theme' : 'Dark theme';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
      >
        {scheme === 'dark' ? <IconSun size={19} /> : <IconMoon size={19} />}
      </ActionIcon>
    </Tooltip>
  );
}
