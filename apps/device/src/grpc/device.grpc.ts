import { quirkOf } from '@voltlog/connection-contract';
import {
  type AlertRefusal,
  type ConfigurationRefusal,
  INTENDED_MAX,
  OUTAGES_MAX,
  PLACES_MAX,
  type SiteRefusal,
  type StationRefusal,
  siteProblem,
  type TemplateRefusal,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Query } from '@voltlog/store';
import type { Security } from '../security/security.js';
import type { DeviceRepository, SiteExecution, StationExecution } from '../store/device-repository.js';
import type { Collections } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { toSiteMessage, toStationMessage } from './messages.js';
import {
  ACCESS_MAX,
  causeOf,
  checkName,
  checkPassword,
  checkProfile,
  checkSite,
  checkSiteId,
  checkStationId,
  checkTags,
  lifecycleOf,
  pageSize,
  toEvses,
  toSiteChanges,
} from './requests.js';

type Refusal = SiteRefusal | StationRefusal | ConfigurationRefusal | TemplateRefusal | AlertRefusal;

/** What each refusal is to a caller. */
export const REFUSALS: Readonly<Record<Refusal, readonly [RequestError['code'], string]>> = {
  SiteExists: ['ALREADY_EXISTS', 'there is a site of this id'],
  SiteUnknown: ['NOT_FOUND', 'there is no such site'],
  SiteRetired: ['FAILED_PRECONDITION', 'the site is retired'],
  StationExists: ['ALREADY_EXISTS', 'there is a station of this id'],
  StationUnknown: ['NOT_FOUND', 'there is no such station'],
  StationRetired: ['FAILED_PRECONDITION', 'the station is retired'],
  RevisionMismatch: ['ABORTED', 'it was changed in between: read it again'],
  PasswordChangeUnderWay: [
    'FAILED_PRECONDITION',
    'the station has not shown yet the last password that was made or set for it: first it must connect with that',
  ],
  ProfileChangeUnderWay: ['FAILED_PRECONDITION', 'the station is on its way to another security profile already'],
  NoProfileChange: ['FAILED_PRECONDITION', 'the station is on its way to no other security profile'],
  DowngradeNotAllowed: ['FAILED_PRECONDITION', 'that is a lower security profile: allow the downgrade (allowDowngrade) if you mean it'],
  ProfileUnchanged: ['FAILED_PRECONDITION', 'the station is on that security profile'],
  AlertUnknown: ['NOT_FOUND', 'there is no such alert'],
  AlertCleared: ['FAILED_PRECONDITION', 'the alert is cleared'],
  TemplateUnknown: ['NOT_FOUND', 'there is no such template'],
  TemplateExists: ['ABORTED', 'there is a template of this id already: read it, and change that'],
  OutageUnknown: ['NOT_FOUND', 'there is no such outage, or it is over'],
  OutageInThePast: ['INVALID_ARGUMENT', 'an outage must end after it begins, and in the future'],
  TooManyOutages: ['RESOURCE_EXHAUSTED', `${OUTAGES_MAX} outages are scheduled for the station already: cancel one first`],
  TooManyIntended: ['RESOURCE_EXHAUSTED', `at most ${INTENDED_MAX} variables can be intended for a station: use a template`],
  TooManyPlaces: ['RESOURCE_EXHAUSTED', `${PLACES_MAX} places of the station are out of service one by one: take the whole station out`],
  TooManyRevoked: [
    'FAILED_PRECONDITION',
    'as many of its certificates are revoked as can be: retire the station, and register it under another id',
  ],
};

/** `voltlog.device.v1.DeviceService`. A write repeated with its idempotency key changes nothing and answers what is now. */
export class DeviceGrpc implements deviceV1.DeviceService {
  constructor(
    private readonly context: ServiceContext,
    private readonly repository: DeviceRepository,
    private readonly memory: StationMemory,
    private readonly collections: Collections,
    private readonly security: Pick<Security, 'acceptance' | 'passwordsByHand'>,
  ) {}

  async registerSite(request: deviceV1.RegisterSiteRequest): Promise<deviceV1.RegisterSiteResponse> {
    const { name, address, city, countryCode, latitude, longitude, timeZone } = request;
    const attributes = checkSite({ name, address, city, countryCode, latitude, longitude, timeZone });
    const causationId = this.cause(request.idempotencyKey);
    // Without an id the key stands in for it, so that a repetition does not make a second site.
    const siteId =
      request.siteId === ''
        ? isSiteKey(request.idempotencyKey)
          ? `site-${request.idempotencyKey}`
          : this.context.ids.next()
        : checkSiteId(request.siteId);
    const execution = await this.repository.onSite(siteId, { kind: 'RegisterSite', siteId, attributes, now: this.now() }, causationId);
    return { site: siteOf(execution) };
  }

  async updateSite(request: deviceV1.UpdateSiteRequest): Promise<deviceV1.UpdateSiteResponse> {
    const siteId = checkSiteId(request.siteId);
    const changes = toSiteChanges(request);
    checkSite({ ...NOTHING_TOLD, ...changes });
    const command = { kind: 'ChangeSite' as const, changes, expectedRevision: request.expectedVersion, now: this.now() };
    return { site: siteOf(await this.repository.onSite(siteId, command, this.cause(request.idempotencyKey))) };
  }

