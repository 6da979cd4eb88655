// Shows what is pushed, and nothing else: it answers no request, so the page is always the server's own. It is registered with the key of
// the charge it tells of (?charge=), which nobody but this phone knows.
const charge = new URL(self.location.href).searchParams.get('charge');

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  let message = {};
  try {
    message = event.data?.json() ?? {};
  } catch {
    message = { body: event.data?.text() ?? '' };
  }
  const { title = 'Charging', body = '', tag, url } = message;
  event.waitUntil(
    self.registration.showNotification(title, { body, icon: '/driver/icon.svg', data: { url }, ...(tag ? { tag, renotify: true } : {}) }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const url = charge === null ? event.notification.data?.url : `/s/${encodeURIComponent(charge)}`;
  if (typeof url !== 'string') return;
  const target = new URL(url, self.location.origin);
  if (target.origin !== self.location.origin) return;
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((open) => {
      const shown = open.find((client) => new URL(client.url).pathname === target.pathname);
      return shown ? shown.focus() : self.clients.openWindow(target.href);
    }),
  );
});
