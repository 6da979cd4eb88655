import type { JobAnswer } from '@voltlog/device-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Outcome } from './answers.js';
import type { JobRepository, PartInput } from './job-repository.js';

/** Answers that come within this are one commit of their part, ms. */
const GATHER_MS = 100;
/** Characters of answers in one event: a record of the log is far below a broker's usual limit of 1 MB. */
const EVENT_LENGTH_MAX = 262_144;
/** Tries to write answers; what is not written then is found to be unknown later. */
const TRIES_MAX = 5;
const RETRY_MS = 1_000;

export interface Sent {
  readonly jobId: string;
  readonly part: number;
  readonly stationId: string;
  readonly attempt: number;
}

interface Settled extends Sent {
  readonly outcome: Outcome;
}

/** Gathers what stations answer and writes it, a part at a time. */
export class AnswerDesk {
  private waiting: Settled[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly open = new Set<Promise<void>>();

  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger'>,
    private readonly repository: Pick<JobRepository, 'onParts'>,
    /** Answers of these jobs are written. */
    private readonly written: (jobIds: readonly string[]) => Promise<void>,
  ) {}

  /** Takes down what comes of a command that was sent. */
  expect(sent: Sent, outcome: Promise<Outcome>): void {
    const work = outcome.then((settled) => {
      this.waiting.push({ ...sent, outcome: settled });
      this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
    });
    this.open.add(work);
    void work.finally(() => this.open.delete(work));
  }

  /** Writes what has come; what comes later is unknown to those who look. */
  async stop(waitMs: number): Promise<void> {
    let timeout: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      timeout = setTimeout(resolve, waitMs);
    });
    await Promise.race([Promise.allSettled(this.open), bound]);
    clearTimeout(timeout);
    clearTimeout(this.timer);
    await this.write(this.taken());
  }

  private flush(): void {
    const work = this.write(this.taken());
    this.open.add(work);
    void work.finally(() => this.open.delete(work));
  }

  private taken(): readonly Settled[] {
    const settled = this.waiting;
    this.waiting = [];
    this.timer = undefined;
    return settled;
  }

  /** Never rejects. */
  private async write(settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      try {
        await this.repository.onParts(this.inputs(settled));
        await this.written([...new Set(settled.map(({ jobId }) => jobId))]);
        return;
      } catch (error) {
        this.context.logger.warn({ err: error, answers: settled.length, tries }, 'answers to a job could not be written');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  private inputs(settled: readonly Settled[]): readonly PartInput[] {
    const now = this.context.clock.now();
    const inputs: PartInput[] = [];
    for (const ofPart of Map.groupBy(settled, ({ jobId, part }) => `${jobId}:${part}`).values()) {
      const [{ jobId, part }] = ofPart as [Settled];
      for (const answers of slices(
        ofPart.flatMap(({ stationId, attempt, outcome }) =>
          outcome.kind === 'answered' ? [{ ...outcome.answer, stationId, attempt }] : [],
        ),
      ))
        inputs.push({ jobId, part, command: { kind: 'ReportAnswers', answers, now } });
      const unsent = ofPart.flatMap(({ stationId, attempt, outcome }) =>
        outcome.kind === 'notSent' ? [{ stationId, attempt, reason: outcome.reason }] : [],
      );
      for (const [reason, stations] of Map.groupBy(unsent, (each) => each.reason))
        inputs.push({
          jobId,
          part,
          command: { kind: 'ReportNotSent', stations: stations.map(({ stationId, attempt }) => ({ stationId, attempt })), reason, now },
        });
    }
    return inputs;
  }
}

/** In slices whose answers fit one event. */
function slices(answers: readonly JobAnswer[]): readonly (readonly JobAnswer[])[] {
  const all: JobAnswer[][] = [];
  let length = 0;
  for (const answer of answers) {
    length += answer.responseJson.length + answer.reason.length;
    if (all.length === 0 || length > EVENT_LENGTH_MAX) {
      all.push([]);
      length = 0;
    }
    all.at(-1)?.push(answer);
  }
  return all;
}
