import { Button, Drawer, Loader } from '@mantine/core';
import { useState } from 'react';
import { count, moment } from '../api/format.js';
import { inWords, type Job, type JobStation, type JobStationState, ofJob, STATION_STATES, useJob, useJobStations } from '../api/jobs.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Failed } from './empty.js';
import { Problem } from './form.js';
import { JobProgress, resultsOf, stateOf } from './jobs-page.js';
import { RowButton } from './row-button.js';
import { StateFilter, Table } from './table.js';
import { useNow } from './use-now.js';

/** Everything about one job: how far it is, and what each station said. */
export function JobDrawer({ jobId, onClose }: { jobId: string | undefined; onClose: () => void }) {
  return (
    <Drawer opened={jobId !== undefined} onClose={onClose} position="right" size="xl" title="Job">
      {jobId !== undefined && <Details jobId={jobId} />}
    </Drawer>
  );
}

function Details({ jobId }: { jobId: string }) {
  const job = useJob(jobId);
  const now = useNow(10_000);
  if (job.isPending) return <Loader aria-label="Reading the job" />;
  if (job.isError) return <Failed what="The job" error={job.error} onRetry={() => void job.refetch()} />;
  const { data } = job;
  return (
    <div style={{ display: 'grid', gap: 22 }}>
      <h2>{data.name ?? data.command.name}</h2>
      <JobProgress job={data} />
      <p role="status">
        {stateOf(data)}. {resultsOf(data)}
      </p>
      <p className="muted">
        {data.command.name}, {data.stationsPerMinute === 0 ? 'no pace' : `${count(data.stationsPerMinute)} stations a minute`},{' '}
        {boundOf(data)}, by {data.createdBy ?? 'somebody'}, until {moment(data.expiresAt, now)}
      </p>
      <Actions job={data} />
      <Stations jobId={jobId} />
    </div>
  );
}

function Actions({ job }: { job: Job }) {
  const { api, me } = usePlatform();
  const act = useWrite(['jobs'], ({ what, body }: { what: 'cancel' | 'retry' | 'pause' | 'resume'; body: object }) =>
    api.post(`${ofJob(job.jobId)}/${what}`, body),
  );
  if (me.role === 'viewer') return null;
  const failed = (job.counts.Rejected ?? 0) + (job.counts.Failed ?? 0) + (job.counts.Expired ?? 0);
  const unknown = job.counts.Unknown ?? 0;
  const isOpen = job.state === 'Planning' || job.state === 'Running' || job.state === 'Paused';
  const onOff = job.state === 'Running' ? 'pause' : job.state === 'Paused' ? 'resume' : undefined;
  return (
    <div style={{ display: 'flex', gap: 10, flexWrap: 'wrap' }}>
      {onOff !== undefined && (
        <Button variant="default" loading={act.isPending} onClick={() => act.mutate({ what: onOff, body: {} })}>
          {onOff === 'pause' ? 'Pause' : 'Resume'}
        </Button>
      )}
      {isOpen && (
        <RowButton words="Cancel" size="sm" asks loading={act.isPending} onClick={() => act.mutate({ what: 'cancel', body: {} })} />
      )}
      {failed > 0 && job.state !== 'Cancelling' && job.state !== 'Paused' && (
        <Button variant="default" loading={act.isPending} onClick={() => act.mutate({ what: 'retry', body: {} })}>
          Retry {count(failed)} failed
        </Button>
      )}
      {unknown > 0 && job.state !== 'Cancelling' && job.state !== 'Paused' && (
        <Button
          variant="default"
          loading={act.isPending}
          title="They may have acted already: it is not known"
          onClick={() => act.mutate({ what: 'retry', body: { states: ['Unknown'] } })}
        >
          Send again to {count(unknown)} unknown
        </Button>
      )}
      <Problem error={act.error} />
    </div>
  );
}

function Stations({ jobId }: { jobId: string }) {
  const [state, setState] = useState<JobStationState>();
  const stations = useJobStations(jobId, state);
  return (
    <section aria-labelledby="job-stations-title" style={{ display: 'grid', gap: 10 }}>
      <h3 id="job-stations-title">Stations</h3>
      <StateFilter states={STATION_STATES} inWords={inWords} value={state} onChange={setState} />
      <Table
        name="Stations"
        columns={['Station', 'State', 'Answer']}
        query={stations}
        empty={{ title: 'None', words: 'No station is in this state.' }}
      >
        {stations.rows.map((station) => (
          <tr key={station.stationId}>
            <td>{station.stationId}</td>
            <td>{inWords(station.state)}</td>
            <td>{answerOf(station)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

const boundOf = ({ failureBound }: Job): string =>
  failureBound === null
    ? 'goes on whatever fails'
    : `pauses when ${failureBound.percent} % of at least ${count(failureBound.stations)} have failed`;

const answerOf = ({ stationStatus, reason }: JobStation): string => [stationStatus, reason].filter(Boolean).join(': ') || '–';