  async retireSite(request: deviceV1.RetireSiteRequest): Promise<deviceV1.RetireSiteResponse> {
    const siteId = checkSiteId(request.siteId);
    const left = await this.collections.stations.find({ where: { siteId, lifecycle: { $in: ['Active', 'Quarantined'] } }, limit: 1 });
    if (left.docs.length > 0)
      throw new RequestError('FAILED_PRECONDITION', 'stations are still at the site: move or retire them first', 'SiteHasStations');
    return {
      site: siteOf(await this.repository.onSite(siteId, { kind: 'RetireSite', now: this.now() }, this.cause(request.idempotencyKey))),
    };
  }

  async getSite(request: deviceV1.GetSiteRequest): Promise<deviceV1.GetSiteResponse> {
    const doc = await this.collections.sites.get(checkSiteId(request.siteId));
    if (doc === undefined) throw refusal('SiteUnknown');
    return { site: toSiteMessage(doc) };
  }

  async listSites(request: deviceV1.ListSitesRequest): Promise<deviceV1.ListSitesResponse> {
    const page = await this.collections.sites.find(query(request, {}));
    return { sites: page.docs.map(toSiteMessage), nextPageToken: page.next ?? '' };
  }

  async registerStation(request: deviceV1.RegisterStationRequest): Promise<deviceV1.RegisterStationResponse> {
    const stationId = checkStationId(request.stationId);
    const evses = toEvses(request.evses);
    const name = checkName(request.name);
    checkProfile(request.securityProfileMin);
    const { siteId } = request;
    const causationId = this.cause(request.idempotencyKey);
    if (request.withoutCredential && request.password !== '')
      throw new RequestError('INVALID_ARGUMENT', 'password and withoutCredential exclude each other');
    const wanted = { stationId, chosen: checkChosen(request.password), causationId, repeatable: request.idempotencyKey !== '' };
    if (siteId !== '') await this.checkSiteInService(siteId);
    const command = { kind: 'RegisterStation' as const, stationId, siteId, name, evses, tags: checkTags(request.tags), now: this.now() };
    const { execution, password } = request.withoutCredential
      ? { execution: await this.repository.onStation(stationId, command, causationId), password: '' }
      : await this.security.passwordsByHand.set(wanted, ({ passwordHash }) =>
          this.repository.onStation(stationId, { ...command, passwordHash }, causationId),
        );
    const secured = await this.require(stationId, request.securityProfileMin, causationId);
    return { station: await this.stationOf(secured ?? execution), password };
  }

  async updateStation(request: deviceV1.UpdateStationRequest): Promise<deviceV1.UpdateStationResponse> {
    const stationId = checkStationId(request.stationId);
    const { siteId, name, accept } = request;
    const evses = request.replaceEvses ? toEvses(request.evses) : undefined;
    if (!request.replaceEvses && request.evses.length > 0)
      throw new RequestError('INVALID_ARGUMENT', 'evses are given, so replaceEvses must be set');
    if (siteId !== undefined && siteId !== '') await this.checkSiteInService(siteId);
    const command = {
      kind: 'ChangeStation' as const,
      ...(siteId === undefined ? {} : { siteId }),
      ...(name === undefined ? {} : { name: checkName(name) }),
      ...(evses === undefined ? {} : { evses }),
      ...(request.tags === undefined ? {} : { tags: checkTags(request.tags.tags) }),
      accept,
      expectedRevision: request.expectedVersion,
      now: this.now(),
    };
    const causationId = this.cause(request.idempotencyKey);
    checkProfile(request.securityProfileMin);
    const chosen = checkChosen(request.password);
    if (chosen !== '' && (!accept || request.withoutCredential))
      throw new RequestError('INVALID_ARGUMENT', 'a password goes with accept, and not with withoutCredential');
    const { execution, password } =
      accept && !request.withoutCredential
        ? await this.security.acceptance.accept(stationId, command, chosen, causationId)
        : { execution: await this.repository.onStation(stationId, command, causationId), password: '' };
    if (execution.refusal !== undefined) throw refusal(execution.refusal);
    const secured = await this.require(stationId, request.securityProfileMin, causationId);
    return { station: await this.stationOf(secured ?? execution), password };
  }

  async retireStation(request: deviceV1.RetireStationRequest): Promise<deviceV1.RetireStationResponse> {
    const stationId = checkStationId(request.stationId);
    const execution = await this.repository.onStation(
      stationId,
      { kind: 'RetireStation', now: this.now() },
      this.cause(request.idempotencyKey),
    );
    return { station: await this.stationOf(execution) };
  }

  async setStationCredential(request: deviceV1.SetStationCredentialRequest): Promise<deviceV1.SetStationCredentialResponse> {
    const stationId = checkStationId(request.stationId);
    const causationId = this.cause(request.idempotencyKey);
    const wanted = { stationId, chosen: checkChosen(request.password), causationId, repeatable: request.idempotencyKey !== '' };
    const { execution, password } = await this.security.passwordsByHand.set(wanted, (credential) =>
      this.repository.onStation(stationId, { kind: 'SetCredential', ...credential, now: this.now() }, causationId),
    );
    if (execution.refusal !== undefined) throw refusal(execution.refusal);
    return { password };
  }

