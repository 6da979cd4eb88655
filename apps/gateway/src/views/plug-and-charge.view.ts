import type { certificatesV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, pageOf, pageQuery } from './common.js';
import { serialNumber } from './security.view.js';

export const vehicleParams = z.object({
  pcid: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,18}$/, 'must have 1 to 18 letters, digits and hyphens')
    .meta({ description: 'CN of the provisioning certificate of the car' }),
});
export const contractCertificateParams = z.object({ serialNumber });

export const newTestVehicle = z
  .strictObject({
    emaid: z
      .string()
      .min(1)
      .max(36)
      .meta({ description: 'of the contract, as DE-ABC-C12345678; a token of it must be known for charging' }),
    csr: z.string().max(5_500).default('').meta({ description: 'PEM, CN is the PCID; a provisioning certificate is made for it' }),
  })
  .meta({ id: 'NewTestVehicle' });

const vehicle = z.object({ pcid: z.string(), emaid: z.string(), createdAt: instant.nullable() }).meta({ id: 'TestVehicle' });
export const vehicleView = vehicle
  .extend({ provisioningCertificateChain: z.string().nullable().meta({ description: "PEM, the car's own first; null: there was no CSR" }) })
  .meta({ id: 'ProvisionedTestVehicle' });
export const vehiclePage = pageOf(vehicle, 'TestVehiclePage');

export const rootList = z
  .object({ data: z.array(z.object({ certificateType: z.string(), certificate: z.string().meta({ description: 'PEM' }) })) })
  .meta({ id: 'PlugAndChargeRoots' });

export const contractCertificateView = z
  .object({ serialNumber: z.string(), emaid: z.string(), notAfter: instant.nullable(), revokedAt: instant.nullable() })
  .meta({ id: 'ContractCertificate' });
export const contractCertificatePage = pageOf(contractCertificateView, 'ContractCertificatePage');
export const contractCertificateQuery = pageQuery.extend({ emaid: z.string().max(36).default('') });

export const toVehicle = ({ pcid, emaid, createdAt }: certificatesV1.TestVehicle): z.input<typeof vehicle> => ({
  pcid,
  emaid,
  createdAt: createdAt ?? null,
});

export const toContractCertificate = ({
  notAfter,
  revokedAt,
  ...rest
}: certificatesV1.ContractCertificate): z.input<typeof contractCertificateView> => ({
  ...rest,
  notAfter: notAfter ?? null,
  revokedAt: revokedAt ?? null,
});
