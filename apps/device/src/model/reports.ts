import type { MonitorsReported, VariablesReported } from '@voltlog/connection-contract';
import type { ModelMonitor, ModelVariable } from '@voltlog/device-contract';
import { isoTime, OperatingError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type Collection, pages, type Timer, TimerLoop } from '@voltlog/store';
import { type ReportDoc, type ReportKind, type ReportPartDoc, reportPartSchema, reportSchema } from './documents.js';
import { isWhole, missing, withNumber } from './part-ranges.js';

const QUIET_TIMER = 'ReportQuiet';
/** A report of which no part came for this long is over, whatever is missing, ms. */
const QUIET_MS = 60_000;
/** A thousand and more are normal of large stations; what counts higher is no report. */
export const PARTS_MAX = 4_000;
/** Of JSON, of all parts of a report: what is made of it must fit one commit (MongoDB: 16 MB). */
export const CHARACTERS_MAX = 8_000_000;
/** Reports remembered of a station. */
const REPORTS_KEPT = 10;
const TRIES_MAX = 8;

export type PartFact = VariablesReported | MonitorsReported;

/** A report whose parts are all there, or no more come. */
export interface EndedReport {
  readonly report: ReportDoc;
  readonly outcome: 'Complete' | 'Incomplete';
  readonly missing: readonly (readonly [from: number, to: number])[];
  /** In the order of the parts. */
  readonly items: readonly (ModelVariable | ModelMonitor)[];
}

/**
 * Collects the parts of reports until all are there: in any order, repeated, with gaps. Parts wait in documents of their own, so that each
 * is written once; what a report changes is decided when it is over.
 */
export class Reports {
  private readonly quiet: TimerLoop;
  private onEnded: (ended: EndedReport) => Promise<void> = async () => {};

  private constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>,
    private readonly reports: Collection<ReportDoc>,
    private readonly parts: Collection<ReportPartDoc>,
    everyMs: number,
  ) {
    const { clock, logger, store } = context;
    this.quiet = new TimerLoop({
      timers: store.timers,
      kind: QUIET_TIMER,
      handle: (timer) => this.fellQuiet(timer),
      clock,
      logger,
      everyMs,
    });
  }

  static async open(context: Pick<ServiceContext, 'clock' | 'logger' | 'store'>, everyMs: number): Promise<Reports> {
    const reports = await context.store.collection<ReportDoc>('device_reports', reportSchema);
    return new Reports(context, reports, await context.store.collection<ReportPartDoc>('device_report_parts', reportPartSchema), everyMs);
  }

  /** @param onEnded called at least once for each report that is over */
  start(onEnded: (ended: EndedReport) => Promise<void>): void {
    this.onEnded = onEnded;
    this.quiet.start();
  }

  stop(): Promise<void> {
    return this.quiet.stop();
  }

  /** Newest first. */
  async of(stationId: string): Promise<readonly ReportDoc[]> {
    const { docs } = await this.reports.find({ where: { stationId }, sort: ['startedAt', -1], limit: REPORTS_KEPT });
    return docs;
  }

  get(id: string): Promise<ReportDoc | undefined> {
    return this.reports.get(id);
  }

  /** A report is about to be asked for. */
  async expect(stationId: string, kind: ReportKind, requestId: number, whole: boolean): Promise<ReportDoc> {
    const doc = { ...this.fresh(stationId, kind, requestId), whole };
    const [written] = await this.reports.upsert([{ doc, expectedVersion: 0 }]);
    await this.wait(doc.id, this.context.clock.now());
    await this.forgetOld(stationId);
    return written === true ? doc : ((await this.reports.get(doc.id)) ?? doc);
  }

  /** The station will send none, or has told all of it in its answer. */
  async settled(id: string, outcome: 'Refused' | 'Complete', detail: string): Promise<ReportDoc> {
    return this.change(id, (doc) => (doc.endedAt === '' ? this.ended(doc, outcome, detail) : doc));
  }

  /** Takes parts in; reports that are whole by them end. */
  async take(facts: readonly PartFact[]): Promise<void> {
    const byReport = new Map<string, PartFact[]>();
    for (const fact of facts) {
      const id = idOf(fact.stationId, kindOf(fact), fact.requestId);
      byReport.set(id, [...(byReport.get(id) ?? []), fact]);
    }
    const known = await this.reports.getMany([...byReport.keys()]);
    for (const [id, parts] of byReport) {
      const report = known.get(id);
      // A repetition of what is over, or the rest of one that was given up.
      if (report !== undefined && report.endedAt !== '') continue;
      await this.takeOf(id, parts);
    }
  }

  private async takeOf(id: string, facts: readonly PartFact[]): Promise<void> {
    const docs = facts.filter(({ seqNo }) => seqNo >= 0 && seqNo < PARTS_MAX).map((fact) => partOf(id, fact));
    await this.parts.upsert([...new Map(docs.map((doc) => [doc.id, doc])).values()].map((doc) => ({ doc, likelyNew: true })));
    const report = await this.change(id, (doc) => facts.reduce(withPart, doc), facts[0]);
    if (isWhole(report.ranges, report.last)) await this.end(report);
    // Later parts put nothing off: when the timer is due it is looked when the last one came.
    else if (report.parts <= facts.length) await this.wait(id, Date.parse(report.lastPartAt));
  }

  private async fellQuiet({ id }: Timer): Promise<void> {
    const reportId = id.slice(QUIET_TIMER.length + 1);
    const report = await this.reports.get(reportId);
    if (report === undefined || report.endedAt !== '') return;
    const heardMs = Date.parse(report.lastPartAt === '' ? report.startedAt : report.lastPartAt);
    if (heardMs + QUIET_MS > this.context.clock.now()) await this.wait(reportId, heardMs);
    else await this.end(report);
  }

  private async end(report: ReportDoc): Promise<void> {
    const { ranges, last, dropped } = report;
    // A make that counts from 1: nothing but 0 is missing.
    const counted = last !== undefined && ranges.length === 1 && ranges[0]?.[0] === 1 && ranges[0][1] === last;
    const gaps = counted ? [] : missing(ranges, last);
    const complete = last !== undefined && gaps.length === 0 && dropped === 0;
    const items = report.parts === 0 ? [] : await this.items(report);
    await this.onEnded({ report, outcome: complete ? 'Complete' : 'Incomplete', missing: gaps, items });
    const detail = complete ? '' : why(report, gaps);
    await this.change(report.id, (doc) => (doc.endedAt === '' ? this.ended(doc, complete ? 'Complete' : 'Incomplete', detail) : doc));
    await this.parts.deleteWhere({ reportId: report.id });
    await this.context.store.timers.cancel([timerOf(report.id)]);
  }

  private async items({ id: reportId, ranges }: ReportDoc): Promise<readonly (ModelVariable | ModelMonitor)[]> {
    const items: (ModelVariable | ModelMonitor)[] = [];
    // One beyond the bound waits there too.
    for await (const parts of pages(this.parts, { where: { reportId }, sort: ['seqNo', 1], limit: 200 }))
      for (const part of parts) if (ranges.some(([from, to]) => part.seqNo >= from && part.seqNo <= to)) items.push(...part.items);
    return items;
  }

  private wait(reportId: string, heardMs: number): Promise<void> {
    const dueAt = isoTime(heardMs + QUIET_MS);
    return this.context.store.timers.schedule([{ id: timerOf(reportId), kind: QUIET_TIMER, dueAt, payload: null }]);
  }

  private async forgetOld(stationId: string): Promise<void> {
    const { docs } = await this.reports.find({ where: { stationId }, sort: ['startedAt', -1], limit: REPORTS_KEPT * 2 });
    const old = docs.slice(REPORTS_KEPT).filter(({ endedAt }) => endedAt !== '');
    if (old.length > 0) await this.reports.delete(old.map(({ id }) => id));
  }

  private async change(id: string, to: (doc: ReportDoc) => ReportDoc, part?: PartFact): Promise<ReportDoc> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const [stationId = '', kind = '', requestId = ''] = id.split('/');
      const stored = await this.reports.get(id);
      const before = stored ?? { ...this.fresh(stationId, kind === 'Monitors' ? 'Monitors' : 'Variables', Number(requestId)), version: 0 };
      const after = to(before);
      if (after === before && stored !== undefined) return before;
      const doc = {
        ...after,
        version: before.version + 1,
        ...(part === undefined ? {} : { lastPartAt: isoTime(this.context.clock.now()) }),
      };
      const [written] = await this.reports.upsert([{ doc, expectedVersion: before.version }]);
      if (written === true) return doc;
    }
    throw new OperatingError('ReadModelContended', 'a report changed too often to be written');
  }

  private ended(doc: ReportDoc, outcome: ReportDoc['outcome'], detail: string): ReportDoc {
    return { ...doc, outcome, detail, endedAt: isoTime(this.context.clock.now()) };
  }

  private fresh(stationId: string, kind: ReportKind, requestId: number): ReportDoc {
    const startedAt = isoTime(this.context.clock.now());
    const nothing = { ranges: [], parts: 0, characters: 0, dropped: 0, lastPartAt: '', endedAt: '', outcome: '' as const, detail: '' };
    return { id: idOf(stationId, kind, requestId), version: 1, stationId, kind, requestId, whole: false, startedAt, ...nothing };
  }
}

