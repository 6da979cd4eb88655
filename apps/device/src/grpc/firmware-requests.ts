import { createHash, X509Certificate } from 'node:crypto';
import type { CampaignAttributes, FirmwareImageAttributes } from '@voltlog/device-contract';
import { windowProblem } from '@voltlog/device-domain';
import { isoTime, RequestError } from '@voltlog/kernel';
import { deviceFirmwareV1 } from '@voltlog/proto';
import { toSelection } from './job-messages.js';
import { checkPace, checkSelection, STATION_IDS_MAX } from './job-requests.js';

const WAVES_MAX = 50;
const CONTROLLERS_MAX = 200;
const WINDOWS_MAX = 20;
const LIFETIME_MS_DEFAULT = 7 * 86_400_000;
const LIFETIME_MS_MAX = 366 * 86_400_000;
const NO_PROGRESS_MINUTES_DEFAULT = 60;
const MINUTES_MAX = 7 * 24 * 60;
const ATTEMPTS_MAX = 10;
const WORD_LENGTH_MAX = 50;
/** OCPP 2.0.1 FirmwareType: signature at most 800 characters, signing certificate at most 5 500, location at most 512. */
const SIGNATURE_LENGTH_MAX = 800;
const CERTIFICATE_LENGTH_MAX = 5_500;

const invalid = (message: string, reason?: string): RequestError => new RequestError('INVALID_ARGUMENT', message, reason);

export const IMAGE_ID = /^[0-9a-f]{32}$/;

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkImage(request: deviceFirmwareV1.AddImageRequest): FirmwareImageAttributes {
  const { imageId, fileName, vendor, model, version, sizeBytes, sha256, md5 } = request;
  if (!IMAGE_ID.test(imageId)) throw invalid('imageId must be 32 lower-case hex digits');
  if (!/^[\w.-]{1,100}$/.test(fileName)) throw invalid('fileName must be 1 to 100 of letters, digits, dot, dash and underscore');
  if (vendor === '') throw invalid('vendor is missing: it is what stations say when they boot');
  if (version === '') throw invalid('version is missing: it is what stations say once they run the image');
  for (const [field, text] of Object.entries({ vendor, model, version }))
    if (text.length > WORD_LENGTH_MAX) throw invalid(`${field} must have at most ${WORD_LENGTH_MAX} characters`);
  if (sizeBytes === 0) throw invalid('the image is empty');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw invalid('sha256 must be 64 lower-case hex digits');
  if (md5 !== '' && !/^[0-9a-f]{32}$/.test(md5)) throw invalid('md5 must be 32 lower-case hex digits');
  return { fileName, vendor, model, version, sizeBytes, sha256, ...(md5 === '' ? {} : { md5 }) };
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkSignature({ signature, signingCertificate }: deviceFirmwareV1.SignImageRequest): void {
  if (signature === '' || signature.length > SIGNATURE_LENGTH_MAX || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature))
    throw invalid(`signature must be base64 of at most ${SIGNATURE_LENGTH_MAX} characters`);
  if (signingCertificate.length > CERTIFICATE_LENGTH_MAX)
    throw invalid(`signingCertificate must have at most ${CERTIFICATE_LENGTH_MAX} characters: stations take no more`);
  try {
    void new X509Certificate(signingCertificate);
  } catch {
    throw invalid('signingCertificate is not a certificate in PEM');
  }
}

/** All but the image. @throws {RequestError} `INVALID_ARGUMENT` saying what is wrong and what to do instead */
export function checkPlan(
  plan: deviceFirmwareV1.CampaignPlan,
  createdBy: string,
  nowMs: number,
): Omit<CampaignAttributes, 'imageId' | 'version' | 'rollBackImageId' | 'rollBackOf' | 'filesUrl'> {
  const { noProgressMinutes, attemptsMax, retryMinutes, stopAtFailedPercent, stopAtFailedMin } = plan;
  for (const [field, minutes] of Object.entries({ noProgressMinutes, retryMinutes }))
    if (minutes > MINUTES_MAX) throw invalid(`${field} must be at most ${MINUTES_MAX}`);
  if (attemptsMax > ATTEMPTS_MAX) throw invalid(`attemptsMax must be at most ${ATTEMPTS_MAX}`);
  if (stopAtFailedPercent > 100) throw invalid('stopAtFailedPercent must be at most 100');
  const rollBack = plan.rollBack === deviceFirmwareV1.CampaignRollBackMode.AUTOMATIC ? 'Automatic' : 'Manual';
  if (rollBack === 'Automatic' && plan.rollBackImageId === '')
    throw invalid('an automatic rollBack needs rollBackImageId, the image to go back to');
  if (rollBack === 'Automatic' && stopAtFailedPercent === 0)
    throw invalid('an automatic rollBack begins when the campaign stops by itself: set stopAtFailedPercent');
  const expiresMs = plan.expiresAt === undefined ? nowMs + LIFETIME_MS_DEFAULT : Date.parse(plan.expiresAt);
  if (!(expiresMs > nowMs)) throw invalid('expiresAt must lie in the future');
  if (expiresMs > nowMs + LIFETIME_MS_MAX) throw invalid('expiresAt must lie within a year');
  for (const [field, at] of Object.entries({ retrieveAt: plan.retrieveAt, installAt: plan.installAt }))
    if (at !== undefined && Date.parse(at) >= expiresMs) throw invalid(`${field} must lie before expiresAt`);
  return {
    ...checkPace({ ...plan, createdBy }),
    selection: toSelection(checkSelection(plan.selection)),
    waves: checkWaves(plan.waves),
    windows: checkWindows(plan.windows),
    timeZone: checkTimeZone(plan.timeZone || 'UTC'),
    retrieveAt: plan.retrieveAt === undefined ? '' : isoTime(Date.parse(plan.retrieveAt)),
    installAt: plan.installAt === undefined ? '' : isoTime(Date.parse(plan.installAt)),
    proof: plan.proof === deviceFirmwareV1.CampaignProof.INSTALLED ? 'Installed' : 'Boot',
    stopAtFailedPercent,
    stopAtFailedMin,
    rollBack,
    ...checkControllers(plan.localControllers),
    attemptsMax: attemptsMax || 1,
    retryMinutes,
    noProgressMinutes: noProgressMinutes || NO_PROGRESS_MINUTES_DEFAULT,
    expiresAt: isoTime(expiresMs),
  };
}

