import { Modal, Textarea } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { type FirmwareImage, ofImage, useImageList } from '../api/campaigns.js';
import { bytes, moment } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, Problem, useFields } from './form.js';
import { NewImage } from './new-image.js';
import { RowButton } from './row-button.js';
import { ListPage, OpenRow, Table } from './table.js';
import { useNow } from './use-now.js';

/** Images of firmware that the platform keeps. */
export function Images() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const images = useImageList();
  const [bringing, setBringing] = useState(false);
  const [opened, setOpened] = useState<FirmwareImage>();
  const mayAct = me.role !== 'viewer';
  const remove = useWrite(['campaigns'], ({ imageId }: FirmwareImage) => api.delete(ofImage(imageId)));
  return (
    <ListPage title="Images" add={mayAct ? { label: 'Bring an image', onAdd: () => setBringing(true) } : undefined}>
      <Problem error={remove.error} />
      <Table
        name="Images"
        columns={['File', 'Vendor', 'Model', 'Version', 'Size', 'Signed', 'Brought', ...(mayAct ? ['Change'] : [])]}
        query={images}
        empty={{
          icon: <IconFileUpload size={32} aria-hidden />,
          title: 'No image yet',
          words: 'Bring the file of the manufacturer here; a campaign takes it to the stations.',
        }}
      >
        {images.rows.map((image) => (
          <OpenRow key={image.imageId} title={image.fileName} onOpen={() => setOpened(image)}>
            <td>{image.vendor}</td>
            <td>{image.model ?? 'any'}</td>
            <td>{image.version}</td>
            <td className="num">{bytes(image.sizeBytes)}</td>
            <td>{image.signed ? 'yes' : 'no'}</td>
            <td title={image.createdBy === null ? undefined : `by ${image.createdBy}`}>{moment(image.createdAt, now)}</td>
            {mayAct && (
              <td>
                <RowButton words="Delete" about={`${image.fileName} ${image.version}`} asks onClick={() => remove.mutate(image)} />
              </td>
            )}
          </OpenRow>
        ))}
      </Table>
      <NewImage opened={bringing} onClose={() => setBringing(false)} />
      <Modal opened={opened !== undefined} onClose={() => setOpened(undefined)} title="Firmware image" size="lg">
        {opened !== undefined && <Details image={opened} mayAct={mayAct} onDone={() => setOpened(undefined)} />}
      </Modal>
    </ListPage>
  );
}

function Details({ image, mayAct, onDone }: { image: FirmwareImage; mayAct: boolean; onDone: () => void }) {
  const { api } = usePlatform();
  const { values, text } = useFields({ signature: '', signingCertificate: '' });
  const sign = useWrite(
    ['campaigns'],
    () => api.put(`${ofImage(image.imageId)}/signature`, { ...values, signature: values.signature.replace(/\s+/g, '') }),
    onDone,
  );
  return (
    <div className="fields">
      <p>
        {image.fileName}, {bytes(image.sizeBytes)}, for {image.vendor} {image.model ?? '(any model)'}, version {image.version}
      </p>
      <p className="muted" style={{ overflowWrap: 'anywhere' }}>
        SHA-256 <span className="num">{image.sha256}</span>
      </p>
      {image.signed && <p role="status">Stations are sent the manufacturer’s signature with it.</p>}
      {mayAct && (
        <Form
          label="Signature"
          submit={image.signed ? 'Replace the signature' : 'Sign it'}
          pending={sign.isPending}
          disabled={values.signature.trim() === '' || values.signingCertificate.trim() === ''}
          error={sign.error}
          onSubmit={() => sign.mutate()}
        >
          <Textarea label="Signature of the manufacturer, base64" autosize minRows={2} maxRows={6} {...text('signature')} />
          <Textarea label="Its signing certificate, PEM" autosize minRows={3} maxRows={8} {...text('signingCertificate')} />
        </Form>
      )}
    </div>
  );
}
