import { useState } from 'react';
import { driverApi, type Pushed } from '../api/client.js';
import { keepTold, readKept } from '../api/kept.js';
import { type TextKey, useWords } from '../i18n/index.js';

const WORKER = '/driver/sw.js';
const SCOPE = '/driver/';

/** Whether this browser can be pushed to; without TLS, and in most in-app browsers, it cannot. */
const canPush = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

/** Turns notifications of a charge or a reservation on, when the driver asks for them and not before. */
export function PushButton({ kind, of }: { readonly kind: Pushed['kind']; readonly of: string }) {
  const { t, language } = useWords();
  const [said, setSaid] = useState<TextKey | undefined>(() => (canPush() && isOn(of) ? 'notifyOn' : undefined));
  const [busy, setBusy] = useState(false);
  if (!canPush()) return null;
  const turnOn = async (): Promise<void> => {
    setBusy(true);
    setSaid(await subscribe({ kind, key: of }, language));
    setBusy(false);
  };
  return (
    <>
      {said === 'notifyOn' ? null : (
        <button type="button" className="button" aria-disabled={busy} onClick={() => (busy ? undefined : void turnOn())}>
          {t('notify')}
        </button>
      )}
      <p className="muted small" role="status">
        {said === undefined ? '' : t(said)}
      </p>
    </>
  );
}

/** It was turned on here, and the browser was not told otherwise since. */
const isOn = (key: string): boolean => Notification.permission === 'granted' && readKept().told.includes(key);

async function subscribe(of: Pushed, language: string): Promise<TextKey> {
  try {
    if ((await Notification.requestPermission()) !== 'granted') return 'notifyDenied';
    const { publicKey } = await driverApi.pushKey();
    const registration = await navigator.serviceWorker.register(`${WORKER}?${of.kind}=${encodeURIComponent(of.key)}`, { scope: SCOPE });
    await active(registration);
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
    await driverApi.push(of, subscription.toJSON(), language);
    keepTold(of.key);
    return 'notifyOn';
  } catch {
    return 'notifyFailed';
  }
}

/** `serviceWorker.ready` waits for a worker of this page; ours is of another scope. */
async function active(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active !== null || worker === null) return;
  await new Promise<void>((resolve) => {
    worker.addEventListener('statechange', () => (worker.state === 'activated' ? resolve() : undefined));
  });
}
