import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A car of the test PKI with its contract. */
export interface TestContractDoc {
  /** PCID: CN of its provisioning certificate. */
  readonly id: string;
  readonly emaid: string;
  readonly createdAt: string;
}

export const testContractSchema = new Schema<TestContractDoc>(
  {
    id: { type: String, required: true },
    emaid: { type: String, required: true },
    createdAt: { type: String, required: true },
  },
  { versionKey: false },
);

testContractSchema.index({ emaid: 1, id: 1 });

export type TestContracts = Pick<Collection<TestContractDoc>, 'get' | 'upsert' | 'delete' | 'find'>;
