import type { Words } from './words.js';

export const de: Words = {
  locale: 'de-DE',
  labels: {
    station: 'Station',
    evse: 'Ladepunkt',
    time: 'Zeit',
    energy: 'Energie',
    cost: 'Kosten',
    battery: 'Akku',
    reserved: 'Reserviert',
    limit: 'Limit',
    errorCode: 'Fehler',
  },
  dimensions: { energy: 'Energie', duration: 'Zeit', cost: 'Kosten', stateOfCharge: 'Akkustand' },
  reasons: {
    EvseOutOfService: 'Der Ladepunkt ist dann außer Betrieb.',
    TakenByOther: 'Jemand anderes lädt dort.',
    StationRetired: 'Die Ladestation ist nicht mehr in Betrieb.',
  },
  footer: 'Sie erhalten diese Nachricht, weil Sie über das Laden benachrichtigt werden möchten.',
  unsubscribe: 'Diese E-Mails abbestellen',
  digest: (count) => ({
    title: `${count} Nachrichten aus Ihrer Ruhezeit`,
    body: 'Das ist geschehen, während Sie nicht gestört werden wollten.',
  }),
  repeated: (times) => `Seit der letzten Meldung ist das ${times === 1 ? 'einmal' : `${times}-mal`} aufgetreten.`,
  kinds: {
    ReservationConfirmed: ({ place, from, until }) => ({
      title: 'Reservierung bestätigt',
      body: `${place} ist für Sie reserviert, von ${from} bis ${until}.`,
    }),
    ReservationExpiring: ({ place, until }) => ({
      title: 'Reservierung läuft bald ab',
      body: `Ihre Reservierung von ${place} endet am ${until}. Stecken Sie vorher ein, um sie zu behalten.`,
    }),
    ReservationBlocked: ({ place }) => ({
      title: 'Ein anderes Auto steht im Weg',
      body: `Ihre Reservierung hat begonnen, aber an ${place} ist noch ein anderes Auto angesteckt. Der Platz ist Ihrer: Sprechen Sie mit dessen Fahrer oder dem Betreiber, oder wählen Sie einen anderen.`,
    }),
    ReservationMoved: ({ place, until }) => ({
      title: 'Ein anderer Ladepunkt ist für Sie reserviert',
      body: `Wo Sie reserviert hatten, steht ein anderes Auto, oder der Ladepunkt ist gestört: Stattdessen ist ${place} für Sie reserviert, bis ${until}.`,
    }),
    ReservationExpired: ({ place }) => ({
      title: 'Reservierung abgelaufen',
      body: `Ihre Reservierung von ${place} ist abgelaufen. Der Ladepunkt ist wieder für andere frei.`,
    }),
    ReservationCancelled: ({ place }) => ({ title: 'Reservierung storniert', body: `Ihre Reservierung von ${place} wurde storniert.` }),
    ChargingStarted: ({ place }) => ({ title: 'Laden gestartet', body: `Ihr Fahrzeug lädt an ${place}.` }),
    ParkingStarted: ({ place }) => ({
      title: 'Parkzeit hat begonnen',
      body: `Ihr Fahrzeug lädt nicht mehr und belegt weiterhin ${place}.`,
    }),
    BatteryAt: ({ place, percent }) => ({ title: `Akku bei ${percent}`, body: `Der Akku hat an ${place} ${percent} erreicht.` }),
    BatteryFull: ({ place }) => ({ title: 'Akku voll', body: `Der Akku Ihres Fahrzeugs an ${place} ist voll.` }),
    SuspendedByVehicle: ({ place }) => ({
      title: 'Vom Fahrzeug unterbrochen',
      body: `Ihr Fahrzeug hat das Laden an ${place} unterbrochen.`,
    }),
    SuspendedByStation: ({ place }) => ({
      title: 'Von der Station unterbrochen',
      body: `Die Station hat das Laden an ${place} unterbrochen.`,
    }),
    LimitReached: ({ place }) => ({ title: 'Limit erreicht', body: `Das Limit für das Laden an ${place} ist erreicht.` }),
    ChargingEnded: ({ place }) => ({ title: 'Laden beendet', body: `Das Laden an ${place} ist beendet.` }),
    SessionEnded: ({ place }) => ({ title: 'Ladevorgang abgeschlossen', body: `Der Ladevorgang an ${place} ist abgeschlossen.` }),
    Faulted: ({ place }) => ({
      title: 'Störung an der Station',
      body: `${place} meldet eine Störung. Das Laden wurde möglicherweise unterbrochen.`,
    }),
    FaultCleared: ({ place }) => ({ title: 'Störung behoben', body: `${place} funktioniert wieder.` }),
    StopEscalated: ({ place }) => ({
      title: 'Station stoppt nicht',
      body: `${place} sollte das Laden stoppen und hat es nicht getan. Jemand muss nachsehen.`,
    }),
    StationFault: ({ place }) => ({ title: 'Störung an einer Station', body: `${place} meldet eine Störung. Jemand sollte nachsehen.` }),
    StationFaultCleared: ({ place }) => ({ title: 'Station funktioniert wieder', body: `Die Störung an ${place} ist behoben.` }),
    AlertOpened: ({ place, subject, detail }) => ({ title: `Alarm: ${subject}`, body: `${place}: Jemand sollte nachsehen. ${detail}.` }),
    AlertRaised: ({ place, subject, detail }) => ({
      title: `Alarm, schlimmer als zuvor: ${subject}`,
      body: `Bei ${place} ist es schlimmer geworden: ${detail}.`,
    }),
    AlertCleared: ({ place, subject }) => ({ title: `Alarm beendet: ${subject}`, body: `Der Alarm zu ${place} ist beendet.` }),
  },
};
