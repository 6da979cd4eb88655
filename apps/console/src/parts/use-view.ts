import { useEffect, useState } from 'react';

/** What of a station is shown. */
export const STATION_TABS = [
  'configuration',
  'monitors',
  'service',
  'price',
  'alerts',
  'logs',
  'recordings',
  'reports',
  'display',
  'quirks',
] as const;
export type StationTab = (typeof STATION_TABS)[number];

/** Pages of their own, as the address and the head of the page name them. */
export const PAGES = {
  operations: 'Operations',
  sites: 'Sites',
  jobs: 'Jobs',
  firmware: 'Firmware',
  templates: 'Templates',
  moves: 'Moves',
  logs: 'Logs',
  reservations: 'Reservations',
  tokens: 'Tokens',
  contracts: 'Contracts',
  vendors: 'Vendors',
  keys: 'API keys',
} as const;
export type PageName = keyof typeof PAGES;
const isPage = (name: string | undefined): name is PageName => name !== undefined && Object.hasOwn(PAGES, name);

/** Which page is shown: the part of the address behind `#`. */
export type View = { readonly page: PageName } | { readonly page: 'station'; readonly stationId: string; readonly tab: StationTab };

function viewOf(hash: string): View {
  const [page, stationId = '', tab] = hash.slice(1).split('/').map(decoded);
  if (page === 'stations' && stationId !== '')
    return { page: 'station', stationId, tab: STATION_TABS.find((each) => each === tab) ?? 'configuration' };
  return { page: isPage(page) ? page : 'operations' };
}

/** Of a station's page. */
export const stationHash = (stationId: string, tab: StationTab = 'configuration'): string =>
  `#stations/${encodeURIComponent(stationId)}/${tab}`;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function useView(): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return viewOf(hash);
}
