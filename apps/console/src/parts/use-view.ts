import { useEffect, useState } from 'react';

/** Which page is shown: the part of the address behind `#`. */
export type View = 'operations' | 'jobs';

const viewOf = (hash: string): View => (hash === '#jobs' ? 'jobs' : 'operations');

export function useView(): View {
  const [view, setView] = useState(() => viewOf(location.hash));
  useEffect(() => {
    const follow = (): void => setView(viewOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return view;
}
