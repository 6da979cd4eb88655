import { useEffect, useState } from 'react';

export type Route =
  | { readonly page: 'evse'; readonly evseUid: string }
  | { readonly page: 'charge'; readonly key: string }
  | { readonly page: 'reservation'; readonly key: string }
  | { readonly page: 'contract'; readonly key: string }
  | { readonly page: 'unknown' };

/** What an address shows. */
export function routeOf(pathname: string): Route {
  const [, kind, value, ...more] = pathname.split('/');
  if (value === undefined || value === '' || more.some((part) => part !== '')) return { page: 'unknown' };
  let key: string;
  try {
    key = decodeURIComponent(value);
  } catch {
    return { page: 'unknown' };
  }
  switch (kind) {
    case 'c':
      return { page: 'evse', evseUid: key };
    case 's':
      return { page: 'charge', key };
    case 'r':
      return { page: 'reservation', key };
    case 'l':
      return { page: 'contract', key };
    default:
      return { page: 'unknown' };
  }
}

export const evsePath = (evseUid: string): string => `/c/${encodeURIComponent(evseUid)}`;
export const chargePath = (key: string): string => `/s/${key}`;
export const reservationPath = (key: string): string => `/r/${key}`;

const MOVED = 'voltlog:moved';

/** Goes to another page of this app without asking the server for it. */
export function go(path: string): void {
  history.pushState(null, '', path);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo(0, 0);
}

export function useRoute(): Route {
  const [pathname, setPathname] = useState(location.pathname);
  useEffect(() => {
    const moved = (): void => setPathname(location.pathname);
    window.addEventListener('popstate', moved);
    window.addEventListener(MOVED, moved);
    return () => {
      window.removeEventListener('popstate', moved);
      window.removeEventListener(MOVED, moved);
    };
  }, []);
  return routeOf(pathname);
}
