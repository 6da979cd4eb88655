import { Button, Modal, TextInput } from '@mantine/core';
import { IconMapPin } from '@tabler/icons-react';
import { useState } from 'react';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, FormError, numberIn, Problem, useFields } from './form.js';
import { Price } from './price.js';
import { RowButton } from './row-button.js';
import { ListPage, OpenRow, Table } from './table.js';

interface Site {
  readonly siteId: string;
  readonly version: number;
  readonly name: string;
  readonly address: string | null;
  readonly city: string | null;
  readonly countryCode: string | null;
  readonly latitude: number;
  readonly longitude: number;
  readonly timeZone: string | null;
  readonly retired: boolean;
}

const ofSite = (siteId: string): string => `/v1/sites/${encodeURIComponent(siteId)}`;

/** Places where stations stand. */
export function SitesPage() {
  const { api, me } = usePlatform();
  const [shown, setShown] = useState<Site | 'new'>();
  /** Empty: where no other price is set. */
  const [priced, setPriced] = useState<string>();
  const mayAct = me.role === 'admin';
  const mayPrice = me.role !== 'viewer';
  const sites = useList<Site>('sites', '/v1/sites?limit=50');
  const retire = useWrite(['sites'], ({ siteId }: Site) => api.delete(ofSite(siteId)));
  return (
    <ListPage title="Sites" add={mayAct ? { label: 'New site', onAdd: () => setShown('new') } : undefined}>
      {mayPrice && (
        <Button variant="default" style={{ justifySelf: 'start' }} onClick={() => setPriced('')}>
          Price where no other is set
        </Button>
      )}
      <Problem error={retire.error} />
      <Table
        name="Sites"
        columns={['Site', 'Name', 'Where', 'Time zone', 'State', ...(mayPrice ? ['Change'] : [])]}
        query={sites}
        empty={{
          icon: <IconMapPin size={32} aria-hidden />,
          title: 'No site yet',
          words: 'A site gives its stations a place, a time zone, prices and policies.',
        }}
      >
        {sites.rows.map((site) => (
          <OpenRow key={site.siteId} title={site.siteId} onOpen={() => setShown(site)}>
            <td className="breakable">{site.name}</td>
            <td className="breakable">{[site.address, site.city, site.countryCode].filter(Boolean).join(', ')}</td>
            <td>{site.timeZone ?? ''}</td>
            <td>{site.retired ? 'Retired' : 'In use'}</td>
            {mayPrice && (
              <td>
                {!site.retired && <RowButton words="Price" about={site.siteId} onClick={() => setPriced(site.siteId)} />}
                {mayAct && !site.retired && <RowButton words="Retire" about={site.siteId} asks onClick={() => retire.mutate(site)} />}
              </td>
            )}
          </OpenRow>
        ))}
      </Table>
      <Modal opened={shown !== undefined} onClose={() => setShown(undefined)} title={shown === 'new' ? 'New site' : 'Site'} size="lg">
        {shown !== undefined && <SiteForm site={shown === 'new' ? undefined : shown} onDone={() => setShown(undefined)} />}
      </Modal>
      <Modal
        opened={priced !== undefined}
        onClose={() => setPriced(undefined)}
        title={priced === '' ? 'Price where no other is set' : `Price of site ${priced ?? ''}`}
        size="lg"
      >
        {priced !== undefined && (
          <Price
            scope={priced === '' ? 'default' : `site:${priced}`}
            without={priced === '' ? 'charging costs nothing there' : 'the one for where no other is set holds'}
            onDone={() => setPriced(undefined)}
          />
        )}
      </Modal>
    </ListPage>
  );
}

function SiteForm({ site, onDone }: { site: Site | undefined; onDone: () => void }) {
  const { api, me } = usePlatform();
  const { values, text } = useFields({
    siteId: site?.siteId ?? '',
    name: site?.name ?? '',
    address: site?.address ?? '',
    city: site?.city ?? '',
    countryCode: site?.countryCode ?? '',
    latitude: site === undefined ? '' : String(site.latitude),
    longitude: site === undefined ? '' : String(site.longitude),
    timeZone: site?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  const save = useWrite(
    ['sites'],
    () => {
      const { siteId, latitude, longitude, countryCode, ...plain } = values;
      if (site !== undefined) refuseEmptied(site, values);
      const told = {
        ...plain,
        ...(countryCode === '' ? {} : { countryCode: countryCode.toUpperCase() }),
        latitude: numberIn(latitude),
        longitude: numberIn(longitude),
      };
      return site === undefined
        ? api.post('/v1/sites', { ...told, ...(siteId.trim() === '' ? {} : { siteId: siteId.trim() }) })
        : api.patch(ofSite(site.siteId), told, site.version);
    },
    onDone,
  );
  return (
    <Form
      submit={site === undefined ? 'Make the site' : 'Save'}
      pending={save.isPending}
      disabled={me.role !== 'admin' || values.name.trim() === '' || site?.retired === true}
      error={save.error}
      onSubmit={() => save.mutate()}
    >
      <div className="fields two">
        <TextInput label="Id; empty: one is made" maxLength={64} readOnly={site !== undefined} {...text('siteId')} />
        <TextInput label="Name" required maxLength={200} {...text('name')} />
        <TextInput label="Address" maxLength={300} {...text('address')} />
        <TextInput label="City" maxLength={100} {...text('city')} />
        <TextInput label="Country, e.g. NL" maxLength={3} {...text('countryCode')} />
        <TextInput label="Time zone" maxLength={64} {...text('timeZone')} />
        <TextInput label="Latitude, degrees" inputMode="decimal" {...text('latitude')} />
        <TextInput label="Longitude, degrees" inputMode="decimal" {...text('longitude')} />
      </div>
    </Form>
  );
}

/** The API takes no empty ones, and what is left out of a change stays. */
function refuseEmptied(site: Site, typed: { readonly countryCode: string; readonly latitude: string; readonly longitude: string }): void {
  if (site.countryCode !== null && typed.countryCode.trim() === '')
    throw new FormError('A country cannot be taken away; give another one.');
  if (typed.latitude.trim() === '' || typed.longitude.trim() === '')
    throw new FormError('Latitude and longitude cannot be empty; 0 and 0 stand for not known.');
}
