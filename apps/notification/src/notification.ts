import type { Resolve } from '@voltlog/outbound';
import { notificationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { OutboxRelay } from '@voltlog/store';
import type { Channel } from './channels/channel.js';
import { OutboxChannel, SmtpChannel } from './channels/email.js';
import { WebPushChannel } from './channels/web-push.js';
import { WebhookChannel } from './channels/webhook.js';
import type { NotificationConfig } from './config.js';
import { Deliveries } from './deliveries/deliveries.js';
import { Digests } from './deliveries/digests.js';
import { Dispatcher } from './deliveries/dispatcher.js';
import { Replayer } from './deliveries/replayer.js';
import { Sender } from './deliveries/sender.js';
import { Senders } from './deliveries/senders.js';
import { NotificationGrpc } from './grpc/notification.grpc.js';
import { openServiceKeys, type ServiceKeys } from './keys/service-keys.js';
import { DocumentsFollower } from './projections/documents-follower.js';
import { Stations } from './projections/stations.js';
import { Alerts } from './reactions/alerts.js';
import { Notifier } from './reactions/notifier.js';
import { Repeats } from './reactions/repeats.js';
import { StationFaults } from './reactions/station-faults.js';
import { Sweep } from './reactions/sweep.js';
import { type Collections, openCollections } from './store/documents.js';
import { idOfStream, topicOf } from './store/ids.js';
import { Addresses } from './subscriptions/addresses.js';
import { Subscriptions } from './subscriptions/subscriptions.js';
import { UnsubscribeLinks } from './subscriptions/unsubscribe-links.js';

/** The parts of the service, joined. */
export interface NotificationParts {
  readonly grpc: notificationV1.NotificationService;
  readonly notifier: Notifier;
  readonly dispatcher: Dispatcher;
  readonly replayer: Replayer;
  readonly deliveries: Deliveries;
  readonly collections: Collections;
  readonly keys: ServiceKeys;
  readonly sweep: Sweep;
  readonly senders: Senders;
  readonly alerts: Alerts;
  readonly faults: StationFaults;
  readonly stations: Stations;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What tests replace. */
export interface NotificationRim {
  readonly resolve?: Resolve;
  readonly chance?: () => number;
  readonly everyMs?: number;
}

export async function createNotification(
  context: ServiceContext,
  config: NotificationConfig,
  rim: NotificationRim = {},
): Promise<NotificationParts> {
  const collections = await openCollections(context.store);
  const keys = await openServiceKeys(collections.keys, config.secretKeys);
  const relay = new OutboxRelay({
    streams: context.store.streams,
    log: context.log,
    logger: context.logger,
    topic: topicOf,
    keyOf: ({ streamId }) => idOfStream(streamId),
  });
  const chance = rim.chance ?? Math.random;
  const subscriptions = new Subscriptions(context, collections, new Addresses(context, collections), relay);
  const deliveries = new Deliveries(context, relay);
  const links = new UnsubscribeLinks(keys.links, config.publicUrl);
  const channels = channelsOf({ context, config, collections, keys, links }, rim);
  const sender = new Sender(context, collections, deliveries, subscriptions, { channels, retrySeconds: config.retrySeconds, chance });
  const senders = new Senders(context, collections);
  const dispatcher = new Dispatcher(context, collections, deliveries, sender, senders, {
    concurrency: config.concurrency,
    targetConcurrency: config.targetConcurrency,
    chance,
    ...(rim.everyMs === undefined ? {} : { everyMs: rim.everyMs }),
  });
  const replayer = new Replayer(context, collections, subscriptions, deliveries, dispatcher);
  const stations = new Stations(context, collections);
  const notifier = new Notifier(context, collections, deliveries, dispatcher, new Digests(context, deliveries), stations);
  const everyMs = rim.everyMs === undefined ? {} : { everyMs: rim.everyMs };
  const repeats = new Repeats(context, collections, notifier, { repeatMs: config.alertRepeatMs, ...everyMs });
  const alerts = new Alerts(context, repeats);
  const faults = new StationFaults(context, collections, repeats);
  const documents = new DocumentsFollower(context, collections);
  const sweep = new Sweep(context, collections, subscriptions, config);
  const { allowPrivateTargets } = config;
  return {
    grpc: new NotificationGrpc(context, { collections, subscriptions, deliveries, dispatcher, replayer, keys, links, allowPrivateTargets }),
    notifier,
    dispatcher,
    replayer,
    deliveries,
    collections,
    keys,
    sweep,
    senders,
    alerts,
    faults,
    stations,
    async start() {
      await senders.start();
      relay.start();
      dispatcher.start();
      replayer.start();
      await documents.start();
      await notifier.start();
      await stations.start();
      repeats.start();
      await alerts.start();
      await faults.start();
      await sweep.start();
    },
    async stop() {
      await sweep.stop();
      await faults.stop();
      await alerts.stop();
      await repeats.stop();
      await stations.stop();
      await notifier.stop();
      await replayer.stop();
      await dispatcher.stop();
      await senders.stop();
      await documents.stop();
      await relay.stop();
    },
  };
}

interface ChannelParts {
  readonly context: ServiceContext;
  readonly config: NotificationConfig;
  readonly collections: Collections;
  readonly keys: ServiceKeys;
  readonly links: UnsubscribeLinks;
}

function channelsOf({ context, config, collections, keys, links }: ChannelParts, { resolve }: NotificationRim) {
  const { allowPrivateTargets: allowPrivate, timeoutMs, smtpUrl, emailFrom, vapidSubject } = config;
  const guard = { allowPrivate, timeoutMs, ...(resolve === undefined ? {} : { resolve }) };
  const email: Channel =
    smtpUrl === undefined
      ? new OutboxChannel(collections.outboxEmails, context.clock, links)
      : new SmtpChannel(smtpUrl, emailFrom, timeoutMs, links);
  return {
    Webhook: new WebhookChannel(keys.box, context.clock, guard),
    Email: email,
    WebPush: new WebPushChannel(keys.box, context.clock, { ...keys.vapid, subject: vapidSubject }, guard),
  };
}

/** Offers the service to others. */
export const serveNotification = (context: ServiceContext, { grpc }: NotificationParts): void =>
  context.rpc.serve<notificationV1.NotificationService>(notificationV1.NotificationServiceDefinition, grpc);
