import { X509Certificate } from 'node:crypto';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from '../config.js';
import type { Pki } from '../pki/pki.js';
import { TrustedRoots } from '../pki/trusted-roots.js';
import { ContractCheck } from './contract-check.js';
import type { ContractProvider } from './contract-provider.js';
import { type TestContractDoc, type TestContracts, testContractSchema } from './test-contracts.js';
import { TestContractProvider } from './test-provider.js';

/** Everything about contracts of cars, joined. */
export interface PlugAndCharge {
  readonly check: ContractCheck;
  /** undefined: there is none. */
  readonly provider: ContractProvider | undefined;
  readonly testContracts: TestContracts;
}

export async function createPlugAndCharge(
  { clock, store }: Pick<ServiceContext, 'clock' | 'store'>,
  { pki: options }: Pick<DeviceConfig, 'pki'>,
  { ocsp, revocations, testPki, contractRoots }: Pki,
): Promise<PlugAndCharge> {
  const now = (): number => clock.now();
  const testContracts = await store.collection<TestContractDoc>('test_contracts', testContractSchema);
  const anchors = async (): Promise<readonly X509Certificate[]> => {
    const test = testPki === undefined ? [] : [new X509Certificate(Buffer.from((await testPki.open('mo')).root.certificate.rawData))];
    return [...test, ...(await contractRoots.all())];
  };
  const makers = new TrustedRoots(options.makersPath, now);
  return {
    check: new ContractCheck({ ocsp, revocations, anchors, unknownRevocation: options.unknownRevocation, now }),
    provider: testPki === undefined ? undefined : new TestContractProvider({ pki: testPki, contracts: testContracts, makers, now }),
    testContracts,
  };
}
