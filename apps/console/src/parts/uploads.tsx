import { Progress } from '@mantine/core';
import { IconFileDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { bytes, moment, words } from '../api/format.js';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Problem } from './form.js';
import { RowButton } from './row-button.js';
import { Table } from './table.js';
import { useNow } from './use-now.js';
import { stationHash } from './use-view.js';

interface Upload {
  readonly uploadId: string;
  readonly stationId: string;
  readonly logType: string;
  readonly state: 'Waiting' | 'Receiving' | 'Received' | 'Failed' | 'Deleted';
  readonly status: string | null;
  readonly reason: string | null;
  readonly attempts: number;
  readonly receivedBytes: number;
  readonly fileName: string | null;
  readonly downloadable: boolean;
  readonly keptUntil: string | null;
  readonly requestedBy: string | null;
  readonly createdAt: string;
}

const TONES = { Waiting: 'waiting', Receiving: 'charging', Received: 'available', Failed: 'bad', Deleted: 'off' } as const;
/** Events tell ever more rarely how much has come. */
const COUNT_EVERY_MS = 1_000;

/** Logs that stations were asked for: of one station, or of all. */
export function Uploads({ stationId }: { stationId?: string }) {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const mayAct = me.role !== 'viewer';
  const uploads = useList<Upload>(
    'uploads',
    `/v1/log-uploads?limit=50${stationId === undefined ? '' : `&stationId=${encodeURIComponent(stationId)}`}`,
    (rows) => (rows.some(({ state }) => state === 'Receiving') ? COUNT_EVERY_MS : false),
  );
  const remove = useWrite(['uploads'], ({ uploadId }: Upload) => api.delete(ofUpload(uploadId)));
  const download = useMutation({
    mutationFn: ({ uploadId, fileName }: Upload) => api.download(`${ofUpload(uploadId)}/file`, fileName ?? `${uploadId}.log`),
  });
  return (
    <>
      <Problem error={remove.error ?? download.error} />
      <Table
        name="Logs"
        columns={[...(stationId === undefined ? ['Station'] : []), 'Asked', 'Log', 'State', 'Size', ...(mayAct ? ['File'] : [])]}
        query={uploads}
        empty={{
          icon: <IconFileDownload size={30} aria-hidden />,
          title: 'No log was asked for',
          words: 'A station brings its log here when it is asked for it on its page.',
        }}
      >
        {uploads.rows.map((upload) => (
          <tr key={upload.uploadId}>
            {stationId === undefined && (
              <td>
                <a className="plain" href={stationHash(upload.stationId, 'logs')}>
                  {upload.stationId}
                </a>
              </td>
            )}
            <td title={upload.requestedBy === null ? undefined : `by ${upload.requestedBy}`}>{moment(upload.createdAt, now)}</td>
            <td className="breakable">
              {words(upload.logType.replace(/Log$/, ''))}
              {upload.fileName !== null && <p className="muted">{upload.fileName}</p>}
            </td>
            <td className="breakable">
              <span className="status" data-tone={TONES[upload.state]}>
                {upload.state}
              </span>
              <p className="muted">{saidOf(upload)}</p>
            </td>
            <td className="num">
              {upload.receivedBytes > 0 && bytes(upload.receivedBytes)}
              {upload.state === 'Receiving' && <Progress mt={4} value={100} animated aria-label={`${upload.logType}: comes in`} />}
            </td>
            {mayAct && (
              <td>
                {upload.downloadable && (
                  <RowButton
                    words="Download"
                    about={upload.fileName ?? upload.logType}
                    loading={download.isPending && download.variables.uploadId === upload.uploadId}
                    onClick={() => download.mutate(upload)}
                  />
                )}
                {(upload.downloadable || upload.state === 'Waiting') && (
                  <RowButton
                    words={upload.downloadable ? 'Delete' : 'Give up'}
                    about={upload.fileName ?? upload.logType}
                    asks={upload.downloadable}
                    onClick={() => remove.mutate(upload)}
                  />
                )}
              </td>
            )}
          </tr>
        ))}
      </Table>
    </>
  );
}

const ofUpload = (uploadId: string): string => `/v1/log-uploads/${encodeURIComponent(uploadId)}`;

/** What the station said last, or why it failed; of a file that is there nothing needs to be said. */
const saidOf = ({ state, reason, status, attempts }: Upload): string =>
  state === 'Received' || state === 'Deleted'
    ? ''
    : [reason ?? (status === null ? '' : words(status)), attempts > 1 ? `try ${attempts}` : ''].filter(Boolean).join(', ');
