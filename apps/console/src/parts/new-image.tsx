import { Button, FileInput, Modal, Progress, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { FirmwareImage } from '../api/campaigns.js';
import { bytes, percent } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, useFields } from './form.js';

const FILE_NAME_MAX = 100;
/** As the API takes it: it becomes part of an address that stations fetch. */
const fileNameOf = ({ name }: File): string => name.replace(/[^\w.-]/g, '_').slice(-FILE_NAME_MAX);

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** A file of the manufacturer, to be kept here. Closing it calls off what is on its way. */
export const NewImage = ({ opened, onClose }: Props) => (
  <Modal opened={opened} onClose={onClose} title="Bring an image" size="lg" closeOnClickOutside={false}>
    <NewImageForm onDone={onClose} />
  </Modal>
);

function NewImageForm({ onDone }: { onDone: () => void }) {
  const { api } = usePlatform();
  const [file, setFile] = useState<File | null>(null);
  const [sentBytes, setSentBytes] = useState(0);
  const calledOff = useRef<AbortController>(undefined);
  const { values, text } = useFields({ vendor: '', model: '', version: '', sha256: '' }, () => bring.reset());
  const bring = useWrite(
    ['campaigns'],
    (chosen: File) => {
      const { sha256, ...image } = values;
      const query = new URLSearchParams({ ...image, fileName: fileNameOf(chosen), ...(sha256 === '' ? {} : { sha256: sha256.trim() }) });
      calledOff.current = new AbortController();
      setSentBytes(0);
      return api.upload<FirmwareImage>(`/v1/firmware-images?${query}`, chosen, {
        signal: calledOff.current.signal,
        onProgress: setSentBytes,
      });
    },
    onDone,
  );
  useEffect(() => () => calledOff.current?.abort(), []);
  const isComplete = file !== null && values.vendor.trim() !== '' && values.version.trim() !== '';
  return (
    <Form
      submit="Bring it"
      pending={bring.isPending}
      disabled={!isComplete}
      error={wasCalledOff(bring.error) ? undefined : bring.error}
      onSubmit={() => file !== null && bring.mutate(file)}
    >
      <FileInput
        label="File"
        placeholder="Choose a file"
        description={file === null ? undefined : `${bytes(file.size)}, kept as ${fileNameOf(file)}`}
        value={file}
        disabled={bring.isPending}
        onChange={(chosen) => {
          bring.reset();
          setFile(chosen);
        }}
      />
      <div className="fields two">
        <TextInput label="Vendor, as stations say it" required maxLength={50} disabled={bring.isPending} {...text('vendor')} />
        <TextInput label="Model; empty: every model" maxLength={50} disabled={bring.isPending} {...text('model')} />
        <TextInput
          label="Version, as stations say it once they run it"
          required
          maxLength={50}
          disabled={bring.isPending}
          {...text('version')}
        />
        <TextInput label="SHA-256 of the manufacturer, if there is one" maxLength={64} disabled={bring.isPending} {...text('sha256')} />
      </div>
      {bring.isPending && file !== null && (
        <>
          <Progress value={(100 * sentBytes) / Math.max(1, file.size)} aria-label="How much of the file is sent" />
          <p role="status">
            {sentBytes < file.size
              ? `${percent((100 * sentBytes) / file.size)} of ${bytes(file.size)} sent`
              : 'All sent. It is being checked and kept.'}
          </p>
          <Button variant="default" onClick={() => calledOff.current?.abort()}>
            Call it off
          </Button>
        </>
      )}
    </Form>
  );
}

const wasCalledOff = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