  async getStation(request: deviceV1.GetStationRequest): Promise<deviceV1.GetStationResponse> {
    const stationId = checkStationId(request.stationId);
    const [doc, status] = await Promise.all([this.collections.stations.get(stationId), this.collections.statuses.get(stationId)]);
    if (doc === undefined) throw refusal('StationUnknown');
    return { station: toStationMessage(doc, status) };
  }

  async listStations(request: deviceV1.ListStationsRequest): Promise<deviceV1.ListStationsResponse> {
    const lifecycle = lifecycleOf(request.lifecycle);
    const where = { ...(request.siteId === '' ? {} : { siteId: request.siteId }), ...(lifecycle === undefined ? {} : { lifecycle }) };
    const page = await this.collections.stations.find(query(request, { where }));
    const statuses = await this.collections.statuses.getMany(page.docs.map((doc) => doc.id));
    return { stations: page.docs.map((doc) => toStationMessage(doc, statuses.get(doc.id))), nextPageToken: page.next ?? '' };
  }

  async setStationQuirk(request: deviceV1.SetStationQuirkRequest): Promise<deviceV1.SetStationQuirkResponse> {
    const stationId = checkStationId(request.stationId);
    const { quirkId } = request;
    if (quirkOf(quirkId) === undefined) throw new RequestError('NOT_FOUND', `there is no quirk ${quirkId}`, 'QuirkUnknown');
    const choice = CHOICES[request.choice];
    if (choice === undefined) throw new RequestError('INVALID_ARGUMENT', 'choice must be on, off or by make');
    const command = { kind: 'ChooseQuirk' as const, quirkId, choice, now: this.now() };
    return { station: await this.stationOf(await this.repository.onStation(stationId, command, this.cause(request.idempotencyKey))) };
  }

  async getStationAccess(request: deviceV1.GetStationAccessRequest): Promise<deviceV1.GetStationAccessResponse> {
    if (request.stationIds.length > ACCESS_MAX) throw new RequestError('INVALID_ARGUMENT', `at most ${ACCESS_MAX} stationIds in one call`);
    for (const stationId of request.changedStationIds.slice(0, ACCESS_MAX)) this.memory.forget(stationId);
    return { stations: await this.memory.access(request.stationIds) };
  }

  private now(): number {
    return this.context.clock.now();
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.context.ids.next());
  }

  /** Its own commit, under a cause of its own, so that a repetition completes what a crash cut in two. */
  private async require(stationId: string, securityProfileMin: number | undefined, causationId: string) {
    if (securityProfileMin === undefined) return undefined;
    const command = { kind: 'RequireSecurityProfile' as const, securityProfileMin, now: this.now() };
    return this.repository.onStation(stationId, command, `${causationId}:profile`);
  }

  private async checkSiteInService(siteId: string): Promise<void> {
    const site = await this.repository.site(checkSiteId(siteId));
    if (site.kind === 'none') throw new RequestError('FAILED_PRECONDITION', `there is no site ${siteId}`, 'SiteUnknown');
    if (site.retired) throw refusal('SiteRetired');
  }

  private async stationOf({ refusal: no, state }: StationExecution): Promise<deviceV1.Station> {
    if (no !== undefined) throw refusal(no);
    if (state.kind === 'none') throw new Error('a station that was written is known');
    return toStationMessage(state, await this.collections.statuses.get(state.stationId));
  }
}

const CHOICES: Readonly<Record<string, 'On' | 'Off' | 'ByMake'>> = {
  [deviceV1.QuirkChoice.ON]: 'On',
  [deviceV1.QuirkChoice.OFF]: 'Off',
  [deviceV1.QuirkChoice.BY_MAKE]: 'ByMake',
};

const NOTHING_TOLD = { name: '', address: '', city: '', countryCode: '', latitude: 0, longitude: 0, timeZone: '' } satisfies Parameters<
  typeof siteProblem
>[0];

/** Empty: none is. */
const checkChosen = (password: string): string => (password === '' ? '' : checkPassword(password));

function siteOf({ refusal: no, state }: SiteExecution): deviceV1.Site {
  if (no !== undefined) throw refusal(no);
  if (state.kind === 'none') throw new Error('a site that was written is known');
  return toSiteMessage(state);
}

export function refusal(reason: Refusal): RequestError {
  const [code, message] = REFUSALS[reason];
  return new RequestError(code, message, reason);
}

/** True for an idempotency key that can be part of a site's id. */
const isSiteKey = (idempotencyKey: string): boolean => /^[A-Za-z0-9_-]{1,40}$/.test(idempotencyKey);

const query = (request: { readonly pageSize: number; readonly pageToken: string }, base: Pick<Query, 'where'>): Query => ({
  ...base,
  limit: pageSize(request.pageSize),
  ...(request.pageToken === '' ? {} : { after: request.pageToken }),
});
