import type { deviceSecurityV1 } from '@voltlog/proto';
import { z } from 'zod';
import { COMMAND_MS_MAX } from '../services.js';
import { instant, orNull } from './common.js';

const timeoutMs = z.int().min(1_000).max(COMMAND_MS_MAX).default(30_000);
/** OCPP 2.0.1 Part 2: 5500 characters for a certificate, 10000 for a chain. */
const pem = z.string().min(1).max(5_500).meta({ description: 'PEM' });
const certificateChain = z.string().min(1).max(10_000).meta({ description: "PEM, the station's own first" });
const hash = z.string().min(1).max(128);
export const serialNumber = z.string().regex(/^[0-9a-fA-F:]{1,59}$/, 'must be hexadecimal');

const ROOT_USES = [
  'CSMSRootCertificate',
  'ManufacturerRootCertificate',
  'V2GRootCertificate',
  'MORootCertificate',
  'OEMRootCertificate',
] as const;

/** The bodies of the commands about certificates. */
export const certificateBodies = {
  install: z
    .strictObject({
      certificateType: z
        .enum(ROOT_USES)
        .meta({ description: 'OCPP 1.6 has those for cars (V2G, MO, OEM) by DataTransfer, where the station has Plug & Charge' }),
      certificate: pem,
      timeoutMs,
    })
    .meta({ id: 'InstallCertificate' }),
  list: z
    .strictObject({
      certificateTypes: z.array(z.string().max(50)).max(8).default([]).meta({ description: 'empty: all; OCPP 1.6 is asked for one' }),
      timeoutMs,
    })
    .meta({ id: 'GetInstalledCertificateIds' }),
  remove: z
    .strictObject({
      hashAlgorithm: z.enum(['SHA256', 'SHA384', 'SHA512']),
      issuerNameHash: hash,
      issuerKeyHash: hash,
      serialNumber: z.string().min(1).max(40),
      certificateType: z
        .enum(['', ...ROOT_USES])
        .default('')
        .meta({ description: 'what it is used for; OCPP 1.6 keeps those for cars apart (V2G, MO, OEM), 2.x need not be told' }),
      timeoutMs,
    })
    .meta({ id: 'DeleteCertificate' }),
  signed: z
    .strictObject({
      certificateChain,
      certificateType: z.enum(['', 'ChargingStationCertificate', 'V2GCertificate']).default(''),
      requestId: z.int().optional(),
      timeoutMs,
    })
    .meta({ id: 'CertificateSigned' }),
};

const profile = z.int().min(1).max(3);

export const newProfileChange = z
  .strictObject({
    toProfile: profile,
    csmsRootCertificate: z
      .string()
      .max(5_500)
      .default('')
      .meta({ description: "PEM of the root of the CSMS's certificate; installed first" }),
    csmsUrl: z.string().max(512).default('').meta({ description: 'for OCPP 2.x; empty: as configured' }),
    slot: z.int().min(0).max(100).default(0).meta({ description: 'for OCPP 2.x: the slot of the network profile; 0: 2' }),
    allowDowngrade: z.boolean().default(false),
    enforce: z.boolean().default(true).meta({ description: 'nothing below is let in once the station has come on the new profile' }),
  })
  .meta({ id: 'NewSecurityProfileChange' });

export const newRevocation = z.strictObject({ reason: z.string().max(255).default('') }).meta({ id: 'NewRevocation' });

const certificateView = z
  .object({
    serialNumber: z.string(),
    certificateType: z.string(),
    status: z.enum(['Issued', 'Installed', 'Rejected', 'Undelivered', 'Revoked']),
    fingerprint: z.string().meta({ description: 'SHA-256' }),
    notBefore: instant.nullable(),
    notAfter: instant.nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'StationCertificate' });

export const securityView = z
  .object({
    stationId: z.string(),
    securityProfileMin: z.int(),
    certificates: z.array(certificateView).meta({ description: 'newest first' }),
    passwordChange: z
      .object({ changeId: z.string(), status: z.enum(['Offered', 'SetByHand']), startedAt: instant.nullable() })
      .nullable()
      .meta({
        description:
          'a new password that the station has not shown yet, brought to it (Offered) or set by somebody (SetByHand); the one before it counts too',
      }),
    profileChange: z
      .object({
        changeId: z.string(),
        fromProfile: z.int(),
        toProfile: z.int(),
        phase: z.enum(['InstallRoot', 'AwaitCertificate', 'Switch', 'AwaitConnection', 'Completed', 'RolledBack', 'Failed', 'Cancelled']),
        startedAt: instant.nullable(),
        endedAt: instant.nullable(),
        reason: z.string().nullable(),
      })
      .nullable(),
    csrRefusal: z.string().nullable().meta({ description: 'why the last certificate request was refused' }),
  })
  .meta({ id: 'StationSecurity' });

export const authorityView = z.object({ rootCertificates: z.string().meta({ description: 'PEM' }) }).meta({ id: 'CertificateAuthority' });

type SecurityView = z.input<typeof securityView>;
type Phase = NonNullable<SecurityView['profileChange']>['phase'];
type Status = SecurityView['certificates'][number]['status'];

export function toSecurity(security: deviceSecurityV1.StationSecurity): SecurityView {
  const { passwordChange, profileChange } = security;
  return {
    stationId: security.stationId,
    securityProfileMin: security.securityProfileMin,
    certificates: security.certificates.map((each) => ({
      ...each,
      status: each.status as Status,
      notBefore: each.notBefore ?? null,
      notAfter: each.notAfter ?? null,
      reason: orNull(each.reason),
    })),
    passwordChange:
      passwordChange === undefined
        ? null
        : {
            ...passwordChange,
            status: passwordChange.status === 'SetByHand' ? passwordChange.status : 'Offered',
            startedAt: passwordChange.startedAt ?? null,
          },
    profileChange:
      profileChange === undefined
        ? null
        : {
            ...profileChange,
            phase: profileChange.phase as Phase,
            startedAt: profileChange.startedAt ?? null,
            endedAt: profileChange.endedAt ?? null,
            reason: orNull(profileChange.reason),
          },
    csrRefusal: orNull(security.csrRefusal),
  };
}
