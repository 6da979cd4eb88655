import type { KnownStation } from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceSecurityV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { changeIdOf } from '../security/password-change.js';
import type { Security } from '../security/security.js';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import { refusal } from './device.grpc.js';
import { causeOf, checkStationId } from './requests.js';
import { toSecurityMessage } from './security-messages.js';

const REASON_LENGTH_MAX = 255;
/** 20 bytes of hexadecimal. Source: RFC 5280 §4.1.2.2 */
const SERIAL_NUMBER = /^[0-9a-f]{1,40}$/;
const PEM_LENGTH_MAX = 5_500;
const SLOT_MAX = 100;

type Answer = { security: deviceSecurityV1.StationSecurity };

/** `voltlog.device.v1.StationSecurityService`. */
export class StationSecurityGrpc implements deviceSecurityV1.StationSecurityService {
  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly repository: Pick<DeviceRepository, 'station' | 'onStation'>,
    private readonly security: Security,
  ) {}

  async getAuthority(): Promise<deviceSecurityV1.GetAuthorityResponse> {
    const { authority } = this.security;
    if (authority === undefined) throw noKey('there is no certificate authority');
    return { rootCertificates: await authority.roots() };
  }

  async getStationSecurity(request: deviceSecurityV1.GetStationSecurityRequest): Promise<Answer> {
    return { security: toSecurityMessage(await this.station(request.stationId)) };
  }

  async renewCertificate(request: deviceSecurityV1.RenewCertificateRequest): Promise<Answer> {
    const state = await this.station(request.stationId);
    if (this.security.authority === undefined) throw noKey('there is no certificate authority');
    await this.security.renewals.ask(state.stationId);
    return { security: toSecurityMessage(state) };
  }

  async revokeCertificate(request: deviceSecurityV1.RevokeCertificateRequest): Promise<Answer> {
    const stationId = checkStationId(request.stationId);
    const serialNumber = request.serialNumber
      .replaceAll(':', '')
      .toLowerCase()
      .replace(/^0+(?=.)/, '');
    if (!SERIAL_NUMBER.test(serialNumber)) throw invalid('serialNumber must be 1 to 40 hexadecimal digits');
    if (request.reason.length > REASON_LENGTH_MAX) throw invalid(`reason must have at most ${REASON_LENGTH_MAX} characters`);
    const command = { kind: 'RevokeCertificate' as const, serialNumber, reason: request.reason, now: this.context.clock.now() };
    return answerOf(await this.repository.onStation(stationId, command, this.cause(request.idempotencyKey)));
  }

  async changePassword(request: deviceSecurityV1.ChangePasswordRequest): Promise<Answer> {
    const { stationId } = await this.station(request.stationId);
    const causationId = this.cause(request.idempotencyKey);
    const { passwords } = this.security;
    if (passwords === undefined) throw noKey('passwords on their way are sealed');
    return answerOf(await passwords.begin(stationId, causationId));
  }

  async changeSecurityProfile(request: deviceSecurityV1.ChangeSecurityProfileRequest): Promise<Answer> {
    const { stationId } = await this.station(request.stationId);
    const { toProfile, enforce, allowDowngrade } = request;
    if (toProfile < 1 || toProfile > 3) throw invalid('toProfile must be between 1 and 3');
    if (request.csmsRootCertificate.length > PEM_LENGTH_MAX)
      throw invalid(`csmsRootCertificate must have at most ${PEM_LENGTH_MAX} characters`);
    if (request.slot > SLOT_MAX) throw invalid(`slot must be at most ${SLOT_MAX}`);
    if (request.csmsUrl !== '' && !/^wss?:\/\/\S{1,500}$/.test(request.csmsUrl)) throw invalid('csmsUrl must be a ws:// or wss:// URL');
    if (toProfile === 3 && this.security.authority === undefined) throw noKey('profile 3 needs a certificate authority');
    const causationId = this.cause(request.idempotencyKey);
    const connection = await this.security.line.connectionOf(stationId);
    if (connection === undefined)
      throw new RequestError('FAILED_PRECONDITION', 'the station is not connected: its security profile is not known', 'StationOffline');
    if (connection.dialect.endsWith('S')) throw refusedOverSoap(connection.dialect);
    const changeId = changeIdOf(stationId, causationId);
    const now = this.context.clock.now();
    const execution = await this.security.profiles.begin(
      stationId,
      { kind: 'StartProfileChange', changeId, fromProfile: connection.securityProfile, toProfile, enforce, allowDowngrade, now },
      {
        rootCertificate: request.csmsRootCertificate,
        csmsUrl: request.csmsUrl === '' ? (this.security.urls[toProfile] ?? '') : request.csmsUrl,
        slot: request.slot === 0 ? 2 : request.slot,
      },
      causationId,
    );
    return answerOf(execution);
  }

  async cancelSecurityProfileChange(request: deviceSecurityV1.CancelSecurityProfileChangeRequest): Promise<Answer> {
    const state = await this.station(request.stationId);
    const { profileChange } = state.security;
    if (profileChange === null || profileChange.endedAt !== '') throw refusal('NoProfileChange');
    const { changeId } = profileChange;
    const now = this.context.clock.now();
    const command = { kind: 'EndProfileChange' as const, changeId, outcome: 'Cancelled' as const, reason: 'by the operator', now };
    return answerOf(await this.repository.onStation(state.stationId, command, this.cause(request.idempotencyKey)));
  }

  private async station(id: string): Promise<KnownStation> {
    const state = await this.repository.station(checkStationId(id));
    if (state.kind === 'none') throw refusal('StationUnknown');
    return state;
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.context.ids.next());
  }
}

function answerOf({ refusal: no, state }: StationExecution): Answer {
  if (no !== undefined) throw refusal(no);
  if (state.kind === 'none') throw new Error('a station that was written is known');
  return { security: toSecurityMessage(state) };
}

/** The OCPP 1.6 Security Whitepaper is for JSON alone: no `SecurityProfile`, no certificates. */
const refusedOverSoap = (dialect: string): RequestError =>
  new RequestError(
    'FAILED_PRECONDITION',
    `NotSupported: a station of ${dialect} (SOAP) has no security profiles to be switched; give it the other address by hand`,
    'NotSupported',
  );

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);
const noKey = (what: string): RequestError =>
  new RequestError('FAILED_PRECONDITION', `${what}: DEVICE_SECRET_KEY is not set`, 'NoSecretKey');
