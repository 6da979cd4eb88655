import type { RoamingAuthorizer } from '@voltlog/authorization-domain';
import { DEVICE_TOPIC, type DeviceEventType } from '@voltlog/device-contract';
import { isoTime } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { type Authorization, createAuthorization } from '../authorization.js';
import { authorizationConfig } from '../config.js';
import { NO_RULES, TOPICS } from './facts.js';

const { AuthorizationPurpose: Purpose, TokenStatus } = authorizationV1;

export type Asked = Partial<authorizationV1.AuthorizationRequestItem> & { readonly token?: string; readonly type?: string };

/** A running authorization service and what is told to it. */
export class AuthorizationWorld {
  private constructor(
    readonly context: TestContext,
    readonly service: Authorization,
  ) {}

  static async open(
    env: Record<string, string> = {},
    change: (context: TestContext) => TestContext = (same) => same,
    roaming?: RoamingAuthorizer,
  ): Promise<AuthorizationWorld> {
    const context = change(await openTestContext('authorization'));
    await context.log.ensureTopics(TOPICS);
    const service = await createAuthorization(context, authorizationConfig.parse(env), roaming);
    await service.start();
    return new AuthorizationWorld(context, service);
  }

  /** One more instance on the same log and store; it is stopped by hand. */
  async another(): Promise<AuthorizationWorld & { stop(): Promise<void> }> {
    const context = { ...this.context, instanceId: `other-${this.context.ids.next()}`, clock: this.context.clock };
    const service = await createAuthorization(context, authorizationConfig.parse({}));
    await service.start();
    return Object.assign(new AuthorizationWorld(context, service), { stop: () => service.stop() });
  }

  async close(): Promise<void> {
    await this.service.stop();
    await this.context.close();
  }

  putToken(idToken: string, more: Partial<authorizationV1.PutTokenRequest> = {}) {
    const request = { clearExpiresAt: false, expectedVersion: 0, mustBeNew: false, idempotencyKey: '', ...NO_RULES, ...more };
    return this.service.grpc.putToken({ idToken: { idToken, type: '' }, ...request });
  }

  putContract(contractId: string, more: Partial<authorizationV1.Contract> = {}, mustBeNew = false) {
    const contract = {
      contractId,
      name: '',
      status: TokenStatus.ACTIVE,
      validFrom: undefined,
      expiresAt: undefined,
      groupId: '',
      concurrentTransactionsMax: 0,
      siteIds: [],
      stationIds: [],
      budget: undefined,
      used: undefined,
      sessionLimit: undefined,
      note: '',
      createdAt: undefined,
      updatedAt: undefined,
      version: 0,
      ...more,
    };
    return this.service.grpc.putContract({ contract, expectedVersion: 0, mustBeNew, idempotencyKey: '' });
  }

  putPolicy(siteId: string, more: Partial<authorizationV1.SitePolicy> = {}) {
    const policy = {
      siteId,
      unknownTokens: 'reject',
      authorizationAway: 'accept-known',
      noAuthorization: 'accept',
      localLists: false,
      version: 0,
      ...more,
    };
    return this.service.grpc.putAuthorizationPolicy({ policy, expectedVersion: 0, idempotencyKey: '' });
  }

  async ask(asked: Asked): Promise<authorizationV1.AuthorizationDecision> {
    const { token = 'CARD', type = 'Local', ...rest } = asked;
    const item = {
      stationId: 'S1',
      evseId: 0,
      idToken: { idToken: token, type },
      purpose: Purpose.IDENTIFY,
      transactionKey: '',
      occurredAt: undefined,
      offline: false,
      ...rest,
    };
    const [decision] = (await this.service.grpc.authorize({ requests: [item] })).decisions;
    if (decision === undefined) throw new Error('one question has one decision');
    return decision;
  }

  start(stationId: string, key: string, more: Asked = {}): Promise<authorizationV1.AuthorizationDecision> {
    return this.ask({ stationId, purpose: Purpose.START, transactionKey: `${stationId}/${key}`, ...more });
  }

  /** Puts a station at a site, as the device service tells it. */
  async stationAt(stationId: string, siteId: string, type: DeviceEventType = 'voltlog.device.StationRegistered.v1'): Promise<void> {
    const at = isoTime(this.context.clock.now());
    await this.context.log.append(DEVICE_TOPIC, stationId, [
      {
        id: this.context.ids.next(),
        type,
        source: '/device/test',
        subject: `station:${stationId}`,
        time: at,
        data: { stationId, siteId, name: '', evses: [], at },
      },
    ]);
  }
}
