import type { Words } from './words.js';

export const nl: Words = {
  locale: 'nl-NL',
  labels: {
    station: 'Laadstation',
    evse: 'Laadpunt',
    time: 'Tijd',
    energy: 'Energie',
    cost: 'Kosten',
    battery: 'Accu',
    reserved: 'Gereserveerd',
    limit: 'Limiet',
    errorCode: 'Fout',
  },
  dimensions: { energy: 'energie', duration: 'tijd', cost: 'kosten', stateOfCharge: 'accuniveau' },
  reasons: {
    EvseOutOfService: 'Het laadpunt is dan buiten gebruik.',
    TakenByOther: 'Iemand anders laadt daar.',
    StationRetired: 'Het laadstation is niet meer in gebruik.',
  },
  footer: 'U ontvangt dit bericht omdat u over het laden op de hoogte wilt blijven.',
  unsubscribe: 'Afmelden voor deze e-mails',
  digest: (count) => ({
    title: `${count} berichten uit uw stille uren`,
    body: 'Dit is gebeurd terwijl u niet gestoord wilde worden.',
  }),
  repeated: (times) => `Sinds de vorige melding is dit ${times === 1 ? 'één keer' : `${times} keer`} opgetreden.`,
  kinds: {
    ReservationConfirmed: ({ place, from, until }) => ({
      title: 'Reservering bevestigd',
      body: `${place} is voor u gereserveerd van ${from} tot ${until}.`,
    }),
    ReservationExpiring: ({ place, until }) => ({
      title: 'Reservering verloopt bijna',
      body: `Uw reservering van ${place} eindigt op ${until}. Sluit uw auto eerder aan om haar te behouden.`,
    }),
    ReservationBlocked: ({ place }) => ({
      title: 'Er staat een andere auto',
      body: `Uw reservering is begonnen, maar bij ${place} is nog een andere auto aangesloten. De plek is van u: vraag de bestuurder of de beheerder, of kies een andere.`,
    }),
    ReservationMoved: ({ place, until }) => ({
      title: 'Er is een ander laadpunt voor u gereserveerd',
      body: `Waar u had gereserveerd staat een andere auto, of het laadpunt is buiten werking: in plaats daarvan is ${place} voor u gereserveerd, tot ${until}.`,
    }),
    ReservationExpired: ({ place }) => ({
      title: 'Reservering verlopen',
      body: `Uw reservering van ${place} is verlopen. Het laadpunt is weer vrij voor anderen.`,
    }),
    ReservationCancelled: ({ place }) => ({ title: 'Reservering geannuleerd', body: `Uw reservering van ${place} is geannuleerd.` }),
    ChargingStarted: ({ place }) => ({ title: 'Laden gestart', body: `Uw auto laadt bij ${place}.` }),
    ParkingStarted: ({ place }) => ({ title: 'Parkeren gestart', body: `Uw auto laadt niet meer en houdt ${place} nog bezet.` }),
    BatteryAt: ({ place, percent }) => ({ title: `Accu op ${percent}`, body: `De accu heeft ${percent} bereikt bij ${place}.` }),
    BatteryFull: ({ place }) => ({ title: 'Accu vol', body: `De accu van uw auto bij ${place} is vol.` }),
    SuspendedByVehicle: ({ place }) => ({ title: 'Onderbroken door de auto', body: `Uw auto heeft het laden bij ${place} onderbroken.` }),
    SuspendedByStation: ({ place }) => ({
      title: 'Onderbroken door het laadstation',
      body: `Het laadstation heeft het laden bij ${place} onderbroken.`,
    }),
    LimitReached: ({ place }) => ({ title: 'Limiet bereikt', body: `De ingestelde limiet voor het laden bij ${place} is bereikt.` }),
    ChargingEnded: ({ place }) => ({ title: 'Laden beëindigd', body: `Het laden bij ${place} is beëindigd.` }),
    SessionEnded: ({ place }) => ({ title: 'Sessie beëindigd', body: `De laadsessie bij ${place} is beëindigd.` }),
    Faulted: ({ place }) => ({
      title: 'Storing bij het laadstation',
      body: `${place} meldt een storing. Het laden is mogelijk gestopt.`,
    }),
    FaultCleared: ({ place }) => ({ title: 'Storing voorbij', body: `${place} werkt weer.` }),
    StopEscalated: ({ place }) => ({
      title: 'Laadstation stopt niet',
      body: `${place} moest stoppen met laden en heeft dat niet gedaan. Iemand moet gaan kijken.`,
    }),
    StationFault: ({ place }) => ({ title: 'Storing bij een laadstation', body: `${place} meldt een storing. Iemand moet gaan kijken.` }),
    StationFaultCleared: ({ place }) => ({ title: 'Laadstation werkt weer', body: `De storing bij ${place} is voorbij.` }),
    AlertOpened: ({ place, subject, detail }) => ({ title: `Alarm: ${subject}`, body: `${place}: iemand moet gaan kijken. ${detail}.` }),
    AlertRaised: ({ place, subject, detail }) => ({
      title: `Alarm, erger dan eerst: ${subject}`,
      body: `Bij ${place} is het erger geworden: ${detail}.`,
    }),
    AlertCleared: ({ place, subject }) => ({ title: `Alarm voorbij: ${subject}`, body: `Het alarm over ${place} is voorbij.` }),
  },
};
