/**
 * What the notification service says. Times are ISO 8601 UTC with milliseconds, by our clock unless a field says otherwise.
 *
 * - `notification.subscription.v1`, key: the subscription id: who wants to be told of what, by which channel.
 * - `notification.delivery.v1`, key: the delivery id: what was told to one subscription, and what came of it.
 */

export const SUBSCRIPTION_TOPIC = 'notification.subscription.v1';
export const DELIVERY_TOPIC = 'notification.delivery.v1';

/**
 * What is told. `ReservationBlocked`: a car is plugged in where somebody else's reservation has begun. `ReservationMoved`: another EVSE is held
 * instead, since the one before stays blocked. `StopEscalated`: a station did not stop when it was asked to; somebody must look. `StationFault`: a station reports a fault
 * of a connector or of itself, whether or not somebody charges there; `Faulted` is the same told to whoever charges. The one of a
 * subscription that would be told both is `StationFault`. `...Cleared`: it says that it is well again. `Alert...`: something that an operator should
 * look at came up, got worse, or is over; told to operators alone.
 */
export type NotificationKind =
  | 'ReservationConfirmed'
  | 'ReservationExpiring'
  | 'ReservationBlocked'
  | 'ReservationMoved'
  | 'ReservationExpired'
  | 'ReservationCancelled'
  | 'ChargingStarted'
  | 'ParkingStarted'
  | 'BatteryAt'
  | 'BatteryFull'
  | 'SuspendedByVehicle'
  | 'SuspendedByStation'
  | 'LimitReached'
  | 'ChargingEnded'
  | 'SessionEnded'
  | 'Faulted'
  | 'FaultCleared'
  | 'StopEscalated'
  | 'StationFault'
  | 'StationFaultCleared'
  | 'AlertOpened'
  | 'AlertRaised'
  | 'AlertCleared';

/** Decimal text and ISO 4217 code, e.g. `12.40` `EUR`. */
export interface NotificationCost {
  readonly amount: string;
  readonly currency: string;
}

/** What an alert is about; what the event did not say is absent. */
export interface NotificationAlert {
  readonly alertId: string;
  /** Monitor, SecurityEvent, Boot, Configuration, Firmware; of work on many stations: Job, Campaign, Move. */
  readonly source?: string;
  /** 0 (danger) to 9 (debug), as OCPP 2.1 rates monitors. */
  readonly severity?: number;
  /** `Component.Variable`, the type of the security event, `Campaign <id>`, ... */
  readonly subject?: string;
  /** In plain words. */
  readonly detail?: string;
  /** Of `AlertCleared`: Station, Operator or Platform. */
  readonly clearedBy?: string;
  /** How often it came up since it was last told, where not each time was told; absent: it is told as it came. */
  readonly times?: number;
}

/** Something worth telling, made of one event of the platform. What is not known is absent. */
export interface Notification {
  /** The id of the event it was made of: the same event twice is the same notification. */
  readonly notificationId: string;
  readonly kind: NotificationKind;
  /** When it happened: by the station's clock where the station said so. */
  readonly at: string;
  /** When the platform recorded it. */
  readonly recordedAt: string;
  /** Empty: of an alert about work on many stations. */
  readonly stationId: string;
  /** What its operator calls it. */
  readonly stationName?: string;
  /** 0: not told. */
  readonly evseId: number;
  readonly connectorId?: number;
  readonly siteId?: string;
  readonly sessionId?: string;
  /** The start request that the session came of. */
  readonly startRequestId?: string;
  readonly reservationId?: string;
  /** The reservation that this one stands in for: who wants to be told of that is told of this. */
  readonly movedFrom?: string;
  readonly idToken?: string;
  readonly groupId?: string;
  readonly contractId?: string;
  readonly energyWh?: number;
  readonly cost?: NotificationCost;
  /** Of the battery, now. */
  readonly stateOfChargePercent?: number;
  /** Of `BatteryAt`: the step that was reached. */
  readonly percent?: number;
  /** Of `LimitReached`. */
  readonly dimension?: string;
  /** Of `Faulted` and `StationFault`: OCPP's error code. */
  readonly errorCode?: string;
  /** Of `StationFault...`: how often it came up since it was last told, where not each time was told. */
  readonly times?: number;
  /** Of `AlertOpened`, `AlertRaised` and `AlertCleared`. */
  readonly alert?: NotificationAlert;
  /** Of a reservation. */
  readonly startsAt?: string;
  readonly expiresAt?: string;
  /** Of `ReservationExpired` and `ReservationCancelled`: why. Of `ReservationMoved`: what is in the way: Occupied, Faulted, Unavailable. */
  readonly reason?: string;
  /** All that is told in one, oldest first, since quiet hours kept it waiting; everything else here is of the newest, but the id. */
  readonly digest?: readonly Notification[];
}

