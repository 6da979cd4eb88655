import { notificationV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { milestone, NotificationUnderTest } from './testing/harness.js';

const { EMAIL } = notificationV1.Channel;
const { PENDING, DELIVERED, DEAD, DROPPED } = notificationV1.DeliveryState;

interface MailServer {
  readonly url: string;
  readonly mails: ParsedMail[];
  stop(): Promise<void>;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A real mail server that keeps what it is given. */
async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  stops.push(stop);
  return { url: `smtp://127.0.0.1:${port}`, mails, stop };
}

async function start(environment: Readonly<Record<string, string>> = {}): Promise<NotificationUnderTest> {
  const service = await NotificationUnderTest.start({ environment });
  stops.push(() => service.stop());
  return service;
}

const anna = { channel: EMAIL, target: 'anna@example.org', language: 'de', timeZone: 'Europe/Berlin' };
const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });

describe('an e-mail', () => {
  it('arrives in both forms, in the language and the zone of its reader', async () => {
    const server = await mailServer();
    const service = await start({ NOTIFICATION_SMTP_URL: server.url, NOTIFICATION_EMAIL_FROM: 'Ladenetz <info@ladenetz.example>' });
    const { id } = await service.subscribe(anna);
    await service.tell(milestone({ milestone: 'BatteryAt', percent: 80, energyWh: 21_480 }));
    const delivery = await service.delivery(id, DELIVERED, 1);
    const [mail] = server.mails;
    expect(delivery.attempts[0]?.status).toBe(250);
    expect(mail?.subject?.replace(/\u00a0/g, ' ')).toBe('Akku bei 80 % · CP-1');
    expect(mail?.from?.text).toBe('"Ladenetz" <info@ladenetz.example>');
    expect(mail?.messageId).toBe(`<${delivery.deliveryId}@voltlog>`);
    expect(mail?.text).toContain('Energie: 21,48 kWh');
    expect(mail?.text).toContain('Zeit: 24.11.2026, 18:59');
    expect(mail?.html).toContain('<html lang="de">');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('that the mail server cannot take now is tried again under the same Message-ID', async () => {
    let failures = 1;
    const server = await mailServer({
      onRcptTo(_address, _session, done) {
        failures -= 1;
        done(failures >= 0 ? refusal(451, 'greylisted') : null);
      },
    });
    const service = await start({ NOTIFICATION_SMTP_URL: server.url });
    const { id } = await service.subscribe(anna);
    await service.tell(milestone());
    expect((await service.delivery(id, PENDING, 1)).attempts[0]).toMatchObject({
      status: 451,
      error: expect.stringContaining('greylisted'),
    });
    service.pass(5_000);
    const delivery = await service.delivery(id, DELIVERED, 2);
    expect(server.mails.map(({ messageId }) => messageId)).toEqual([`<${delivery.deliveryId}@voltlog>`]);
  });

  it('to an address that does not exist is given up at once', async () => {
    const server = await mailServer({ onRcptTo: (_address, _session, done) => done(refusal(550, 'no such user')) });
    const service = await start({ NOTIFICATION_SMTP_URL: server.url });
    const { id } = await service.subscribe(anna);
    await service.tell(milestone());
    expect((await service.delivery(id, DEAD, 1)).attempts[0]).toMatchObject({ status: 550 });
  });

  it('waits while the mail server is away, or says nothing', async () => {
    const server = await mailServer();
    await server.stop();
    const service = await start({ NOTIFICATION_SMTP_URL: server.url, NOTIFICATION_TIMEOUT_SECONDS: '0.3' });
    const { id } = await service.subscribe(anna);
    await service.tell(milestone());
    expect((await service.delivery(id, PENDING, 1)).attempts[0]).toMatchObject({
      status: 0,
      error: expect.stringContaining('ECONNREFUSED'),
    });
    const silent = await mailServer({ onConnect: () => {} });
    const other = await start({ NOTIFICATION_SMTP_URL: silent.url, NOTIFICATION_TIMEOUT_SECONDS: '0.3' });
    const { id: stuck } = await other.subscribe(anna);
    await other.tell(milestone());
    await other.delivery(stuck, PENDING, 1);
  });

  it('is kept in the outbox where no mail server is configured; sent again by hand it is the same one', async () => {
    const service = await start();
    const { id } = await service.subscribe({ ...anna, language: 'fr' });
    await service.tell(milestone(), milestone({ milestone: 'ChargingEnded' }));
    await until(async () => (await service.deliveriesOf(id)).filter(({ state }) => state === DELIVERED).length === 2, 'both are kept');
    const emails = async () => (await service.grpc.listOutboxEmails({ pageSize: 10, pageToken: '' })).emails;
    expect(new Set((await emails()).map(({ subject, to }) => `${subject} ${to}`))).toEqual(
      new Set(['Charge terminée · CP-1 anna@example.org', 'Charge démarrée · CP-1 anna@example.org']),
    );
    await service.grpc.redeliver({ deliveryId: (await service.deliveryOf(id)).deliveryId, idempotencyKey: '' });
    await service.delivery(id, DELIVERED, 2);
    expect(await emails()).toHaveLength(2);
    service.clock.ms += 8 * 86_400_000;
    await service.parts.sweep.handle();
    expect(await emails()).toEqual([]);
  });

  it('is told once to a person who asked twice', async () => {
    const service = await start();
    const byCard = await service.subscribe({ ...anna, filter: { idToken: 'TAG' } });
    service.clock.ms += 1;
    const bySession = await service.subscribe({ ...anna, target: 'Anna@example.org', filter: { sessionId: 's-1' } });
    await service.tell(milestone({ idToken: { idToken: 'tag', type: 'Local' } }, { time: new Date(service.clock.ms).toISOString() }));
    await service.delivery(byCard.id, DELIVERED);
    await service.delivery(bySession.id, DROPPED);
  });

  it('waits for the end of quiet hours, unless it is urgent', async () => {
    const service = await start();
    const quietHours = { from: '19:00', until: '07:00', timeZone: 'Europe/Berlin' };
    const { id } = await service.subscribe({ ...anna, filter: { sessionId: 's-1' }, quietHours });
    await service.tell(milestone());
    expect((await service.delivery(id, PENDING)).nextAttemptAt).toBe('2026-11-25T06:00:00.000Z');
    await service.tell(milestone({ milestone: 'Faulted' }, { time: '2026-11-24T18:00:01.000Z' }));
    await until(async () => (await service.deliveriesOf(id)).some(({ state }) => state === DELIVERED), 'the fault is told at once');
    service.pass(12 * 3_600_000);
    await until(async () => (await service.deliveriesOf(id)).every(({ state }) => state !== PENDING), 'told in the morning');
    expect((await service.deliveriesOf(id)).map(({ state }) => state).toSorted()).toEqual([DELIVERED, DELIVERED, DROPPED].toSorted());
  });

  it.each([
    'a@b',
    'a b@example.org',
    'a@example.org, b@example.org',
    'Anna <a@example.org>',
    `${'a'.repeat(65)}@example.org`,
    'a@example.org\nBcc: b@example.org',
  ])('cannot be subscribed at %j', async (target) => {
    const service = await start();
    await expect(service.subscribe({ ...anna, target })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('whoever wants no more e-mails', () => {
  const PUBLIC = { NOTIFICATION_PUBLIC_URL: 'https://charge.example.org/' };

  it('finds a signed link in the footer and in the headers, which ends this subscription and no other', async () => {
    const server = await mailServer();
    const service = await start({ NOTIFICATION_SMTP_URL: server.url, ...PUBLIC });
    const { id } = await service.subscribe(anna);
    await service.tell(milestone());
    await service.delivery(id, DELIVERED, 1);
    const [mail] = server.mails;
    const link = /Diese E-Mails abbestellen: (https:\S+)/.exec(mail?.text ?? '')?.[1] ?? '';
    expect(link).toMatch(/^https:\/\/charge\.example\.org\/unsubscribe\/[\w-]+\.[\w-]{43}\?lang=de$/);
    const raw = Object.fromEntries((mail?.headerLines ?? []).map(({ key, line }) => [key, line.replaceAll(/\r?\n\s*/g, '')]));
    expect(raw['list-unsubscribe']?.replaceAll(' ', '')).toBe(`List-Unsubscribe:<${link}>`);
    expect(raw['list-unsubscribe-post']).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    expect(mail?.html).toContain(`<a href="${link}"`);

    const token = /unsubscribe\/([^?]+)/.exec(link)?.[1] ?? '';
    const { id: other } = await service.subscribe({ ...anna, target: 'ben@example.org' });
    await expect(service.grpc.unsubscribe({ token: `${other}.${token.split('.')[1]}` })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(service.grpc.unsubscribe({ token: other })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await service.grpc.unsubscribe({ token });
    await service.grpc.unsubscribe({ token });
    expect((await service.grpc.getSubscription({ subscriptionId: id })).subscription?.status).toBe('Unsubscribed');
    expect((await service.grpc.getSubscription({ subscriptionId: other })).subscription?.status).toBe('Active');
    await service.tell(milestone({ milestone: 'ChargingEnded' }));
    await service.delivery(other, DELIVERED, 1);
    expect(await service.deliveriesOf(id)).toHaveLength(1);
  });

  it('has no link where nobody said where the gateway is, and no one click without https', async () => {
    const server = await mailServer();
    for (const url of ['', 'http://127.0.0.1:8080']) {
      const service = await start({ NOTIFICATION_SMTP_URL: server.url, NOTIFICATION_PUBLIC_URL: url });
      const { id } = await service.subscribe(anna);
      await service.tell(milestone());
      await service.delivery(id, DELIVERED, 1);
    }
    expect(server.mails.map(({ text }) => text?.includes('abbestellen'))).toEqual([false, true]);
    expect(server.mails.map(({ headers }) => headers.has('list-unsubscribe-post'))).toEqual([false, false]);
  });
});
