import type { deviationsV1 } from '@voltlog/proto';
import type { Deviations } from './deviations.js';

/** `voltlog.connection.v1.DeviationService`. */
export class DeviationRpc implements deviationsV1.DeviationService {
  constructor(private readonly deviations: Pick<Deviations, 'of'>) {}

  async listDeviations({ stationId }: deviationsV1.ListDeviationsRequest): Promise<deviationsV1.ListDeviationsResponse> {
    const rows = await this.deviations.of(stationId);
    return {
      deviations: rows.map(({ quirkId, tolerated, refused, firstAt, lastAt, lastAction, lastProblem }) => ({
        quirkId,
        tolerated,
        refused,
        firstAt,
        lastAt,
        lastAction,
        lastProblem,
      })),
    };
  }
}
