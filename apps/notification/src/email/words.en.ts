import type { Words } from './words.js';

export const en: Words = {
  locale: 'en-GB',
  labels: {
    station: 'Station',
    evse: 'Charge point',
    time: 'Time',
    energy: 'Energy',
    cost: 'Cost',
    battery: 'Battery',
    reserved: 'Reserved',
    limit: 'Limit',
    errorCode: 'Error',
  },
  dimensions: { energy: 'energy', duration: 'time', cost: 'cost', stateOfCharge: 'battery level' },
  reasons: {
    EvseOutOfService: 'The charge point is out of service then.',
    TakenByOther: 'Somebody else is charging there.',
    StationRetired: 'The station is no longer in use.',
  },
  footer: 'You get this message because you asked to be told about charging.',
  unsubscribe: 'Unsubscribe from these e-mails',
  digest: (count) => ({
    title: `${count} messages from your quiet hours`,
    body: 'This happened while you did not want to be disturbed.',
  }),
  repeated: (times) => `It came up ${times === 1 ? 'once' : `${times} times`} since it was last told.`,
  kinds: {
    ReservationConfirmed: ({ place, from, until }) => ({
      title: 'Reservation confirmed',
      body: `${place} is reserved for you from ${from} until ${until}.`,
    }),
    ReservationExpiring: ({ place, until }) => ({
      title: 'Reservation about to expire',
      body: `Your reservation of ${place} ends on ${until}. Plug in before then to keep it.`,
    }),
    ReservationBlocked: ({ place }) => ({
      title: 'Another car is in the way',
      body: `Your reservation has begun, but another car is still plugged in at ${place}. The place is yours: ask its driver or the operator, or choose another one.`,
    }),
    ReservationMoved: ({ place, until }) => ({
      title: 'Another charge point is reserved for you',
      body: `Where you had reserved, another car is in the way or the charge point is out of order: ${place} is reserved for you instead, until ${until}.`,
    }),
    ReservationExpired: ({ place }) => ({
      title: 'Reservation expired',
      body: `Your reservation of ${place} has ended. The charge point is free for others again.`,
    }),
    ReservationCancelled: ({ place }) => ({ title: 'Reservation cancelled', body: `Your reservation of ${place} was cancelled.` }),
    ChargingStarted: ({ place }) => ({ title: 'Charging started', body: `Your vehicle is charging at ${place}.` }),
    ParkingStarted: ({ place }) => ({
      title: 'Parking started',
      body: `Your vehicle no longer charges and still occupies ${place}.`,
    }),
    BatteryAt: ({ place, percent }) => ({ title: `Battery at ${percent}`, body: `The battery has reached ${percent} at ${place}.` }),
    BatteryFull: ({ place }) => ({ title: 'Battery full', body: `The battery of your vehicle at ${place} is full.` }),
    SuspendedByVehicle: ({ place }) => ({ title: 'Paused by the vehicle', body: `Your vehicle has paused charging at ${place}.` }),
    SuspendedByStation: ({ place }) => ({ title: 'Paused by the station', body: `The station has paused charging at ${place}.` }),
    LimitReached: ({ place }) => ({ title: 'Limit reached', body: `The limit that was set for charging at ${place} is reached.` }),
    ChargingEnded: ({ place }) => ({ title: 'Charging ended', body: `Charging at ${place} has ended.` }),
    SessionEnded: ({ place }) => ({ title: 'Session ended', body: `The session at ${place} has ended.` }),
    Faulted: ({ place }) => ({ title: 'Fault at the station', body: `${place} reports a fault. Charging may have stopped.` }),
    FaultCleared: ({ place }) => ({ title: 'Fault is over', body: `${place} is well again.` }),
    StopEscalated: ({ place }) => ({
      title: 'Station does not stop',
      body: `${place} was asked to stop charging and has not done so. Somebody must look at it.`,
    }),
    StationFault: ({ place }) => ({ title: 'Fault at a station', body: `${place} reports a fault. Somebody should look at it.` }),
    StationFaultCleared: ({ place }) => ({ title: 'A station is well again', body: `The fault at ${place} is over.` }),
    AlertOpened: ({ place, subject, detail }) => ({
      title: `Alert: ${subject}`,
      body: `${place} needs somebody to look at it: ${detail}.`,
    }),
    AlertRaised: ({ place, subject, detail }) => ({
      title: `Alert, worse than before: ${subject}`,
      body: `It got worse at ${place}: ${detail}.`,
    }),
    AlertCleared: ({ place, subject }) => ({ title: `Alert is over: ${subject}`, body: `What was told of ${place} is over.` }),
  },
};
