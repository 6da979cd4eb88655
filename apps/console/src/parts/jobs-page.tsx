import { IconChecklist } from '@tabler/icons-react';
import { useState } from 'react';
import { moment } from '../api/format.js';
import { inWords, type Job, STATION_STATES, through, useJobs } from '../api/jobs.js';
import { usePlatform } from '../api/platform.js';
import { JobDrawer } from './job-drawer.js';
import { NewJob } from './new-job.js';
import { ListPage, OpenRow, Table } from './table.js';
import { countsInWords, Through } from './through.js';
import { useNow } from './use-now.js';

/** One command for many stations: what is under way, and what came of it. */
export function JobsPage() {
  const { me } = usePlatform();
  const now = useNow(10_000);
  const jobs = useJobs();
  const [jobId, setJobId] = useState<string>();
  const [making, setMaking] = useState(false);
  return (
    <ListPage title="Jobs" add={me.role === 'viewer' ? undefined : { label: 'New job', onAdd: () => setMaking(true) }}>
      <Table
        name="Jobs"
        columns={['Job', 'State', 'Progress', 'Results', 'Began']}
        query={jobs}
        empty={{
          icon: <IconChecklist size={32} aria-hidden />,
          title: 'No job yet',
          words: 'A job sends one command to many stations, at a pace, and to those that are offline as soon as they are back.',
        }}
      >
        {jobs.rows.map((job) => (
          <OpenRow key={job.jobId} title={job.name ?? job.command.name} onOpen={() => setJobId(job.jobId)}>
            <td>{stateOf(job)}</td>
            <td>
              <JobProgress job={job} />
            </td>
            <td>{resultsOf(job)}</td>
            <td>{moment(job.createdAt, now)}</td>
          </OpenRow>
        ))}
      </Table>
      <NewJob
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(made) => {
          setMaking(false);
          setJobId(made.jobId);
        }}
      />
      <JobDrawer jobId={jobId} onClose={() => setJobId(undefined)} />
    </ListPage>
  );
}

export const stateOf = (job: Job): string => job.outcome ?? (job.pausedBecause === null ? job.state : `Paused: ${job.pausedBecause}`);

export const resultsOf = ({ counts }: Job): string => countsInWords(STATION_STATES, counts, inWords);

export const JobProgress = ({ job }: { job: Job }) => (
  <Through name={job.name ?? job.command.name} done={through(job)} stationCount={job.stationCount} planning={job.state === 'Planning'} />
);
