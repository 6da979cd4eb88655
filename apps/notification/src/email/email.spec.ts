import type { Notification, NotificationKind, NotificationLanguage } from '@voltlog/notification-contract';
import { describe, expect, it } from 'vitest';
import { KINDS, LANGUAGES } from '../grpc/words.js';
import { emailOf } from './email.js';
import { messageOf } from './message.js';

const told = (kind: NotificationKind, change: Partial<Notification> = {}): Notification => ({
  notificationId: 'e-1',
  kind,
  at: '2026-07-01T18:02:10.000Z',
  recordedAt: '2026-07-01T18:02:11.000Z',
  stationId: 'CP-1',
  evseId: 2,
  energyWh: 1_234_567.8,
  cost: { amount: '1234.50', currency: 'EUR' },
  stateOfChargePercent: 80,
  percent: 80,
  alert: { alertId: 'a-1', severity: 4, subject: 'EVSE[1].Temperature', detail: 'UpperThreshold 70 was passed: 74' },
  ...change,
});
const reserved = { startsAt: '2026-07-01T18:00:00.000Z', expiresAt: '2026-07-01T22:30:00.000Z' };

/** Spaces of typography as plain ones, so that they can be read here. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');
const say = (kind: NotificationKind, language: NotificationLanguage): readonly [string, string] => {
  const { title, body } = messageOf(told(kind, reserved), { language, timeZone: 'Europe/Amsterdam' });
  return [plain(title), plain(body)];
};

/** Every kind in every language, as its reader sees it. */
const SAID: Readonly<Record<NotificationLanguage, Readonly<Record<NotificationKind, readonly [string, string]>>>> = {
  en: {
    ReservationConfirmed: [
      'Reservation confirmed',
      'CP-1 (Charge point 2) is reserved for you from 1 Jul 2026, 20:00 until 2 Jul 2026, 00:30.',
    ],
    ReservationExpiring: [
      'Reservation about to expire',
      'Your reservation of CP-1 (Charge point 2) ends on 2 Jul 2026, 00:30. Plug in before then to keep it.',
    ],
    ReservationBlocked: [
      'Another car is in the way',
      'Your reservation has begun, but another car is still plugged in at CP-1 (Charge point 2). The place is yours: ask its driver or the operator, or choose another one.',
    ],
    ReservationMoved: [
      'Another charge point is reserved for you',
      'Where you had reserved, another car is in the way or the charge point is out of order: CP-1 (Charge point 2) is reserved for you instead, until 2 Jul 2026, 00:30.',
    ],
    ReservationExpired: [
      'Reservation expired',
      'Your reservation of CP-1 (Charge point 2) has ended. The charge point is free for others again.',
    ],
    ReservationCancelled: ['Reservation cancelled', 'Your reservation of CP-1 (Charge point 2) was cancelled.'],
    ChargingStarted: ['Charging started', 'Your vehicle is charging at CP-1 (Charge point 2).'],
    ParkingStarted: ['Parking started', 'Your vehicle no longer charges and still occupies CP-1 (Charge point 2).'],
    BatteryAt: ['Battery at 80%', 'The battery has reached 80% at CP-1 (Charge point 2).'],
    BatteryFull: ['Battery full', 'The battery of your vehicle at CP-1 (Charge point 2) is full.'],
    SuspendedByVehicle: ['Paused by the vehicle', 'Your vehicle has paused charging at CP-1 (Charge point 2).'],
    SuspendedByStation: ['Paused by the station', 'The station has paused charging at CP-1 (Charge point 2).'],
    LimitReached: ['Limit reached', 'The limit that was set for charging at CP-1 (Charge point 2) is reached.'],
    ChargingEnded: ['Charging ended', 'Charging at CP-1 (Charge point 2) has ended.'],
    SessionEnded: ['Session ended', 'The session at CP-1 (Charge point 2) has ended.'],
    Faulted: ['Fault at the station', 'CP-1 (Charge point 2) reports a fault. Charging may have stopped.'],
    StopEscalated: [
      'Station does not stop',
      'CP-1 (Charge point 2) was asked to stop charging and has not done so. Somebody must look at it.',
    ],
    StationFault: ['Fault at a station', 'CP-1 (Charge point 2) reports a fault. Somebody should look at it.'],
    FaultCleared: ['Fault is over', 'CP-1 (Charge point 2) is well again.'],
    StationFaultCleared: ['A station is well again', 'The fault at CP-1 (Charge point 2) is over.'],
    AlertOpened: ['Alert: EVSE[1].Temperature', 'CP-1 (Charge point 2) needs somebody to look at it: UpperThreshold 70 was passed: 74.'],
    AlertRaised: [
      'Alert, worse than before: EVSE[1].Temperature',
      'It got worse at CP-1 (Charge point 2): UpperThreshold 70 was passed: 74.',
    ],
    AlertCleared: ['Alert is over: EVSE[1].Temperature', 'What was told of CP-1 (Charge point 2) is over.'],
  },
  de: {
    ReservationConfirmed: [
      'Reservierung bestätigt',
      'CP-1 (Ladepunkt 2) ist für Sie reserviert, von 01.07.2026, 20:00 bis 02.07.2026, 00:30.',
    ],
    ReservationExpiring: [
      'Reservierung läuft bald ab',
      'Ihre Reservierung von CP-1 (Ladepunkt 2) endet am 02.07.2026, 00:30. Stecken Sie vorher ein, um sie zu behalten.',
    ],
    ReservationBlocked: [
      'Ein anderes Auto steht im Weg',
      'Ihre Reservierung hat begonnen, aber an CP-1 (Ladepunkt 2) ist noch ein anderes Auto angesteckt. Der Platz ist Ihrer: Sprechen Sie mit dessen Fahrer oder dem Betreiber, oder wählen Sie einen anderen.',
    ],
    ReservationMoved: [
      'Ein anderer Ladepunkt ist für Sie reserviert',
      'Wo Sie reserviert hatten, steht ein anderes Auto, oder der Ladepunkt ist gestört: Stattdessen ist CP-1 (Ladepunkt 2) für Sie reserviert, bis 02.07.2026, 00:30.',
    ],
    ReservationExpired: [
      'Reservierung abgelaufen',
      'Ihre Reservierung von CP-1 (Ladepunkt 2) ist abgelaufen. Der Ladepunkt ist wieder für andere frei.',
    ],
    ReservationCancelled: ['Reservierung storniert', 'Ihre Reservierung von CP-1 (Ladepunkt 2) wurde storniert.'],
    ChargingStarted: ['Laden gestartet', 'Ihr Fahrzeug lädt an CP-1 (Ladepunkt 2).'],
    ParkingStarted: ['Parkzeit hat begonnen', 'Ihr Fahrzeug lädt nicht mehr und belegt weiterhin CP-1 (Ladepunkt 2).'],
    BatteryAt: ['Akku bei 80 %', 'Der Akku hat an CP-1 (Ladepunkt 2) 80 % erreicht.'],
    BatteryFull: ['Akku voll', 'Der Akku Ihres Fahrzeugs an CP-1 (Ladepunkt 2) ist voll.'],
    SuspendedByVehicle: ['Vom Fahrzeug unterbrochen', 'Ihr Fahrzeug hat das Laden an CP-1 (Ladepunkt 2) unterbrochen.'],
    SuspendedByStation: ['Von der Station unterbrochen', 'Die Station hat das Laden an CP-1 (Ladepunkt 2) unterbrochen.'],
    LimitReached: ['Limit erreicht', 'Das Limit für das Laden an CP-1 (Ladepunkt 2) ist erreicht.'],
    ChargingEnded: ['Laden beendet', 'Das Laden an CP-1 (Ladepunkt 2) ist beendet.'],
    SessionEnded: ['Ladevorgang abgeschlossen', 'Der Ladevorgang an CP-1 (Ladepunkt 2) ist abgeschlossen.'],
    Faulted: ['Störung an der Station', 'CP-1 (Ladepunkt 2) meldet eine Störung. Das Laden wurde möglicherweise unterbrochen.'],
    StopEscalated: ['Station stoppt nicht', 'CP-1 (Ladepunkt 2) sollte das Laden stoppen und hat es nicht getan. Jemand muss nachsehen.'],
    StationFault: ['Störung an einer Station', 'CP-1 (Ladepunkt 2) meldet eine Störung. Jemand sollte nachsehen.'],
    FaultCleared: ['Störung behoben', 'CP-1 (Ladepunkt 2) funktioniert wieder.'],
    StationFaultCleared: ['Station funktioniert wieder', 'Die Störung an CP-1 (Ladepunkt 2) ist behoben.'],
    AlertOpened: ['Alarm: EVSE[1].Temperature', 'CP-1 (Ladepunkt 2): Jemand sollte nachsehen. UpperThreshold 70 was passed: 74.'],
    AlertRaised: [
      'Alarm, schlimmer als zuvor: EVSE[1].Temperature',
      'Bei CP-1 (Ladepunkt 2) ist es schlimmer geworden: UpperThreshold 70 was passed: 74.',
    ],
    AlertCleared: ['Alarm beendet: EVSE[1].Temperature', 'Der Alarm zu CP-1 (Ladepunkt 2) ist beendet.'],
  },
  nl: {
    ReservationConfirmed: [
      'Reservering bevestigd',
      'CP-1 (Laadpunt 2) is voor u gereserveerd van 1 jul 2026, 20:00 tot 2 jul 2026, 00:30.',
    ],
    ReservationExpiring: [
      'Reservering verloopt bijna',
      'Uw reservering van CP-1 (Laadpunt 2) eindigt op 2 jul 2026, 00:30. Sluit uw auto eerder aan om haar te behouden.',
    ],
    ReservationBlocked: [
      'Er staat een andere auto',
      'Uw reservering is begonnen, maar bij CP-1 (Laadpunt 2) is nog een andere auto aangesloten. De plek is van u: vraag de bestuurder of de beheerder, of kies een andere.',
    ],
    ReservationMoved: [
      'Er is een ander laadpunt voor u gereserveerd',
      'Waar u had gereserveerd staat een andere auto, of het laadpunt is buiten werking: in plaats daarvan is CP-1 (Laadpunt 2) voor u gereserveerd, tot 2 jul 2026, 00:30.',
    ],
    ReservationExpired: [
      'Reservering verlopen',
      'Uw reservering van CP-1 (Laadpunt 2) is verlopen. Het laadpunt is weer vrij voor anderen.',
    ],
    ReservationCancelled: ['Reservering geannuleerd', 'Uw reservering van CP-1 (Laadpunt 2) is geannuleerd.'],
    ChargingStarted: ['Laden gestart', 'Uw auto laadt bij CP-1 (Laadpunt 2).'],
    ParkingStarted: ['Parkeren gestart', 'Uw auto laadt niet meer en houdt CP-1 (Laadpunt 2) nog bezet.'],
    BatteryAt: ['Accu op 80%', 'De accu heeft 80% bereikt bij CP-1 (Laadpunt 2).'],
    BatteryFull: ['Accu vol', 'De accu van uw auto bij CP-1 (Laadpunt 2) is vol.'],
    SuspendedByVehicle: ['Onderbroken door de auto', 'Uw auto heeft het laden bij CP-1 (Laadpunt 2) onderbroken.'],
    SuspendedByStation: ['Onderbroken door het laadstation', 'Het laadstation heeft het laden bij CP-1 (Laadpunt 2) onderbroken.'],
    LimitReached: ['Limiet bereikt', 'De ingestelde limiet voor het laden bij CP-1 (Laadpunt 2) is bereikt.'],
    ChargingEnded: ['Laden beëindigd', 'Het laden bij CP-1 (Laadpunt 2) is beëindigd.'],
    SessionEnded: ['Sessie beëindigd', 'De laadsessie bij CP-1 (Laadpunt 2) is beëindigd.'],
    Faulted: ['Storing bij het laadstation', 'CP-1 (Laadpunt 2) meldt een storing. Het laden is mogelijk gestopt.'],
    StopEscalated: [
      'Laadstation stopt niet',
      'CP-1 (Laadpunt 2) moest stoppen met laden en heeft dat niet gedaan. Iemand moet gaan kijken.',
    ],
    StationFault: ['Storing bij een laadstation', 'CP-1 (Laadpunt 2) meldt een storing. Iemand moet gaan kijken.'],
    FaultCleared: ['Storing voorbij', 'CP-1 (Laadpunt 2) werkt weer.'],
    StationFaultCleared: ['Laadstation werkt weer', 'De storing bij CP-1 (Laadpunt 2) is voorbij.'],
    AlertOpened: ['Alarm: EVSE[1].Temperature', 'CP-1 (Laadpunt 2): iemand moet gaan kijken. UpperThreshold 70 was passed: 74.'],
    AlertRaised: [
      'Alarm, erger dan eerst: EVSE[1].Temperature',
      'Bij CP-1 (Laadpunt 2) is het erger geworden: UpperThreshold 70 was passed: 74.',
    ],
    AlertCleared: ['Alarm voorbij: EVSE[1].Temperature', 'Het alarm over CP-1 (Laadpunt 2) is voorbij.'],
  },
  fr: {
    ReservationConfirmed: [
      'Réservation confirmée',
      'CP-1 (Point de charge 2) est réservé pour vous du 1 juil. 2026, 20:00 au 2 juil. 2026, 00:30.',
    ],
    ReservationExpiring: [
      'Votre réservation expire bientôt',
      'Votre réservation de CP-1 (Point de charge 2) se termine le 2 juil. 2026, 00:30. Branchez votre véhicule avant pour la conserver.',
    ],
    ReservationBlocked: [
      'Un autre véhicule occupe la place',
      'Votre réservation a commencé, mais un autre véhicule est encore branché sur CP-1 (Point de charge 2). La place est à vous : demandez à son conducteur ou à l’opérateur, ou choisissez-en une autre.',
    ],
    ReservationMoved: [
      'Un autre point de charge vous est réservé',
      'La place que vous aviez réservée est occupée par un autre véhicule ou hors service : CP-1 (Point de charge 2) est désormais réservé pour vous jusqu’au 2 juil. 2026, 00:30.',
    ],
    ReservationExpired: [
      'Réservation expirée',
      'Votre réservation de CP-1 (Point de charge 2) a expiré. Le point de charge est de nouveau libre.',
    ],
    ReservationCancelled: ['Réservation annulée', 'Votre réservation de CP-1 (Point de charge 2) a été annulée.'],
    ChargingStarted: ['Charge démarrée', 'Votre véhicule se charge sur CP-1 (Point de charge 2).'],
    ParkingStarted: ['Stationnement commencé', 'Votre véhicule ne se charge plus et occupe toujours CP-1 (Point de charge 2).'],
    BatteryAt: ['Batterie à 80 %', 'La batterie a atteint 80 % sur CP-1 (Point de charge 2).'],
    BatteryFull: ['Batterie pleine', 'La batterie de votre véhicule sur CP-1 (Point de charge 2) est pleine.'],
    SuspendedByVehicle: ['Charge suspendue par le véhicule', 'Votre véhicule a suspendu la charge sur CP-1 (Point de charge 2).'],
    SuspendedByStation: ['Charge suspendue par la borne', 'La borne a suspendu la charge sur CP-1 (Point de charge 2).'],
    LimitReached: ['Limite atteinte', 'La limite fixée pour la charge sur CP-1 (Point de charge 2) est atteinte.'],
    ChargingEnded: ['Charge terminée', 'La charge sur CP-1 (Point de charge 2) est terminée.'],
    SessionEnded: ['Session terminée', 'La session de charge sur CP-1 (Point de charge 2) est terminée.'],
    Faulted: ['Défaut de la borne', 'CP-1 (Point de charge 2) signale un défaut. La charge est peut-être interrompue.'],
    StopEscalated: [
      'La borne ne s’arrête pas',
      'CP-1 (Point de charge 2) devait arrêter la charge et ne l’a pas fait. Une intervention est nécessaire.',
    ],
    StationFault: ['Défaut d’une borne', 'CP-1 (Point de charge 2) signale un défaut. Quelqu’un doit aller voir.'],
    FaultCleared: ['Défaut résolu', 'CP-1 (Point de charge 2) fonctionne à nouveau.'],
    StationFaultCleared: ['Borne à nouveau en service', 'Le défaut de CP-1 (Point de charge 2) est résolu.'],
    AlertOpened: ['Alerte: EVSE[1].Temperature', 'CP-1 (Point de charge 2) : quelqu’un doit aller voir. UpperThreshold 70 was passed: 74.'],
    AlertRaised: [
      'Alerte, pire qu’avant: EVSE[1].Temperature',
      'La situation de CP-1 (Point de charge 2) s’aggrave : UpperThreshold 70 was passed: 74.',
    ],
    AlertCleared: ['Alerte terminée: EVSE[1].Temperature', 'L’alerte concernant CP-1 (Point de charge 2) est terminée.'],
  },
};

