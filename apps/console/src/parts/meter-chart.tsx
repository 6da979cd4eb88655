import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { percent, power, text } from '../api/format.js';
import type { Reading } from '../api/readings.js';

const HEIGHT = 240;

/** Power and state of charge over time. */
export function MeterChart({ readings }: { readings: readonly Reading[] }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(readings);
  latest.current = readings;
  const scheme = useComputedColorScheme('light');
  const withSoc = readings.some((reading) => reading.socPercent !== undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the page when the plot is made
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = new uPlot(optionsFor(element, withSoc), dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [scheme, withSoc]);

  useEffect(() => {
    plot.current?.setData(dataOf(readings));
  }, [readings]);

  return (
    <>
      <div className="legend" aria-hidden="true">
        <span>
          <i /> Power, kW
        </span>
        {withSoc && (
          <span className="dashed">
            <i /> Battery, %
          </span>
        )}
      </div>
      <div className="chart" ref={holder} role="img" aria-label={inWords(readings)} />
    </>
  );
}

function dataOf(readings: readonly Reading[]): uPlot.AlignedData {
  return [
    readings.map((reading) => reading.at / 1000),
    readings.map((reading) => (reading.powerW === undefined ? null : reading.powerW / 1000)),
    readings.map((reading) => reading.socPercent ?? null),
  ];
}

/** Colours as they are on the page now, resolved for the canvas. */
function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function optionsFor(element: HTMLElement, withSoc: boolean): uPlot.Options {
  const [accent, blue, muted, line] = ['--accent', '--tone-available', '--muted', '--line'].map((name) => colour(element, name));
  const axis = { stroke: muted ?? '', grid: { stroke: line ?? '', width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [12, withSoc ? 0 : 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: { kW: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] }, pct: { range: [0, 100] } },
    axes: [
      { ...axis, space: 84, values: (plot, splits) => splits.map((at) => clockAt(at, plot)) },
      { ...axis, scale: 'kW', size: 44 },
      { ...axis, scale: 'pct', side: 1, size: 44, show: withSoc, grid: { show: false } },
    ],
    series: [
      {},
      { scale: 'kW', stroke: accent ?? '', width: 2, fill: (plot) => fade(plot, accent ?? ''), points: { show: false }, spanGaps: true },
      { scale: 'pct', stroke: blue ?? '', width: 2, dash: [6, 5], points: { show: false }, spanGaps: true, show: withSoc },
    ],
  };
}

/** Seconds show while they tell two marks apart. */
const SECONDS_BELOW_S = 480;

function clockAt(at: number, { scales }: uPlot): string {
  const span = (scales['x']?.max ?? 0) - (scales['x']?.min ?? 0);
  const withSeconds = span < SECONDS_BELOW_S ? { second: '2-digit' as const } : {};
  return new Date(at * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...withSeconds });
}

function fade(plot: uPlot, of: string): CanvasGradient {
  const gradient = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
  gradient.addColorStop(0, of.replace('rgb(', 'rgba(').replace(')', ', 0.24)'));
  gradient.addColorStop(1, of.replace('rgb(', 'rgba(').replace(')', ', 0)'));
  return gradient;
}

function inWords(readings: readonly Reading[]): string {
  const powers = readings.flatMap((reading) => reading.powerW ?? []);
  const last = readings.at(-1);
  if (last === undefined || powers.length === 0) return 'Chart: no power was measured';
  const soc = last.socPercent === undefined ? '' : `, battery ${percent(last.socPercent)}`;
  return `Chart of ${readings.length} readings: power now ${text(power(powers.at(-1) ?? 0))}, highest ${text(power(Math.max(...powers)))}${soc}`;
}
