import { Schema } from 'mongoose';

/** How often a station departed from OCPP in one way. */
export interface DeviationRow {
  /** `<stationId>~<quirkId>` */
  readonly id: string;
  /** Counts writes. */
  readonly version: number;
  readonly stationId: string;
  readonly quirkId: string;
  readonly tolerated: number;
  readonly refused: number;
  /** ISO 8601 */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly lastAction: string;
  /** Of the last refused one; empty: none was. */
  readonly lastProblem: string;
}

export const deviationSchema = new Schema<DeviationRow>({
  id: { type: String, required: true },
  version: { type: Number, required: true },
  stationId: { type: String, required: true },
  quirkId: { type: String, required: true },
  tolerated: { type: Number, required: true },
  refused: { type: Number, required: true },
  firstAt: { type: String, required: true },
  lastAt: { type: String, required: true },
  lastAction: { type: String, default: '' },
  lastProblem: { type: String, default: '' },
})
  .index({ stationId: 1 })
  .index({ lastAt: 1 });