describe('a message', () => {
  it.each(LANGUAGES.flatMap((language) => KINDS.map((kind) => [language, kind] as const)))('%s: %s', (language, kind) => {
    expect(say(kind, language)).toEqual(SAID[language][kind]);
  });

  it.each([
    ['en', ['CP-1', '2', '1 Jul 2026, 20:02', '80%', '1,234.57 kWh', '€1,234.50']],
    ['de', ['CP-1', '2', '01.07.2026, 20:02', '80 %', '1.234,57 kWh', '1.234,50 €']],
    ['nl', ['CP-1', '2', '1 jul 2026, 20:02', '80%', '1.234,57 kWh', '€ 1.234,50']],
    ['fr', ['CP-1', '2', '1 juil. 2026, 20:02', '80 %', '1 234,57 kWh', '1 234,50 €']],
  ] as const)('%s writes numbers, money and times as its readers do, in their zone', (language, values) => {
    const { facts } = messageOf(told('ChargingEnded'), { language, timeZone: 'Europe/Amsterdam' });
    expect(facts.map(([, value]) => plain(value))).toEqual(values);
  });

  it('about work on many stations names that, and no station', () => {
    const alert = { alertId: ':1', subject: 'Campaign c-1', detail: 'it stopped: 3 of 4 stations failed' };
    const { title, body, facts } = messageOf(told('AlertOpened', { stationId: '', evseId: 0, alert }), { language: 'en', timeZone: 'UTC' });
    expect([title, body]).toEqual([
      'Alert: Campaign c-1',
      'Campaign c-1 needs somebody to look at it: it stopped: 3 of 4 stations failed.',
    ]);
    expect(facts.map(([label]) => label)).not.toContain('Station');
  });

  it.each([
    ['en', 'The charge point is out of service then.', 'Somebody else is charging there.', 'The station is no longer in use.'],
    ['de', 'Der Ladepunkt ist dann außer Betrieb.', 'Jemand anderes lädt dort.', 'Die Ladestation ist nicht mehr in Betrieb.'],
    ['nl', 'Het laadpunt is dan buiten gebruik.', 'Iemand anders laadt daar.', 'Het laadstation is niet meer in gebruik.'],
    ['fr', 'Le point de charge sera alors hors service.', 'Quelqu’un d’autre s’y recharge.', 'La borne n’est plus en service.'],
  ] as const)('says in %s why a reservation was cancelled, unless somebody did it on purpose', (language, ...sentences) => {
    const [, cancelled] = SAID[language].ReservationCancelled;
    const because = (reason: string): string =>
      plain(messageOf(told('ReservationCancelled', { ...reserved, reason }), { language, timeZone: 'Europe/Amsterdam' }).body);
    expect(['EvseOutOfService', 'TakenByOther', 'StationRetired'].map(because)).toEqual(
      sentences.map((sentence) => `${cancelled} ${sentence}`),
    );
    expect(['ByDriver', 'ByOperator'].map(because)).toEqual([cancelled, cancelled]);
  });

  it.each([
    ['en', 'It came up once since it was last told.', 'It came up 37 times since it was last told.'],
    ['de', 'Seit der letzten Meldung ist das einmal aufgetreten.', 'Seit der letzten Meldung ist das 37-mal aufgetreten.'],
    ['nl', 'Sinds de vorige melding is dit één keer opgetreden.', 'Sinds de vorige melding is dit 37 keer opgetreden.'],
    ['fr', 'Cela s’est produit une fois depuis le dernier message.', 'Cela s’est produit 37 fois depuis le dernier message.'],
  ] as const)('says in %s how often an alert came that was not told each time', (language, once, often) => {
    const body = (times: number): string =>
      plain(
        messageOf(told('AlertCleared', { alert: { alertId: 'a-1', subject: 'EVSE[1].Temperature', times } }), { language, timeZone: 'UTC' })
          .body,
      );
    const [, cleared] = SAID[language].AlertCleared;
    expect([body(1), body(37)]).toEqual([`${cleared} ${once}`, `${cleared} ${often}`]);
  });

  it('calls a station what its operator calls it', () => {
    const named = told('BatteryAt', { stationName: 'Säule am Kai' });
    const message = messageOf(named, { language: 'de', timeZone: 'UTC' });
    expect(plain(message.body)).toBe('Der Akku hat an Säule am Kai (Ladepunkt 2) 80 % erreicht.');
    expect(message.facts[0]).toEqual(['Station', 'Säule am Kai (CP-1)']);
    expect(plain(emailOf(named, { language: 'de', timeZone: 'UTC' }).subject)).toBe('Akku bei 80 % · Säule am Kai');
  });

  it('leaves out what is not known, and shows what is no time or money as it is', () => {
    const bare: Notification = {
      ...told('Faulted'),
      evseId: 0,
      at: 'yesterday',
      errorCode: 'GroundFailure',
      cost: { amount: '3', currency: 'points' },
    };
    const { energyWh: _, stateOfChargePercent: __, ...rest } = bare;
    expect(messageOf(rest, { language: 'en', timeZone: 'UTC' }).facts).toEqual([
      ['Station', 'CP-1'],
      ['Time', 'yesterday'],
      ['Cost', '3 points'],
      ['Error', 'GroundFailure'],
    ]);
  });
});