/** @throws {RequestError} `INVALID_ARGUMENT` when stations of the one could not take the other, or would not be changed by it */
export function checkWayBack(image: FirmwareImageAttributes, back: FirmwareImageAttributes): void {
  if (back.vendor !== image.vendor || (back.model !== '' && back.model !== image.model))
    throw invalid(
      `rollBackImageId is an image for ${back.vendor} ${back.model || '(any model)'}, the campaign is for ${image.vendor} ${image.model || '(any model)'}`,
      'ImageDoesNotFit',
    );
  if (back.version === image.version) throw invalid('rollBackImageId is an image of the same version', 'ImageDoesNotFit');
}

function checkControllers(controllers: readonly deviceFirmwareV1.CampaignLocalController[]): Pick<CampaignAttributes, 'localControllers'> {
  if (controllers.length === 0) return {};
  if (controllers.length > CONTROLLERS_MAX) throw invalid(`at most ${CONTROLLERS_MAX} localControllers`);
  const stationIds = controllers.flatMap((controller) => controller.stationIds);
  if (stationIds.length > STATION_IDS_MAX) throw invalid(`at most ${STATION_IDS_MAX} stations behind localControllers can be named`);
  const twice = twiceIn(controllers.map(({ stationId }) => stationId)) ?? twiceIn(stationIds);
  if (twice !== undefined) throw invalid(`localControllers name ${twice} twice`);
  return {
    localControllers: controllers.map((controller) => ({ stationId: controller.stationId, stationIds: [...controller.stationIds] })),
  };
}

function twiceIn(ids: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return ids.find((id) => seen.size === seen.add(id).size);
}

function checkWaves(waves: readonly deviceFirmwareV1.CampaignWave[]): CampaignAttributes['waves'] {
  if (waves.length === 0) return [{ percent: 100, stations: 0, pauseMinutes: 0 }];
  if (waves.length > WAVES_MAX) throw invalid(`at most ${WAVES_MAX} waves`);
  for (const [index, { percent, stations, pauseMinutes }] of waves.entries()) {
    if (percent > 100) throw invalid('a wave has at most 100 percent');
    if (index < waves.length - 1 && percent === 0 && stations === 0)
      throw invalid(`waves[${index}] needs percent or stations; only the last one takes the rest`);
    if (percent > 0 && stations > 0) throw invalid(`waves[${index}] has percent or stations, not both`);
    if (pauseMinutes > MINUTES_MAX) throw invalid(`waves[${index}].pauseMinutes must be at most ${MINUTES_MAX}`);
  }
  return waves.map(({ percent, stations, pauseMinutes }) => ({ percent, stations, pauseMinutes }));
}

function checkWindows(windows: readonly deviceFirmwareV1.MaintenanceWindow[]): CampaignAttributes['windows'] {
  if (windows.length > WINDOWS_MAX) throw invalid(`at most ${WINDOWS_MAX} windows`);
  return windows.map(({ from, until, days }, index) => {
    const problem = windowProblem({ from, until, days });
    if (problem !== undefined) throw invalid(`windows[${index}]: ${problem}`);
    return { from, until, days: [...days] };
  });
}

function checkTimeZone(timeZone: string): string {
  try {
    void new Intl.DateTimeFormat('en', { timeZone });
    return timeZone;
  } catch {
    throw invalid('timeZone must be an IANA name such as Europe/Amsterdam');
  }
}

/** The same for the same key, so that a repetition makes no second one. */
export const campaignIdOf = (idempotencyKey: string): string =>
  createHash('sha256').update(`campaign ${idempotencyKey}`).digest('hex').slice(0, 32);
