import { createHash } from 'node:crypto';
import { bootAnswer, type Place } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceOperationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { AlertDoc } from '../model/alerts.js';
import type { Model } from '../model/model.js';
import type { StationMemory } from '../store/station-memory.js';
import { refusal } from './device.grpc.js';
import { knownStation } from './known-station.js';
import { causeOf, checkStationId, pageSize } from './requests.js';

const REASON_LENGTH_MAX = 255;
const BOOT_SECONDS_DEFAULT = 60;
const BOOT_SECONDS_MAX = 86_400;
const PLACE_MAX = 1_000;
/** Of no station where it is of work on many. */
const ALERT_ID = /^[A-Za-z0-9*\-_=+|@.]{0,48}:[0-9a-f]{16}$/;

type Answer = { readonly operation: deviceOperationV1.Operation };

/** `voltlog.device.v1.StationOperationService`. */
export class StationOperationGrpc implements deviceOperationV1.StationOperationService {
  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly memory: Pick<StationMemory, 'docs'>,
    private readonly model: Model,
  ) {}

  async decideBoot(request: deviceOperationV1.DecideBootRequest): Promise<Answer> {
    const { id } = await knownStation(this.memory, request.stationId);
    const { status, intervalSeconds } = request;
    if (status !== 'Accepted' && status !== 'Pending' && status !== 'Rejected')
      throw invalid('status must be Accepted, Pending or Rejected');
    if (intervalSeconds > BOOT_SECONDS_MAX) throw invalid(`intervalSeconds must be at most ${BOOT_SECONDS_MAX}`);
    const boot = {
      status,
      intervalSeconds: status === 'Accepted' ? 0 : intervalSeconds || BOOT_SECONDS_DEFAULT,
      by: 'Operator' as const,
      reason: checkReason(request.reason),
    } as const;
    const now = this.context.clock.now();
    const { refusal: no } = await this.model.repository.onStation(
      id,
      { kind: 'DecideBoot', boot, now },
      this.cause(request.idempotencyKey),
    );
    if (no !== undefined) throw refusal(no);
    // One that waits is let go at once, not after its interval.
    if (status !== 'Rejected' && (await this.model.statuses.get(id))?.registration === 'Pending') await this.model.provisioner.begin(id);
    return this.answer(id);
  }

  async getOperation(request: deviceOperationV1.GetOperationRequest): Promise<Answer> {
    const { id } = await knownStation(this.memory, request.stationId);
    return this.answer(id);
  }

  async setAvailability(request: deviceOperationV1.SetAvailabilityRequest): Promise<Answer> {
    const { id } = await knownStation(this.memory, request.stationId);
    const place = checkPlace(request.place);
    const cause = this.cause(request.idempotencyKey);
    const { refusal: no } = await this.model.availability.set(id, place, request.operative, checkReason(request.reason), cause);
    if (no !== undefined) throw refusal(no);
    return this.answer(id);
  }

  async scheduleOutage(request: deviceOperationV1.ScheduleOutageRequest): Promise<Answer> {
    const { id } = await knownStation(this.memory, request.stationId);
    const { from, until } = request;
    if (from === undefined || until === undefined) throw invalid('from and until are needed');
    const cause = this.cause(request.idempotencyKey);
    const outage = { outageId: outageIdOf(id, cause), ...checkPlace(request.place), from, until, reason: checkReason(request.reason) };
    const { refusal: no } = await this.model.availability.schedule(id, outage, cause);
    if (no !== undefined) throw refusal(no);
    return this.answer(id);
  }

  async cancelOutage(request: deviceOperationV1.CancelOutageRequest): Promise<Answer> {
    const { id } = await knownStation(this.memory, request.stationId);
    const { refusal: no } = await this.model.availability.cancel(id, request.outageId, this.cause(request.idempotencyKey));
    if (no !== undefined) throw refusal(no);
    return this.answer(id);
  }

  async listAlerts(request: deviceOperationV1.ListAlertsRequest): Promise<deviceOperationV1.ListAlertsResponse> {
    const stationId = request.stationId === '' ? '' : checkStationId(request.stationId);
    const page = await this.model.alerts.page({ stationId, open: request.open }, pageSize(request.pageSize), request.pageToken);
    return { alerts: page.docs.map(toAlert), nextPageToken: page.next ?? '' };
  }

  acknowledgeAlert(request: deviceOperationV1.AcknowledgeAlertRequest): Promise<{ alert: deviceOperationV1.Alert }> {
    return this.act(request.alertId, { kind: 'Acknowledge', note: checkReason(request.note) }, request.idempotencyKey);
  }

  clearAlert(request: deviceOperationV1.ClearAlertRequest): Promise<{ alert: deviceOperationV1.Alert }> {
    return this.act(request.alertId, { kind: 'Clear' }, request.idempotencyKey);
  }

  private async act(
    alertId: string,
    action: Parameters<Model['alerts']['act']>[1],
    key: string,
  ): Promise<{ alert: deviceOperationV1.Alert }> {
    if (!ALERT_ID.test(alertId)) throw refusal('AlertUnknown');
    const { refusal: no, state } = await this.model.alerts.act(alertId, action, this.cause(key));
    if (no !== undefined || state.kind === 'none') throw refusal(no ?? 'AlertUnknown');
    return { alert: toAlert(state) };
  }

  private async answer(stationId: string): Promise<Answer> {
    const [station, status, configuration] = await Promise.all([
      knownStation(this.memory, stationId),
      this.model.statuses.get(stationId),
      this.model.configurationDocs.get(stationId),
    ]);
    const boot = bootAnswer(station, this.model.templates.all);
    const operation: deviceOperationV1.Operation = {
      stationId,
      bootStatus: boot?.status ?? 'Accepted',
      bootIntervalSeconds: boot?.intervalSeconds ?? 0,
      registration: status?.registration ?? '',
      inoperative: (configuration?.inoperative ?? []).map(({ reason, since, ...place }) => ({ place, reason, since })),
      outages: (configuration?.outages ?? []).map(({ outageId, evseId, connectorId, from, until, reason }) => ({
        outageId,
        place: { evseId, connectorId },
        from,
        until,
        reason,
      })),
    };
    return { operation };
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.context.ids.next());
  }
}

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

