import type { SecretBox } from '@voltlog/outbound';
import { dataTransferV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { ConnectionConfig } from '../config.js';
import { DataTransferRpc } from './data-transfer-rpc.js';
import { Handlers } from './handlers.js';
import { type VendorRow, Vendors, vendorSchema } from './vendors.js';

/** The known vendors, and the service by which they are made known. */
export async function openVendors(
  { clock, ids, logger, metrics, rpc, store }: ServiceContext,
  config: ConnectionConfig,
  box: SecretBox,
): Promise<Vendors> {
  const allowPrivate = config.CONNECTION_ALLOW_PRIVATE_TARGETS === 'true';
  const handlers = new Handlers(box, clock, logger, { allowPrivate, timeoutMs: config.DATA_TRANSFER_TIMEOUT_MS, metrics });
  const vendors = new Vendors(await store.collection<VendorRow>('vendors', vendorSchema), handlers, clock, logger);
  rpc.serve<dataTransferV1.DataTransferService>(
    dataTransferV1.DataTransferServiceDefinition,
    new DataTransferRpc(vendors, box, clock, { allowPrivate, ids }),
  );
  return vendors;
}
