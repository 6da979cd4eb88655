import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import type { SubscriptionAttributes, SubscriptionEvent, SwitchOffReason } from '@voltlog/notification-contract';

/** How long the old signing secret signs beside a new one: time enough to deploy the new one everywhere. */
export const OLD_SECRET_MS = 24 * 3_600_000;

/** Makes or changes a subscription; what is not given is not kept, but the keys of a push subscription are. */
export interface PutSubscription {
  readonly kind: 'PutSubscription';
  readonly subscriptionId: string;
  readonly attributes: SubscriptionAttributes;
  /** Kept when the subscription is made; a change keeps the secret it has. */
  readonly sealedSecret?: string;
  /** False: it must exist. */
  readonly mayCreate: boolean;
  /** Refused unless the subscription has this version; 0: not checked. */
  readonly expectedVersion: number;
  readonly now: number;
}

export interface RotateSecret {
  readonly kind: 'RotateSecret';
  readonly sealedSecret: string;
  readonly now: number;
}

export interface SwitchOff {
  readonly kind: 'SwitchOff';
  readonly reason: SwitchOffReason;
  readonly now: number;
}

export interface DeleteSubscription {
  readonly kind: 'DeleteSubscription';
  readonly now: number;
}

export type SubscriptionCommand = PutSubscription | RotateSecret | SwitchOff | DeleteSubscription;

/**
 * - `SubscriptionUnknown`: there is none, or it was deleted.
 * - `VersionMismatch`: it was changed in between.
 * - `ChannelFixed`: a subscription keeps its channel; make another.
 * - `NoSecret`: only webhooks are signed.
 */
export type SubscriptionRefusal = 'SubscriptionUnknown' | 'VersionMismatch' | 'ChannelFixed' | 'NoSecret';

export interface NoSubscription {
  readonly kind: 'none';
}

export interface KnownSubscription extends SubscriptionAttributes {
  readonly kind: 'known';
  readonly subscriptionId: string;
  readonly status: 'Active' | SwitchOffReason | 'Deleted';
  readonly sealedSecret?: string;
  readonly previousSecret?: { readonly sealed: string; readonly until: string };
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Changes of any kind, from 1. */
  readonly version: number;
}

export type SubscriptionState = NoSubscription | KnownSubscription;

/** Who is told of what, and whether still. */
export const subscriptionDecider: Decider<SubscriptionCommand, SubscriptionState, SubscriptionEvent, SubscriptionRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    if (command.kind === 'PutSubscription') return put(command, state);
    if (state.kind === 'none' || state.status === 'Deleted')
      return command.kind === 'RotateSecret' ? refused('SubscriptionUnknown') : decided();
    const { subscriptionId } = state;
    const at = isoTime(command.now);
    switch (command.kind) {
      case 'RotateSecret':
        if (state.sealedSecret === undefined) return refused('NoSecret');
        return decided({
          type: 'voltlog.notification.SubscriptionSecretRotated.v1',
          data: { subscriptionId, sealedSecret: command.sealedSecret, previousUntil: isoTime(command.now + OLD_SECRET_MS), at },
        });
      case 'SwitchOff':
        return state.status === 'Active'
          ? decided({ type: 'voltlog.notification.SubscriptionSwitchedOff.v1', data: { subscriptionId, reason: command.reason, at } })
          : decided();
      case 'DeleteSubscription':
        return decided({ type: 'voltlog.notification.SubscriptionDeleted.v1', data: { subscriptionId, at } });
      default:
        return assertNever(command, 'subscription command');
    }
  },
  evolve(state, event) {
    const { data } = event;
    if (event.type === 'voltlog.notification.SubscriptionCreated.v1') {
      const { at, ...rest } = event.data;
      return { kind: 'known', ...rest, status: 'Active', createdAt: at, updatedAt: at, version: 1 };
    }
    if (state.kind === 'none') return state;
    const next = { ...state, updatedAt: data.at, version: state.version + 1 };
    switch (event.type) {
      case 'voltlog.notification.SubscriptionChanged.v1':
        return changed(next, event.data);
      case 'voltlog.notification.SubscriptionSecretRotated.v1':
        return {
          ...next,
          sealedSecret: event.data.sealedSecret,
          ...(state.sealedSecret === undefined ? {} : { previousSecret: { sealed: state.sealedSecret, until: event.data.previousUntil } }),
        };
      case 'voltlog.notification.SubscriptionSwitchedOff.v1':
        return { ...next, status: event.data.reason };
      case 'voltlog.notification.SubscriptionDeleted.v1':
        return { ...next, status: 'Deleted' };
      default:
        return assertNever(event, 'subscription event');
    }
  },
};

