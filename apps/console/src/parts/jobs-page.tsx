import { Button, Progress, Skeleton } from '@mantine/core';
import { IconChecklist, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { count, moment } from '../api/format.js';
import { inWords, type Job, STATION_STATES, through, useJobs } from '../api/jobs.js';
import { usePlatform } from '../api/platform.js';
import { Empty, Failed } from './empty.js';
import { JobDrawer } from './job-drawer.js';
import { NewJob } from './new-job.js';
import { useNow } from './use-now.js';

/** One command for many stations: what is under way, and what came of it. */
export function JobsPage() {
  const { me } = usePlatform();
  const jobs = useJobs();
  const [jobId, setJobId] = useState<string>();
  const [making, setMaking] = useState(false);
  return (
    <section aria-labelledby="jobs-title">
      <div className="section-head">
        <h2 id="jobs-title">Jobs</h2>
        <span className="push" />
        {me.role !== 'viewer' && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New job
          </Button>
        )}
      </div>
      <div className="panel scroll-x">
        {jobs.isError && jobs.rows.length === 0 ? (
          <Failed what="Jobs" error={jobs.error} onRetry={() => void jobs.refetch()} />
        ) : jobs.isPending ? (
          <Skeleton height={220} radius={14} />
        ) : jobs.rows.length === 0 ? (
          <Empty icon={<IconChecklist size={32} aria-hidden />} title="No job yet">
            <p>A job sends one command to many stations, at a pace, and to those that are offline as soon as they are back.</p>
          </Empty>
        ) : (
          <Rows jobs={jobs.rows} onOpen={setJobId} />
        )}
      </div>
      {jobs.hasNextPage && (
        <Button mt="md" variant="default" loading={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
          Show older jobs
        </Button>
      )}
      <NewJob
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(made) => {
          setMaking(false);
          setJobId(made.jobId);
        }}
      />
      <JobDrawer jobId={jobId} onClose={() => setJobId(undefined)} />
    </section>
  );
}

function Rows({ jobs, onOpen }: { jobs: readonly Job[]; onOpen: (jobId: string) => void }) {
  const now = useNow(10_000);
  return (
    <table className="sessions">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Progress</th>
          <th scope="col">Results</th>
          <th scope="col">Began</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          // The button in the first cell does the same for the keyboard.
          <tr key={job.jobId} onClick={() => onOpen(job.jobId)}>
            <td>
              <button type="button" className="row-link" onClick={() => onOpen(job.jobId)}>
                {job.name ?? job.command.name}
              </button>
            </td>
            <td>{stateOf(job)}</td>
            <td style={{ minWidth: 140 }}>
              <JobProgress job={job} />
            </td>
            <td>{resultsOf(job)}</td>
            <td>{moment(job.createdAt, now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const stateOf = (job: Job): string => job.outcome ?? job.state;

export const resultsOf = ({ counts }: Job): string =>
  STATION_STATES.filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${count(counts[state] ?? 0)} ${inWords(state).toLowerCase()}`)
    .join(', ');

/** How many stations are through. */
export function JobProgress({ job }: { job: Job }) {
  const done = through(job);
  const share = job.stationCount === 0 ? 0 : (100 * done) / job.stationCount;
  return (
    <div style={{ display: 'grid', gap: 4 }}>
      <Progress value={share} aria-label={`${job.name ?? job.command.name}: stations that are through`} />
      <span className="muted num">
        {job.state === 'Planning' ? 'Looking up the stations' : `${count(done)} of ${count(job.stationCount)}`}
      </span>
    </div>
  );
}