export type NotificationChannel = 'Webhook' | 'Email' | 'WebPush';
export type NotificationLanguage = 'en' | 'de' | 'nl' | 'fr';
export type SubscriptionOwnerKind = 'Driver' | 'Contract' | 'Operator' | 'Partner';

/** Which notifications are wanted; all given conditions must hold. */
export interface SubscriptionFilter {
  /** Empty: all. */
  readonly kinds: readonly NotificationKind[];
  readonly idToken?: string;
  readonly groupId?: string;
  readonly contractId?: string;
  readonly sessionId?: string;
  /** The session that comes of a start request, of which there may be none yet. */
  readonly startRequestId?: string;
  readonly reservationId?: string;
  readonly stationId?: string;
  readonly siteId?: string;
}

/** When not to disturb; `until` before `from` is the next morning. */
export interface QuietHours {
  /** HH:MM in `timeZone`. */
  readonly from: string;
  readonly until: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** All that a subscriber says. */
export interface SubscriptionAttributes {
  readonly channel: NotificationChannel;
  /** URL of the webhook or of the push service, or an e-mail address; empty where there is an `addressId`. */
  readonly target: string;
  /** What the service keeps the address under, beside the log, until the subscription is deleted. Absent in events of before. */
  readonly addressId?: string;
  readonly filter: SubscriptionFilter;
  readonly language: NotificationLanguage;
  /** IANA name; times are told in it. */
  readonly timeZone: string;
  readonly quietHours?: QuietHours;
  readonly ownerKind: SubscriptionOwnerKind;
  readonly ownerId: string;
  readonly expiresAt?: string;
  /** Keys of a push subscription, encrypted. */
  readonly sealedPushKeys?: string;
}

export interface SubscriptionCreated extends SubscriptionAttributes {
  readonly subscriptionId: string;
  /** The signing secret of a webhook, encrypted. */
  readonly sealedSecret?: string;
  readonly at: string;
}

/** The subscription as it is after the change, whole; one that was off is on again. */
export interface SubscriptionChanged extends SubscriptionAttributes {
  readonly subscriptionId: string;
  readonly at: string;
}

export interface SubscriptionSecretRotated {
  readonly subscriptionId: string;
  readonly sealedSecret: string;
  /** The secret before signs beside the new one until then. */
  readonly previousUntil: string;
  readonly at: string;
}

/** `Gone`: the receiver said that it wants no more. `FailedTooLong`: nothing got through for days. `Unsubscribed`: by the link of an e-mail. */
export type SwitchOffReason = 'Gone' | 'FailedTooLong' | 'Unsubscribed';

export interface SubscriptionSwitchedOff {
  readonly subscriptionId: string;
  readonly reason: SwitchOffReason;
  readonly at: string;
}

export interface SubscriptionDeleted {
  readonly subscriptionId: string;
  readonly at: string;
}

/** A subscription is to be told. */
export interface DeliveryRequested {
  readonly deliveryId: string;
  readonly subscriptionId: string;
  readonly channel: NotificationChannel;
  readonly notification: Notification;
  /** Later than `at` in quiet hours. */
  readonly nextAttemptAt: string;
  readonly at: string;
}

/** What is about to be sent; whoever committed this, and nobody else, sends it. */
export interface DeliveryAttemptStarted {
  readonly deliveryId: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly at: string;
}

/** How the other side answered. */
export interface AttemptOutcome {
  readonly attempt: number;
  /** HTTP or SMTP status; 0: none came. */
  readonly status: number;
  readonly latencyMs: number;
  /** What went wrong, for a person; absent when nothing did. */
  readonly error?: string;
}

/** An attempt failed, and another follows. */
export interface DeliveryAttempted extends AttemptOutcome {
  readonly deliveryId: string;
  readonly nextAttemptAt: string;
  readonly at: string;
}

export interface DeliveryDelivered extends AttemptOutcome {
  readonly deliveryId: string;
  readonly at: string;
}

/** `Exhausted`: after the last try. `Refused`: trying again is of no use. `Gone`: the receiver is no more. */
export type DeathCause = 'Exhausted' | 'Refused' | 'Gone';

/** Given up; it can be sent again by hand. */
export interface DeliveryDied extends AttemptOutcome {
  readonly deliveryId: string;
  readonly cause: DeathCause;
  readonly at: string;
}

/** `ToldBefore`: another subscription of the same address is told the same. `InDigest`: it is told with others, at the end of quiet hours. */
export type DropReason = 'ToldBefore' | 'SubscriptionEnded' | 'SubscriptionExpired' | 'InDigest';

/** Not sent, on purpose. */
export interface DeliveryDropped {
  readonly deliveryId: string;
  readonly reason: DropReason;
  readonly at: string;
  /** When it was dropped at once: what was not told, and to whom. */
  readonly subscriptionId?: string;
  readonly channel?: NotificationChannel;
  readonly notification?: Notification;
  /** Of `InDigest`: when that is sent. */
  readonly digestAt?: string;
}

/** One more is told with a digest that waits for its time. */
export interface DigestExtended {
  readonly deliveryId: string;
  readonly notification: Notification;
  readonly at: string;
}

/** It waits for the end of quiet hours. */
export interface DeliveryPostponed {
  readonly deliveryId: string;
  readonly nextAttemptAt: string;
  readonly at: string;
}

/** It is to be sent again, whatever became of it. `Digest`: it was to be told with one that had no place for it, so it is sent by itself. */
export interface DeliveryRequeued {
  readonly deliveryId: string;
  readonly by: 'Hand' | 'Replay' | 'Digest';
  readonly nextAttemptAt: string;
  readonly at: string;
}

/** Event type -> data, on `notification.subscription.v1`. */
export interface SubscriptionEvents {
  'voltlog.notification.SubscriptionCreated.v1': SubscriptionCreated;
  'voltlog.notification.SubscriptionChanged.v1': SubscriptionChanged;
  'voltlog.notification.SubscriptionSecretRotated.v1': SubscriptionSecretRotated;
  'voltlog.notification.SubscriptionSwitchedOff.v1': SubscriptionSwitchedOff;
  'voltlog.notification.SubscriptionDeleted.v1': SubscriptionDeleted;
}

/** Event type -> data, on `notification.delivery.v1`. */
export interface DeliveryEvents {
  'voltlog.notification.DeliveryRequested.v1': DeliveryRequested;
  'voltlog.notification.DeliveryAttemptStarted.v1': DeliveryAttemptStarted;
  'voltlog.notification.DeliveryAttempted.v1': DeliveryAttempted;
  'voltlog.notification.DeliveryDelivered.v1': DeliveryDelivered;
  'voltlog.notification.DeliveryDied.v1': DeliveryDied;
  'voltlog.notification.DeliveryDropped.v1': DeliveryDropped;
  'voltlog.notification.DeliveryPostponed.v1': DeliveryPostponed;
  'voltlog.notification.DeliveryRequeued.v1': DeliveryRequeued;
  'voltlog.notification.DigestExtended.v1': DigestExtended;
}

export type SubscriptionEvent = {
  [Type in keyof SubscriptionEvents]: { readonly type: Type; readonly data: SubscriptionEvents[Type] };
}[keyof SubscriptionEvents];

export type DeliveryEvent = {
  [Type in keyof DeliveryEvents]: { readonly type: Type; readonly data: DeliveryEvents[Type] };
}[keyof DeliveryEvents];
