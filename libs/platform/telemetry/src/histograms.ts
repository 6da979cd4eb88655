import { type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, DataPointType, type HistogramMetricData, type ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** Seconds; from a fast hop to the longest wait for a station. */
const BOUNDARIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly series: Map<string, Series>;
}

/**
 * Histograms of seconds, handed to the exporter as OpenTelemetry's own are. Those look their series up anew for each value, by a sorted
 * text of the labels, which cost as much as the rest of what is counted of a call; here whoever records holds the series.
 */
export class Histograms {
  readonly #families = new Map<string, Family>();
  readonly #startTime = timeNow();

  /** The series of a name with its labels; the same labels give the same series. */
  series(name: string, help: string, labels: Readonly<Record<string, string>>): Series {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { name, help, series: new Map() };
      this.#families.set(name, family);
    }
    const key = JSON.stringify(Object.entries(labels).sort());
    let series = family.series.get(key);
    if (series === undefined) {
      series = new Series(labels);
      family.series.set(key, series);
    }
    return series;
  }

  /** What was recorded so far; a histogram without a value is left out. */
  collect(): ScopeMetrics {
    const endTime = timeNow();
    const metrics = [...this.#families.values()].map(
      ({ name, help, series }): HistogramMetricData => ({
        dataPointType: DataPointType.HISTOGRAM,
        descriptor: { name, description: help, unit: 's', valueType: ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPoints: [...series.values()]
          .filter(({ count }) => count > 0)
          .map((each) => ({ attributes: each.labels, startTime: this.#startTime, endTime, value: each.snapshot() })),
      }),
    );
    return { scope: { name: 'voltlog.histograms' }, metrics: metrics.filter(({ dataPoints }) => dataPoints.length > 0) };
  }
}

const timeNow = (): HrTime => {
  const ms = Date.now();
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1e6];
};

class Series {
  readonly #counts = new Array<number>(BOUNDARIES.length + 1).fill(0);
  #sum = 0;
  #count = 0;

  constructor(readonly labels: Readonly<Record<string, string>>) {}

  get count(): number {
    return this.#count;
  }

  /** @param seconds a value on a boundary counts below it */
  record(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDARIES.length && seconds > (BOUNDARIES[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += seconds;
    this.#count += 1;
  }

  snapshot(): HistogramMetricData['dataPoints'][number]['value'] {
    return { buckets: { boundaries: BOUNDARIES, counts: [...this.#counts] }, sum: this.#sum, count: this.#count };
  }
}
