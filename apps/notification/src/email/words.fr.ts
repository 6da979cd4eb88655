import type { Words } from './words.js';

export const fr: Words = {
  locale: 'fr-FR',
  labels: {
    station: 'Borne',
    evse: 'Point de charge',
    time: 'Heure',
    energy: 'Énergie',
    cost: 'Coût',
    battery: 'Batterie',
    reserved: 'Réservé',
    limit: 'Limite',
    errorCode: 'Erreur',
  },
  dimensions: { energy: 'énergie', duration: 'durée', cost: 'coût', stateOfCharge: 'niveau de batterie' },
  reasons: {
    EvseOutOfService: 'Le point de charge sera alors hors service.',
    TakenByOther: 'Quelqu’un d’autre s’y recharge.',
    StationRetired: 'La borne n’est plus en service.',
  },
  footer: 'Vous recevez ce message parce que vous avez demandé à être informé de la charge.',
  unsubscribe: 'Se désabonner de ces e-mails',
  digest: (count) => ({
    title: `${count} messages de vos heures calmes`,
    body: 'Voici ce qui s’est passé pendant que vous ne vouliez pas être dérangé.',
  }),
  repeated: (times) => `Cela s’est produit ${times === 1 ? 'une fois' : `${times} fois`} depuis le dernier message.`,
  kinds: {
    ReservationConfirmed: ({ place, from, until }) => ({
      title: 'Réservation confirmée',
      body: `${place} est réservé pour vous du ${from} au ${until}.`,
    }),
    ReservationExpiring: ({ place, until }) => ({
      title: 'Votre réservation expire bientôt',
      body: `Votre réservation de ${place} se termine le ${until}. Branchez votre véhicule avant pour la conserver.`,
    }),
    ReservationBlocked: ({ place }) => ({
      title: 'Un autre véhicule occupe la place',
      body: `Votre réservation a commencé, mais un autre véhicule est encore branché sur ${place}. La place est à vous : demandez à son conducteur ou à l’opérateur, ou choisissez-en une autre.`,
    }),
    ReservationMoved: ({ place, until }) => ({
      title: 'Un autre point de charge vous est réservé',
      body: `La place que vous aviez réservée est occupée par un autre véhicule ou hors service : ${place} est désormais réservé pour vous jusqu’au ${until}.`,
    }),
    ReservationExpired: ({ place }) => ({
      title: 'Réservation expirée',
      body: `Votre réservation de ${place} a expiré. Le point de charge est de nouveau libre.`,
    }),
    ReservationCancelled: ({ place }) => ({ title: 'Réservation annulée', body: `Votre réservation de ${place} a été annulée.` }),
    ChargingStarted: ({ place }) => ({ title: 'Charge démarrée', body: `Votre véhicule se charge sur ${place}.` }),
    ParkingStarted: ({ place }) => ({
      title: 'Stationnement commencé',
      body: `Votre véhicule ne se charge plus et occupe toujours ${place}.`,
    }),
    BatteryAt: ({ place, percent }) => ({ title: `Batterie à ${percent}`, body: `La batterie a atteint ${percent} sur ${place}.` }),
    BatteryFull: ({ place }) => ({ title: 'Batterie pleine', body: `La batterie de votre véhicule sur ${place} est pleine.` }),
    SuspendedByVehicle: ({ place }) => ({
      title: 'Charge suspendue par le véhicule',
      body: `Votre véhicule a suspendu la charge sur ${place}.`,
    }),
    SuspendedByStation: ({ place }) => ({
      title: 'Charge suspendue par la borne',
      body: `La borne a suspendu la charge sur ${place}.`,
    }),
    LimitReached: ({ place }) => ({ title: 'Limite atteinte', body: `La limite fixée pour la charge sur ${place} est atteinte.` }),
    ChargingEnded: ({ place }) => ({ title: 'Charge terminée', body: `La charge sur ${place} est terminée.` }),
    SessionEnded: ({ place }) => ({ title: 'Session terminée', body: `La session de charge sur ${place} est terminée.` }),
    Faulted: ({ place }) => ({ title: 'Défaut de la borne', body: `${place} signale un défaut. La charge est peut-être interrompue.` }),
    FaultCleared: ({ place }) => ({ title: 'Défaut résolu', body: `${place} fonctionne à nouveau.` }),
    StopEscalated: ({ place }) => ({
      title: 'La borne ne s’arrête pas',
      body: `${place} devait arrêter la charge et ne l’a pas fait. Une intervention est nécessaire.`,
    }),
    StationFault: ({ place }) => ({ title: 'Défaut d’une borne', body: `${place} signale un défaut. Quelqu’un doit aller voir.` }),
    StationFaultCleared: ({ place }) => ({ title: 'Borne à nouveau en service', body: `Le défaut de ${place} est résolu.` }),
    AlertOpened: ({ place, subject, detail }) => ({
      title: `Alerte: ${subject}`,
      body: `${place} : quelqu’un doit aller voir. ${detail}.`,
    }),
    AlertRaised: ({ place, subject, detail }) => ({
      title: `Alerte, pire qu’avant: ${subject}`,
      body: `La situation de ${place} s’aggrave : ${detail}.`,
    }),
    AlertCleared: ({ place, subject }) => ({ title: `Alerte terminée: ${subject}`, body: `L’alerte concernant ${place} est terminée.` }),
  },
};
