import { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from '../config.js';
import type { CertificateAuthority } from '../pki/certificate-authority.js';
import type { Pki } from '../pki/pki.js';
import type { DeviceRepository } from '../store/device-repository.js';
import type { StationMemory } from '../store/station-memory.js';
import { Acceptance } from './acceptance.js';
import { Certificates } from './certificates.js';
import { Intents } from './intents.js';
import { PasswordChanges } from './password-change.js';
import { PasswordsByHand } from './passwords-by-hand.js';
import { ProfileChanges } from './profile-change.js';
import { Renewals } from './renewals.js';
import { SecurityFollower } from './security-follower.js';
import { StationLine } from './station-line.js';

/** Everything about the security of stations, joined. */
export interface Security {
  /** undefined: no key is configured. */
  readonly authority: CertificateAuthority | undefined;
  readonly passwords: PasswordChanges | undefined;
  readonly acceptance: Acceptance;
  readonly passwordsByHand: PasswordsByHand;
  readonly profiles: ProfileChanges;
  readonly renewals: Renewals;
  readonly line: StationLine;
  /** Of all kinds: others keep theirs here too. */
  readonly intents: Intents;
  /** Where stations connect, by security profile. */
  readonly urls: Readonly<Partial<Record<number, string>>>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createSecurity(
  context: ServiceContext,
  config: DeviceConfig,
  repository: DeviceRepository,
  memory: StationMemory,
  { sealing, authority, authorities }: Pki,
): Promise<Security> {
  const { security: options } = config;
  const line = new StationLine(
    context.rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
      address: options.connectionGrpc,
      // A station may take the whole of the connection service's own deadline.
      deadlineMs: 40_000,
    }),
  );
  const intents = await Intents.open(context, options.lookMs);
  const renewals = await Renewals.open(context, intents, { line, stations: memory }, options);
  const certificates = new Certificates({ context, repository, authorities, organization: options.organization, intents, renewals, line });
  const passwords = sealing === undefined ? undefined : new PasswordChanges({ context, repository, sealing, intents, line });
  const profiles = new ProfileChanges({ context, repository, intents, line, memory, fallbackMs: options.fallbackMs });
  intents.handle('IssueCertificate', certificates.orders);
  intents.handle('DeliverCertificate', certificates.deliveries);
  intents.handle('RenewCertificate', renewals);
  intents.handle('ChangeProfile', profiles);
  if (passwords !== undefined) intents.handle('ChangePassword', passwords);
  const follower = new SecurityFollower(context, repository, memory, certificates, intents);
  return {
    authority,
    passwords,
    acceptance: new Acceptance({ repository, line, passwords, scryptN: config.scryptN }),
    passwordsByHand: new PasswordsByHand({ passwords, scryptN: config.scryptN }),
    profiles,
    renewals,
    line,
    intents,
    urls: options.urls,
    async start() {
      intents.start();
      await renewals.start();
      await follower.start();
    },
    async stop() {
      await follower.stop();
      await renewals.stop();
      await intents.stop();
    },
  };
}
