const STORED = 'voltlog.key';

/** The key of this tab: from the address (`#key=...`, which is removed at once), else what was kept. */
export function takeKey(): string | undefined {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get('key');
  if (fromAddress !== null && fromAddress !== '') {
    history.replaceState(null, '', location.pathname + location.search);
    sessionStorage.setItem(STORED, fromAddress);
    return fromAddress;
  }
  return sessionStorage.getItem(STORED) ?? undefined;
}

export const keepKey = (key: string): void => sessionStorage.setItem(STORED, key);
export const forgetKey = (): void => sessionStorage.removeItem(STORED);