function put(command: PutSubscription, state: SubscriptionState): Decision<SubscriptionEvent, SubscriptionRefusal> {
  const { subscriptionId, attributes, expectedVersion } = command;
  const at = isoTime(command.now);
  if (state.kind === 'none') {
    if (!command.mayCreate) return refused('SubscriptionUnknown');
    if (expectedVersion !== 0) return refused('VersionMismatch');
    return decided({
      type: 'voltlog.notification.SubscriptionCreated.v1',
      data: { subscriptionId, ...attributes, ...(command.sealedSecret === undefined ? {} : { sealedSecret: command.sealedSecret }), at },
    });
  }
  if (state.status === 'Deleted') return refused('SubscriptionUnknown');
  if (expectedVersion !== 0 && expectedVersion !== state.version) return refused('VersionMismatch');
  if (attributes.channel !== state.channel) return refused('ChannelFixed');
  const keys = attributes.sealedPushKeys ?? state.sealedPushKeys;
  const after: SubscriptionAttributes = { ...attributes, ...(keys === undefined ? {} : { sealedPushKeys: keys }) };
  return state.status === 'Active' && sameAttributes(state, after)
    ? decided()
    : decided({ type: 'voltlog.notification.SubscriptionChanged.v1', data: { subscriptionId, ...after, at } });
}

/** What a subscriber said is replaced as a whole; what the service keeps of it stays. */
function changed(state: KnownSubscription, data: SubscriptionAttributes & { readonly at: string }): KnownSubscription {
  const { at: _, ...attributes } = data;
  const { subscriptionId, createdAt, updatedAt, version, sealedSecret, previousSecret } = state;
  return {
    kind: 'known',
    ...attributes,
    subscriptionId,
    status: 'Active',
    ...(sealedSecret === undefined ? {} : { sealedSecret }),
    ...(previousSecret === undefined ? {} : { previousSecret }),
    createdAt,
    updatedAt,
    version,
  };
}

/** In a fixed order, so that the same attributes are the same text. */
const sameAttributes = (a: SubscriptionAttributes, b: SubscriptionAttributes): boolean => canonical(a) === canonical(b);

const canonical = ({
  channel,
  target,
  addressId,
  filter,
  language,
  timeZone,
  quietHours,
  ownerKind,
  ownerId,
  expiresAt,
  sealedPushKeys,
}: SubscriptionAttributes): string =>
  JSON.stringify([
    [channel, target, addressId ?? null, language, timeZone, ownerKind, ownerId, expiresAt ?? null, sealedPushKeys ?? null],
    [[...filter.kinds].sort(), filter.idToken ?? null, filter.groupId ?? null, filter.contractId ?? null],
    [
      filter.sessionId ?? null,
      filter.reservationId ?? null,
      filter.stationId ?? null,
      filter.siteId ?? null,
      filter.startRequestId ?? null,
    ],
    quietHours === undefined ? null : [quietHours.from, quietHours.until, quietHours.timeZone],
  ]);

/** True while it is to be told. */
export const isLive = (state: SubscriptionState, now: number): state is KnownSubscription =>
  state.kind === 'known' && state.status === 'Active' && !isOver(state, now);

/** True when its own end has come. */
export const isOver = (subscription: Pick<SubscriptionAttributes, 'expiresAt'>, now: number): boolean =>
  subscription.expiresAt !== undefined && Date.parse(subscription.expiresAt) <= now;