function checkReason(reason: string): string {
  if (reason.length > REASON_LENGTH_MAX) throw invalid(`a reason or note must have at most ${REASON_LENGTH_MAX} characters`);
  return reason;
}

function checkPlace(place: deviceOperationV1.Place | undefined): Place {
  const { evseId, connectorId } = place ?? { evseId: 0, connectorId: 0 };
  if (evseId > PLACE_MAX || connectorId > PLACE_MAX) throw invalid(`evseId and connectorId must be at most ${PLACE_MAX}`);
  if (evseId === 0 && connectorId !== 0) throw invalid('a connector is one of an EVSE: evseId is missing');
  return { evseId, connectorId };
}

/** The same for the same request. */
const outageIdOf = (stationId: string, cause: string): string =>
  createHash('sha256').update(`${stationId}\0${cause}`).digest('hex').slice(0, 16);

const toAlert = (alert: Omit<AlertDoc, 'id' | 'version' | 'open'>): deviceOperationV1.Alert => ({
  alertId: alert.alertId,
  stationId: alert.stationId,
  source: alert.source,
  severity: alert.severity,
  subject: alert.subject,
  detail: alert.detail,
  place: { evseId: alert.evseId, connectorId: alert.connectorId },
  value: alert.value,
  state: alert.state,
  note: alert.note,
  occurredAt: alert.occurredAt,
  openedAt: alert.openedAt,
  clearedAt: alert.clearedAt === '' ? undefined : alert.clearedAt,
  clearedBy: alert.clearedBy,
});
