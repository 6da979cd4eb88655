import type { MoveAttributes, MoveTarget } from '@voltlog/device-contract';
import { RequestError } from '@voltlog/kernel';
import { targetProblem } from '@voltlog/outbound';
import { type deviceJobV1, type deviceMoveV1, deviceJobV1 as job } from '@voltlog/proto';
import type { MoveDoc, StationMoveDoc } from '../moves/move-documents.js';
import { toSelection } from './job-messages.js';
import { checkSelection } from './job-requests.js';
import { checkName } from './requests.js';

const WAVES_MAX = 20;
const PAUSE_MINUTES_MAX = 14 * 1_440;
const AT_ONCE_DEFAULT = 10;
const AT_ONCE_MAX = 200;
const HEALTH_MINUTES_DEFAULT = 10;
const HEALTH_MINUTES_MAX = 7 * 1_440;
const TEXT_MAX = 500;
const MAKES_MAX = 50;
const KEYS_MAX = 20;

/** @throws {RequestError} naming what is wrong */
export function toAttributes(request: deviceMoveV1.CreateMoveRequest, allowPrivate: boolean): MoveAttributes {
  const { direction, confirm, createdBy } = request;
  if (direction !== 'Out' && direction !== 'In') throw invalid('direction must be Out or In');
  if (direction === 'In' && (request.target !== undefined || confirm))
    throw invalid('stations that come in need neither target nor confirm');
  const healthMinutes = request.healthMinutes || HEALTH_MINUTES_DEFAULT;
  const atOnceMax = request.atOnceMax || AT_ONCE_DEFAULT;
  if (healthMinutes > HEALTH_MINUTES_MAX) throw invalid(`healthMinutes must be at most ${HEALTH_MINUTES_MAX}`);
  if (atOnceMax > AT_ONCE_MAX) throw invalid(`atOnceMax must be at most ${AT_ONCE_MAX}`);
  if (request.stopAtFailedPercent > 100) throw invalid('stopAtFailedPercent must be at most 100');
  return {
    name: checkName(request.name),
    direction,
    selection: toSelection(checkSelection(request.selection)),
    ...(direction === 'Out' ? { target: targetOf(request.target, allowPrivate) } : {}),
    waves: wavesOf(request.waves),
    atOnceMax,
    healthMinutes,
    confirm,
    stopAtFailedPercent: request.stopAtFailedPercent,
    stopAtFailedMin: request.stopAtFailedMin,
    createdBy,
  };
}

function wavesOf(waves: readonly deviceMoveV1.MoveWave[]): MoveAttributes['waves'] {
  if (waves.length > WAVES_MAX) throw invalid(`at most ${WAVES_MAX} waves`);
  for (const [index, { percent, stations, pauseMinutes }] of waves.entries()) {
    if (percent > 100 || (percent === 0 && stations === 0))
      throw invalid(`wave ${index + 1}: say how many stations, or which percent of 1 to 100`);
    if (pauseMinutes > PAUSE_MINUTES_MAX) throw invalid(`wave ${index + 1}: pauseMinutes must be at most ${PAUSE_MINUTES_MAX}`);
  }
  return waves.length === 0
    ? [{ percent: 100, stations: 0, pauseMinutes: 0 }]
    : waves.map(({ percent, stations, pauseMinutes }) => ({ percent, stations, pauseMinutes }));
}

function targetOf(target: deviceMoveV1.MoveTarget | undefined, allowPrivate: boolean): MoveTarget {
  if (target === undefined) throw invalid('stations that go away need a target');
  const { csmsUrl, securityProfile, slot, messageTimeoutSeconds, keys, healthUrl } = target;
  if (!/^wss?:\/\/[^\s]{1,500}$/.test(csmsUrl)) throw invalid('target.csmsUrl must be a ws:// or wss:// address');
  if (securityProfile > 3) throw invalid('target.securityProfile must be 0 to 3');
  if (slot < 1 || slot > 100) throw invalid('target.slot must be 1 to 100');
  if (keys.length > MAKES_MAX) throw invalid(`target.keys: at most ${MAKES_MAX} vendors`);
  for (const { vendor, keys: own } of keys) {
    if (own.length === 0 || own.length > KEYS_MAX) throw invalid(`target.keys: 1 to ${KEYS_MAX} keys for each vendor`);
    for (const { key, value } of own)
      if (key === '' || key.length > 50 || value.length > TEXT_MAX || vendor.length > 255)
        throw invalid('target.keys: a key has 1 to 50 characters, a value at most 500');
    if (own.some(({ key }) => /password|authorizationkey/i.test(key)))
      throw invalid('target.keys: a password is changed by the change of a password, so that it stands in no plan');
  }
  return {
    csmsUrl,
    securityProfile,
    slot,
    messageTimeoutSeconds,
    keys: keys.map(({ vendor, keys: own }) => ({ vendor, keys: own.map(({ key, value }) => ({ key, value })) })),
    ...(healthUrl === '' ? {} : { healthUrl: checkedHealthUrl(healthUrl, allowPrivate) }),
  };
}

function checkedHealthUrl(url: string, allowPrivate: boolean): string {
  if (url.length > TEXT_MAX) throw invalid(`target.healthUrl must have at most ${TEXT_MAX} characters`);
  if (!url.includes('{stationId}')) throw invalid('target.healthUrl must name {stationId}: it is asked about each station');
  const problem = targetProblem(url.replaceAll('{stationId}', 'x'), allowPrivate);
  if (problem !== undefined) throw invalid(`target.healthUrl ${problem}`);
  return url;
}

export function toMoveMessage(doc: MoveDoc, counts: readonly deviceMoveV1.MovePhaseCount[]): deviceMoveV1.Move {
  const { selection, target, waves } = doc;
  return {
    moveId: doc.moveId,
    name: doc.name,
    direction: doc.direction,
    selection: job.StationSelection.fromPartial(selection as deviceJobV1.DeepPartial<deviceJobV1.StationSelection>),
    target:
      target === undefined
        ? undefined
        : {
            ...target,
            healthUrl: target.healthUrl ?? '',
            keys: target.keys.map(({ vendor, keys }) => ({ vendor, keys: keys.map((each) => ({ ...each })) })),
          },
    waves: waves.map((wave) => ({ ...wave })),
    atOnceMax: doc.atOnceMax,
    healthMinutes: doc.healthMinutes,
    confirm: doc.confirm,
    stopAtFailedPercent: doc.stopAtFailedPercent,
    stopAtFailedMin: doc.stopAtFailedMin,
    state: doc.state,
    outcome: doc.outcome ?? '',
    waveSizes: doc.stationIds.map((ids) => ids.length),
    wave: doc.wave,
    wavesEnded: doc.wavesEnded,
    counts: [...counts],
    createdAt: doc.createdAt,
    endedAt: doc.endedAt || undefined,
    createdBy: doc.createdBy,
  };
}

export const toMoveStationMessage = (doc: StationMoveDoc): deviceMoveV1.MoveStation => ({
  stationId: doc.stationId,
  wave: doc.wave,
  phase: doc.phase,
  confirmed: doc.confirmed,
  reason: doc.reason,
  startedAt: doc.startedAt,
  switchedAt: doc.switchedAt || undefined,
  endedAt: doc.endedAt || undefined,
  restoredAt: doc.restoredAt || undefined,
  priorityBefore: doc.before?.priority ?? '',
  keysBefore: (doc.before?.keys ?? []).map((each) => ({ ...each })),
});

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);
