import { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, instantIn, orNull, pageOf, pageQuery, wordOf } from './common.js';
import { explain } from './decision-explanation.js';
import { chargingLimitView, toChargingLimit } from './rules.view.js';

const STATUSES = {
  Accepted: authorizationV1.AuthorizationStatus.ACCEPTED,
  Blocked: authorizationV1.AuthorizationStatus.BLOCKED,
  ConcurrentTx: authorizationV1.AuthorizationStatus.CONCURRENT_TX,
  Expired: authorizationV1.AuthorizationStatus.EXPIRED,
  Invalid: authorizationV1.AuthorizationStatus.INVALID,
  NoCredit: authorizationV1.AuthorizationStatus.NO_CREDIT,
  NotAllowedTypeEVSE: authorizationV1.AuthorizationStatus.NOT_ALLOWED_TYPE_EVSE,
  NotAtThisLocation: authorizationV1.AuthorizationStatus.NOT_AT_THIS_LOCATION,
  NotAtThisTime: authorizationV1.AuthorizationStatus.NOT_AT_THIS_TIME,
  Unknown: authorizationV1.AuthorizationStatus.UNKNOWN,
} as const;
type StatusWord = keyof typeof STATUSES;
const statusWord = z.enum(Object.keys(STATUSES) as [StatusWord, ...StatusWord[]]);

export const decisionView = z
  .object({
    decisionId: z.string(),
    at: instant.nullable(),
    status: z.string().meta({ description: 'OCPP 2.1 AuthorizationStatusEnumType' }),
    reason: z.string().nullable().meta({ description: 'why, in one stable word, e.g. TokenBlocked, BudgetExhausted' }),
    explanation: z.string().meta({ description: 'the same in plain words, for the driver or the one who asks for him' }),
    purpose: z.string().meta({
      description:
        'Identify: may it charge? Start: a transaction begins. Stop: it ended one. Reserve, RequestStart: asked by the API, before any station did.',
    }),
    stationId: z.string(),
    evseId: z.int(),
    idToken: z.string().nullable(),
    idTokenType: z.string().nullable(),
    groupId: z.string().nullable(),
    contractId: z.string().nullable(),
    limit: chargingLimitView.nullable().meta({ description: 'where the session is to stop' }),
    transactionKey: z.string().nullable(),
    occurredAt: instant.nullable(),
    offline: z.boolean().meta({ description: 'the station had decided by itself already' }),
  })
  .meta({ id: 'Decision' });

export const toDecision = ({ request, decision, at }: authorizationV1.DecisionRecord): z.input<typeof decisionView> => {
  const status = decision?.status ?? '';
  const view = {
    decisionId: decision?.decisionId ?? '',
    at: at ?? null,
    status: statusWord.options.find((word) => STATUSES[word] === status) ?? wordOf(status, 'AUTHORIZATION_STATUS_'),
    reason: orNull(decision?.reason),
    purpose: wordOf(request?.purpose ?? '', 'AUTHORIZATION_PURPOSE_'),
    stationId: request?.stationId ?? '',
    evseId: request?.evseId ?? 0,
    idToken: orNull(request?.idToken?.idToken),
    idTokenType: orNull(request?.idToken?.type),
    groupId: orNull(decision?.groupIdToken?.idToken),
    contractId: orNull(decision?.contractId),
    limit: decision?.limit === undefined ? null : toChargingLimit(decision.limit),
    transactionKey: orNull(request?.transactionKey),
    occurredAt: request?.occurredAt ?? null,
    offline: request?.offline ?? false,
  };
  return { ...view, explanation: explain(view) };
};

export const toDecisionStatus = (word: StatusWord | undefined): authorizationV1.AuthorizationStatus =>
  word === undefined ? authorizationV1.AuthorizationStatus.UNSPECIFIED : STATUSES[word];

export const decisionPage = pageOf(decisionView, 'DecisionPage');
export const decisionQuery = pageQuery.extend({
  stationId: z.string().max(48).default(''),
  idToken: z.string().max(255).default('').meta({ description: 'found in any case, whatever its type' }),
  contractId: z.string().max(64).default(''),
  status: statusWord.optional(),
  from: instantIn.optional().meta({ description: 'decided at or after it' }),
  to: instantIn.optional().meta({ description: 'decided before it' }),
});
