import { isSecretVariable, withoutSecrets } from '@voltlog/connection-contract';
import type { JobCommand, JobFailureBound } from '@voltlog/device-contract';
import { NAME_LENGTH_MAX } from '@voltlog/device-domain';
import { isoTime, RequestError } from '@voltlog/kernel';
import { connectionV1, type deviceJobV1 } from '@voltlog/proto';
import { APPLY_TEMPLATE, COLLECT_LOG } from '../jobs/asking.js';
import { checkLogRequest } from './log-requests.js';
import { checkSiteId, checkStationId, checkTags } from './requests.js';

/** Stations named one by one: they lie in one event. */
export const STATION_IDS_MAX = 10_000;
export const CONCURRENCY_MAX = 500;
export const CONCURRENCY_DEFAULT = 50;
export const PER_MINUTE_MAX = 100_000;
const WORD_LENGTH_MAX = 255;
const TIMEOUT_MS_MAX = 120_000;
/** Reading and setting takes several messages: a station is given up on after this long, ms. */
const WORK_MS = 600_000;
const LIFETIME_MS_DEFAULT = 86_400_000;
const LIFETIME_MS_MAX = 366 * 86_400_000;
/** Commands that are of one station: they carry a transaction, a certificate or a number that is its own. */
const OF_ONE_STATION: ReadonlySet<string> = new Set([
  'requestStartTransaction',
  'requestStopTransaction',
  'reserveNow',
  'cancelReservation',
  'offerTransactionLimit',
  'certificateSigned',
  'sendLocalList',
  'costUpdated',
  'getTransactionStatus',
  'usePriorityCharging',
  'notifyAllowedEnergyTransfer',
  'changeTransactionTariff',
  'notifyWebPaymentStarted',
  'requestBatterySwap',
]);
const invalid = (message: string, reason?: string): RequestError => new RequestError('INVALID_ARGUMENT', message, reason);

/** @throws {RequestError} `INVALID_ARGUMENT` saying what is wrong and what to do instead */
export function checkWork(
  { command, applyTemplate, collectLog }: Pick<deviceJobV1.CreateJobRequest, 'command' | 'applyTemplate' | 'collectLog'>,
  templateIds: ReadonlySet<string>,
): JobCommand {
  if ([command, applyTemplate, collectLog].filter((work) => work !== undefined).length > 1)
    throw invalid('a job has a command, a template to apply or a log to collect, not more than one of them');
  if (collectLog !== undefined) {
    checkLogRequest({ ...collectLog, timeoutMs: 0 });
    return { name: COLLECT_LOG, parameters: { ...collectLog }, timeoutMs: 0 };
  }
  if (applyTemplate === undefined) return checkCommand(command);
  const { templateId } = applyTemplate;
  if (templateId !== '' && !templateIds.has(templateId)) throw invalid(`there is no template ${templateId} in use`, 'TemplateUnknown');
  return { name: APPLY_TEMPLATE, parameters: { templateId }, timeoutMs: WORK_MS };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkFailureBound(bound: deviceJobV1.JobFailureBound | undefined): { readonly failureBound?: JobFailureBound } {
  if (bound === undefined) return {};
  const { percent, stations } = bound;
  if (percent < 1 || percent > 100) throw invalid('failureBound.percent must be between 1 and 100');
  if (stations < 1 || stations > STATION_IDS_MAX) throw invalid(`failureBound.stations must be between 1 and ${STATION_IDS_MAX}`);
  return { failureBound: { percent, stations } };
}

function checkCommand(request: connectionV1.SendCommandRequest | undefined): JobCommand {
  const command = request?.command;
  if (command === undefined) throw invalid('command is missing');
  if (OF_ONE_STATION.has(command.$case))
    throw invalid(`${command.$case} is of one station: send it to that station alone`, 'CommandOfOneStation');
  if (hasSecret(command)) throw invalid("a job does not carry passwords: change each station's password by its own request", 'SecretInJob');
  const timeoutMs = request?.timeoutMs ?? 0;
  if (timeoutMs > TIMEOUT_MS_MAX) throw invalid(`command.timeoutMs must be at most ${TIMEOUT_MS_MAX}`);
  // Only JSON is kept.
  return { name: command.$case, parameters: JSON.parse(JSON.stringify(command.value)) as Record<string, unknown>, timeoutMs };
}

function hasSecret(command: NonNullable<connectionV1.SendCommandRequest['command']>): boolean {
  if (command.$case === 'setVariables') return command.value.variables.some(({ name }) => isSecretVariable(name));
  const payload = command.$case === 'rawCall' ? jsonOf(command.value.payloadJson) : command.value;
  return JSON.stringify(withoutSecrets(payload)) !== JSON.stringify(payload);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text || '{}');
  } catch {
    throw invalid('command.rawCall.payloadJson is not JSON');
  }
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkSelection(selection: deviceJobV1.StationSelection | undefined): deviceJobV1.StationSelection {
  if (selection === undefined) throw invalid('selection is missing');
  const { stationIds, siteId, vendor, model, firmwareVersion, ocppVersion, connected, all, tags } = selection;
  if (stationIds.length > STATION_IDS_MAX)
    throw invalid(`at most ${STATION_IDS_MAX} selection.stationIds; select more by what they have in common`);
  for (const stationId of stationIds) checkStationId(stationId);
  if (siteId !== '') checkSiteId(siteId);
  for (const [field, text] of Object.entries({ vendor, model, firmwareVersion, ocppVersion }))
    if (text.length > WORD_LENGTH_MAX) throw invalid(`selection.${field} must have at most ${WORD_LENGTH_MAX} characters`);
  const conditions =
    [siteId, vendor, model, firmwareVersion, ocppVersion].filter((text) => text !== '').length + stationIds.length + checkTags(tags).length;
  if (conditions === 0 && connected === undefined && !all)
    throw invalid('selection has no condition: say `all` when every station in service is meant', 'SelectionEmpty');
  if (all && conditions > 0) throw invalid('selection.all excludes other conditions');
  return selection;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkPace(request: Pick<deviceJobV1.CreateJobRequest, 'name' | 'stationsPerMinute' | 'concurrency' | 'createdBy'>) {
  const { name, stationsPerMinute, createdBy } = request;
  const concurrency = request.concurrency === 0 ? CONCURRENCY_DEFAULT : request.concurrency;
  if (name.length > NAME_LENGTH_MAX) throw invalid(`name must have at most ${NAME_LENGTH_MAX} characters`);
  if (createdBy.length > NAME_LENGTH_MAX) throw invalid(`createdBy must have at most ${NAME_LENGTH_MAX} characters`);
  if (stationsPerMinute > PER_MINUTE_MAX) throw invalid(`stationsPerMinute must be at most ${PER_MINUTE_MAX}`);
  if (concurrency > CONCURRENCY_MAX) throw invalid(`concurrency must be at most ${CONCURRENCY_MAX}`);
  return { name, stationsPerMinute, concurrency, createdBy };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkExpiry(expiresAt: string | undefined, nowMs: number): string {
  if (expiresAt === undefined) return isoTime(nowMs + LIFETIME_MS_DEFAULT);
  const ms = Date.parse(expiresAt);
  if (!(ms > nowMs)) throw invalid('expiresAt must lie in the future');
  if (ms > nowMs + LIFETIME_MS_MAX) throw invalid('expiresAt must lie within a year');
  return isoTime(ms);
}
