// Shows what is pushed, and nothing else: it answers no request, so the page is always the server's own. It is registered with the key of
// the charge or the reservation it tells of (?charge=, ?reservation=), which nobody but this phone knows.
const told = new URL(self.location.href).searchParams;
const pages = [
  ['charge', '/s/'],
  ['reservation', '/r/'],
];
const [page] = pages.filter(([kind]) => told.has(kind)).map(([kind, path]) => path + encodeURIComponent(told.get(kind)));

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
  const url = page ?? event.notification.data?.url;
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