describe('an e-mail', () => {
  it('is told as plain text', () => {
    const { energyWh: _, cost: __, ...short } = told('BatteryAt');
    const { subject, text } = emailOf(short, { language: 'nl', timeZone: 'UTC' });
    expect(subject).toBe('Accu op 80% · CP-1');
    expect(plain(text)).toBe(
      'De accu heeft 80% bereikt bij CP-1 (Laadpunt 2).\n\nLaadstation: CP-1\nLaadpunt: 2\nTijd: 1 jul 2026, 18:02\nAccu: 80%\n\n-- \nU ontvangt dit bericht omdat u over het laden op de hoogte wilt blijven.\n',
    );
  });

  it('lets nothing that a station says become HTML, a header or a line of its own', () => {
    const evil = told('Faulted', { stationId: '<img src=x onerror="alert(1)">\r\nBcc: all@example.org', errorCode: `"'&<script>` });
    const { subject, text, html } = emailOf(evil, { language: 'fr', timeZone: 'UTC' });
    expect(subject).not.toMatch(/[\r\n]/);
    expect(text).not.toMatch(/\nBcc/);
    expect(html).not.toMatch(/<img|<script/);
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
    expect(html).toContain('&quot;&#39;&amp;&lt;script&gt;');
  });

  it('loads nothing from anywhere, and says its language', () => {
    for (const language of LANGUAGES) {
      const { html } = emailOf(told('ChargingEnded'), { language, timeZone: 'UTC' });
      expect(html).not.toMatch(/https?:|src=|url\(|<link|@import/);
      expect(html).toContain(`<html lang="${language}">`);
    }
  });
});
