import { IconPlugConnected } from '@tabler/icons-react';
import { useState } from 'react';
import { moment } from '../api/format.js';
import { useRead, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from './form.js';
import { RowButton } from './row-button.js';
import { StayingDialog } from './staying-dialog.js';
import { ListPage, OpenRow, Table } from './table.js';
import { useNow } from './use-now.js';
import { ofVendor, type Vendor, VendorForm } from './vendor-form.js';

/** Whose DataTransfer messages are known, what they are answered, and who is asked first. */
export function VendorsPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const vendors = useRead<{ readonly data: readonly Vendor[] }>('vendors', '/v1/data-transfer-vendors');
  const [opened, setOpened] = useState<Vendor | 'new'>();
  const mayAct = me.role !== 'viewer';
  const remove = useWrite(['vendors'], ({ vendorId }: Vendor) => api.delete(ofVendor(vendorId)));
  return (
    <ListPage title="DataTransfer of vendors" add={mayAct ? { label: 'New vendor', onAdd: () => setOpened('new') } : undefined}>
      <Problem error={remove.error} />
      <Table
        name="Vendors"
        columns={['Vendor', 'Messages', 'All others', 'Asked first', 'Changed', ...(mayAct ? ['Change'] : [])]}
        query={vendors}
        empty={{
          icon: <IconPlugConnected size={32} aria-hidden />,
          title: 'No vendor is known',
          words: 'DataTransfer of a vendor that is not known here is answered UnknownVendorId, and kept among the reports of its station.',
        }}
      >
        {(vendors.data?.data ?? []).map((vendor) => (
          <OpenRow key={vendor.vendorId} title={vendor.vendorId} onOpen={() => setOpened(vendor)}>
            <td>{vendor.messages.map(({ messageId, status }) => `${messageId || '(none)'}: ${status}`).join(', ')}</td>
            <td>{vendor.otherwise}</td>
            <td>{askedBy(vendor)}</td>
            <td>{vendor.updatedAt === null ? '' : moment(vendor.updatedAt, now)}</td>
            {mayAct && (
              <td>
                <RowButton words="Delete" about={vendor.vendorId} asks onClick={() => remove.mutate(vendor)} />
              </td>
            )}
          </OpenRow>
        ))}
      </Table>
      <StayingDialog
        writes="vendors"
        opened={opened !== undefined}
        onClose={() => setOpened(undefined)}
        title={opened === 'new' ? 'New vendor' : 'Vendor'}
        size="xl"
      >
        {opened !== undefined && <VendorForm vendor={opened === 'new' ? undefined : opened} onDone={() => setOpened(undefined)} />}
      </StayingDialog>
    </ListPage>
  );
}

/** How many handlers there are. */
function askedBy({ handlerUrl, messages }: Vendor): string {
  const handlers = new Set([handlerUrl, ...messages.map((message) => message.handlerUrl)].filter((url) => url !== null));
  return handlers.size === 0 ? 'nobody' : [...handlers].join(', ');
}
