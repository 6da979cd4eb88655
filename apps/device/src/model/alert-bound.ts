import type { AlertCommand, AlertReport } from '@voltlog/device-domain';
import type { Collection } from '@voltlog/store';
import type { DocumentedInput } from '../store/documented-streams.js';
import type { AlertDoc } from './alerts.js';

/** Open alerts of one station: what it says names them, so that it could open any number. */
export const OPEN_MAX = 100;

const isOpening = ({ command }: DocumentedInput<AlertCommand>): boolean => command.kind === 'Open';

/**
 * What of a station's reports becomes alerts of their own.
 *
 * @param fold makes one alert of what is too much
 * @returns all but what would open more than {@link OPEN_MAX}, in the order of the inputs; that is one alert, behind them
 */
export async function withinBound(
  alerts: Pick<Collection<AlertDoc>, 'getMany' | 'count'>,
  stationId: string,
  inputs: readonly DocumentedInput<AlertCommand>[],
  fold: (report: AlertReport, causationId: string) => DocumentedInput<AlertCommand>,
): Promise<readonly DocumentedInput<AlertCommand>[]> {
  const ids = [...new Set(inputs.filter(isOpening).map(({ id }) => id))];
  if (ids.length === 0) return inputs;
  const known = await alerts.getMany(ids);
  const more = ids.filter((id) => known.get(id)?.open !== true);
  if (more.length === 0) return inputs;
  const room = Math.max(0, OPEN_MAX - (await alerts.count({ stationId, open: true })));
  if (more.length <= room) return inputs;
  const tooMany = new Set(more.slice(room));
  const isLeft = (input: DocumentedInput<AlertCommand>): boolean => isOpening(input) && tooMany.has(input.id);
  const left = inputs.filter(isLeft);
  const reports = left.flatMap(({ command }) => (command.kind === 'Open' ? [command.report] : []));
  const worst = reports.reduce((before, report) => (report.severity < before.severity ? report : before));
  const detail = `${OPEN_MAX} alerts of this station are open, so that more are not opened; clear some. One that was not: ${worst.subject}: `;
  const folded = { ...worst, subject: 'More alerts', detail: (detail + worst.detail).slice(0, 500), evseId: 0, connectorId: 0, value: '' };
  return [...inputs.filter((input) => !isLeft(input)), fold(folded, `${left[0]?.causationId}:more`)];
}
