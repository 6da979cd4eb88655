import { OperatingError } from '@voltlog/kernel';
import { authorizationV1, type certificatesV1, type deviceSecurityV1, deviceV1, type sessionV1 } from '@voltlog/proto';

const { AuthorizationStatus } = authorizationV1;
const { StationLifecycle } = deviceV1;

/** The authorization service as the specs need it: tokens are accepted unless said otherwise, and it can go away. */
export class FakeAuthorization {
  readonly asked: authorizationV1.AuthorizationRequestItem[] = [];
  /** Questions per call. */
  readonly batches: number[] = [];
  readonly statuses = new Map<string, authorizationV1.AuthorizationStatus>();
  /** Why a token is refused, where it matters. */
  readonly reasons = new Map<string, string>();
  groupId = '';
  cacheExpiresAt: string | undefined = undefined;
  limit: authorizationV1.ChargingLimit | undefined = undefined;
  contractId = '';
  away = false;
  calls = 0;

  async authorize({ requests }: authorizationV1.AuthorizeRequest): Promise<authorizationV1.AuthorizeResponse> {
    this.calls += 1;
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    this.batches.push(requests.length);
    this.asked.push(...requests);
    return {
      decisions: requests.map((request, index) => {
        const status = this.statuses.get(request.idToken?.idToken ?? '') ?? AuthorizationStatus.ACCEPTED;
        return {
          decisionId: `decision-${this.asked.length}-${index}`,
          status,
          reason: status === AuthorizationStatus.ACCEPTED ? '' : (this.reasons.get(request.idToken?.idToken ?? '') ?? 'TokenRefused'),
          groupIdToken: this.groupId === '' ? undefined : { idToken: this.groupId, type: 'Central' },
          cacheExpiresAt: status === AuthorizationStatus.ACCEPTED ? this.cacheExpiresAt : undefined,
          limit: this.limit,
          contractId: this.contractId,
        };
      }),
    };
  }
}

/** The device service as the specs need it. */
export class FakeDevice {
  readonly stations = new Map<string, deviceV1.StationAccess>();
  calls = 0;
  /** Stations each call said had changed. */
  readonly changed: string[][] = [];
  away = false;
  private held: (() => void)[] | undefined;

  /** Answers wait until {@link release}. */
  hold(): void {
    this.held ??= [];
  }

  release(): void {
    const { held } = this;
    this.held = undefined;
    for (const go of held ?? []) go();
  }

  register(stationId: string, access: Partial<deviceV1.StationAccess> = {}): void {
    this.stations.set(stationId, {
      stationId,
      lifecycle: StationLifecycle.ACTIVE,
      passwordHash: '',
      connectorsPerEvse: [],
      siteId: '',
      securityProfileMin: 0,
      serialNumber: '',
      revokedCertificates: [],
      offeredPasswordHash: '',
      offeredChangeId: '',
      vendor: '',
      model: '',
      firmwareVersion: '',
      quirksOn: [],
      quirksOff: [],
      ...access,
    });
  }

  /** Roots of client certificates, PEM; empty: not known yet. */
  roots = '';

  async getAuthority(): Promise<deviceSecurityV1.GetAuthorityResponse> {
    if (this.roots === '') throw new OperatingError('ServiceUnavailable', 'away');
    return { rootCertificates: this.roots };
  }

  async getStationAccess({ stationIds, changedStationIds }: deviceV1.GetStationAccessRequest): Promise<deviceV1.GetStationAccessResponse> {
    this.calls += 1;
    this.changed.push(changedStationIds);
    if (this.held !== undefined) await new Promise<void>((resolve) => this.held?.push(resolve));
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    return { stations: stationIds.flatMap((id) => this.stations.get(id) ?? []) };
  }
}

/** What the device service knows about certificates, as the specs need it. */
export class FakeCertificates {
  readonly asked: certificatesV1.CertificateStatusQuestion[] = [];
  /** By serial number; default: Good. */
  readonly statuses = new Map<string, Partial<certificatesV1.CertificateStatusAnswer>>();
  /** Of contract certificates. */
  contract = { status: 'Accepted', reason: '' };
  readonly contracts: certificatesV1.CheckContractCertificateRequest[] = [];
  evCertificate: certificatesV1.GetEvCertificateResponse = { status: 'Accepted', exiResponse: 'ZXhp', remainingContracts: 1, reason: '' };
  readonly evRequests: certificatesV1.GetEvCertificateRequest[] = [];
  away = false;

  /** Of client certificates. */
  clientOf: ((certificate: Uint8Array) => string) | undefined;
  client: certificatesV1.CheckClientCertificateResponse = { status: 'Good', nextUpdate: undefined, reason: '' };
  readonly clients: certificatesV1.CheckClientCertificateRequest[] = [];

  async checkClientCertificate(
    request: certificatesV1.CheckClientCertificateRequest,
  ): Promise<certificatesV1.CheckClientCertificateResponse> {
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    this.clients.push(request);
    return this.clientOf === undefined ? this.client : { ...this.client, status: this.clientOf(request.certificate) };
  }

  async checkContractCertificate(
    request: certificatesV1.CheckContractCertificateRequest,
  ): Promise<certificatesV1.CheckContractCertificateResponse> {
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    this.contracts.push(request);
    return this.contract;
  }

  async getEvCertificate(request: certificatesV1.GetEvCertificateRequest): Promise<certificatesV1.GetEvCertificateResponse> {
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    this.evRequests.push(request);
    return this.evCertificate;
  }

  async getCertificateStatus({
    questions,
  }: certificatesV1.GetCertificateStatusRequest): Promise<certificatesV1.GetCertificateStatusResponse> {
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    this.asked.push(...questions);
    return {
      answers: questions.map(({ serialNumber }) => ({
        status: 'Good',
        ocspResponse: Buffer.from('der'),
        nextUpdate: '2026-12-01T00:00:00.000Z',
        reason: '',
        ...this.statuses.get(serialNumber),
      })),
    };
  }
}

/** What the session service knows of costs, as the specs need it. */
export class FakeSessions {
  readonly asked: sessionV1.GetFinalCostRequest[] = [];
  answer: sessionV1.GetFinalCostResponse = { total: undefined, unpriced: true };
  away = false;

  async getFinalCost(request: sessionV1.GetFinalCostRequest): Promise<sessionV1.GetFinalCostResponse> {
    this.asked.push(request);
    if (this.away) throw new OperatingError('ServiceUnavailable', 'away');
    return this.answer;
  }
}