const idOf = (stationId: string, kind: ReportKind, requestId: number): string => `${stationId}/${kind}/${requestId}`;
const timerOf = (reportId: string): string => `${QUIET_TIMER}:${reportId}`;
const kindOf = (fact: PartFact): ReportKind => ('variables' in fact ? 'Variables' : 'Monitors');
const itemsOf = (fact: PartFact): readonly (ModelVariable | ModelMonitor)[] => ('variables' in fact ? fact.variables : fact.monitors);

const partOf = (reportId: string, fact: PartFact): ReportPartDoc => ({
  id: `${reportId}/${fact.seqNo}`,
  version: 1,
  reportId,
  seqNo: fact.seqNo,
  items: itemsOf(fact),
});

function withPart(doc: ReportDoc, fact: PartFact): ReportDoc {
  const { seqNo, toBeContinued } = fact;
  if (seqNo < 0 || seqNo >= PARTS_MAX) return { ...doc, dropped: doc.dropped + 1 };
  const ranges = withNumber(doc.ranges, seqNo);
  if (ranges === doc.ranges) return doc;
  const characters = doc.characters + JSON.stringify(itemsOf(fact)).length;
  if (characters > CHARACTERS_MAX) return { ...doc, dropped: doc.dropped + 1 };
  return { ...doc, ranges, parts: doc.parts + 1, characters, ...(toBeContinued ? {} : { last: seqNo }) };
}

function why({ parts, dropped, last }: ReportDoc, gaps: readonly (readonly [number, number])[]): string {
  if (parts === 0) return 'the station sent no part of it';
  if (dropped > 0) return `the report is larger than what is kept of one: ${dropped} parts were left out`;
  const numbers = gaps.slice(0, 5).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (numbers.length > 0) return `parts are missing: ${numbers.join(', ')}${gaps.length > 5 ? ', ...' : ''}`;
  return last === undefined ? 'the last part did not come' : '';
}
