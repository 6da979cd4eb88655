import type { FinalCostQuestion } from '@voltlog/connection-translation';
import { type Clock, OperatingError } from '@voltlog/kernel';
import type { sessionV1 } from '@voltlog/proto';
import type { Logger } from '@voltlog/telemetry';

/** A station waits for it, and shows the cost a moment later all the same (CostUpdated), milliseconds. */
export const FINAL_COST_DEADLINE_MS = 300;
/** Where there is no price at all, or nobody answers, it is asked again after so long, milliseconds. */
const UNPRICED_MS = 30_000;
const AWAY_MS = 5_000;

/** What a transaction comes to, for the answer to its end. A platform without prices asks twice a minute, whatever ends. */
export class FinalCosts {
  private pausedUntilMs = 0;

  constructor(
    private readonly sessions: Pick<sessionV1.SessionService, 'getFinalCost'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Undefined: it costs nothing, or it is not known in time. */
  async of(stationId: string, { transactionId, endedAt, meterStopWh }: FinalCostQuestion): Promise<number | undefined> {
    if (this.clock.now() < this.pausedUntilMs) return undefined;
    try {
      const { total, unpriced } = await this.sessions.getFinalCost({ stationId, transactionId, endedAt, meterStopWh });
      if (unpriced) this.pausedUntilMs = this.clock.now() + UNPRICED_MS;
      return total === undefined ? undefined : Number(total.amount);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.pausedUntilMs = this.clock.now() + AWAY_MS;
      this.logger.warn({ err: error, station_id: stationId }, 'the cost of a transaction is not told with the answer to its end');
      return undefined;
    }
  }
}
