import { CONTRACT_TOPIC, DECISION_TOPIC, POLICY_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import {
  type AuthorizationAnswer,
  type IdTokenPresented,
  type MessageFact,
  type OcppVersion,
  STATION_TOPIC,
  type TransactionFact,
  type TransactionStarted,
} from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { isoTime } from '@voltlog/kernel';
import { SESSION_TOPIC } from '@voltlog/session-contract';
import type { TestContext } from '@voltlog/testing';

/** All that the service publishes and follows. */
export const TOPICS = [TOKEN_TOPIC, CONTRACT_TOPIC, POLICY_TOPIC, DECISION_TOPIC, STATION_TOPIC, DEVICE_TOPIC, SESSION_TOPIC].map(
  (name) => ({
    name,
    partitions: 12,
  }),
);

/** A `PutToken` that says nothing about where, from when and how much. */
export const NO_RULES = { clearValidFrom: false, replaceRules: false, siteIds: [], stationIds: [], budget: undefined };

/** Puts the facts of one station on the log, as the connection service would. */
export class StationVoice {
  constructor(
    private readonly context: TestContext,
    readonly stationId: string,
    private readonly ocppVersion: OcppVersion = 'ocpp2.0.1',
  ) {}

  started(
    transactionId: string,
    idToken: string,
    options: { readonly key?: string; readonly evseId?: number; readonly answer?: AuthorizationAnswer; readonly at?: string } = {},
  ): Promise<void> {
    const authorization = options.answer ?? { status: 'Accepted', source: 'authorization' };
    const data = { ...this.base(transactionId, options), idToken: { idToken, type: 'Local' }, authorization };
    return this.say('voltlog.connection.TransactionStarted.v1', { ...data, transactionKey: options.key ?? transactionId });
  }

  presented(idToken: string, authorization: AuthorizationAnswer): Promise<void> {
    return this.say('voltlog.connection.IdTokenPresented.v1', { ...this.message(), idToken: { idToken, type: 'Local' }, authorization });
  }

  authorized(
    transactionId: string,
    idToken: string,
    triggerReason = 'Authorized',
    authorization: AuthorizationAnswer = { status: 'Accepted', source: 'authorization' },
  ): Promise<void> {
    return this.say('voltlog.connection.TransactionUpdated.v1', {
      ...this.base(transactionId, {}),
      triggerReason,
      idToken: { idToken, type: 'Local' },
      authorization,
    });
  }

  ended(transactionId: string, idToken?: string): Promise<void> {
    return this.say('voltlog.connection.TransactionEnded.v1', {
      ...this.base(transactionId, {}),
      ...(idToken === undefined ? {} : { idToken: { idToken, type: 'Local' } }),
    });
  }

  private base(transactionId: string, options: { readonly evseId?: number; readonly at?: string }): TransactionFact {
    const message = this.message();
    return {
      ...message,
      occurredAt: options.at ?? message.occurredAt,
      transactionId,
      evseId: options.evseId ?? 0,
      connectorId: 0,
      offline: false,
      meterValues: [],
    };
  }

  private message(): MessageFact {
    const at = isoTime(this.context.clock.now());
    return {
      stationId: this.stationId,
      ocppVersion: this.ocppVersion,
      receivedAt: at,
      occurredAt: at,
      messageId: this.context.ids.next(),
      action: 'TransactionEvent',
      raw: {},
    };
  }

  private say(type: string, data: TransactionFact | TransactionStarted | IdTokenPresented): Promise<void> {
    return this.context.log.append(STATION_TOPIC, this.stationId, [
      {
        id: this.context.ids.next(),
        type,
        source: '/connection/test',
        subject: this.stationId,
        time: isoTime(this.context.clock.now()),
        data,
      },
    ]);
  }
}
