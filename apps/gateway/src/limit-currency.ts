import { Injectable } from '@nestjs/common';
import type { sessionV1 } from '@voltlog/proto';
import { Problem } from './problems/problem.js';
import { Services } from './services.js';

/** The part of a limit that is money. */
interface CostLimit {
  readonly cost?: { readonly currency: string } | undefined;
}

/** A limit in a currency that nothing is counted in would never be reached: it is refused, whoever sets it. */
@Injectable()
export class LimitCurrency {
  constructor(private readonly services: Services) {}

  /** @throws {Problem} 422 unless the price of a station is in the limit's currency */
  async checkAt(stationId: string, limit: CostLimit | null | undefined): Promise<void> {
    if (limit?.cost === undefined) return;
    refuseOther(limit.cost.currency, await this.at(stationId));
  }

  /** The price that the session keeps counts, else the one it gets. @throws {Problem} 422 */
  async checkFor({ cost, stationId }: sessionV1.Session, limit: CostLimit): Promise<void> {
    if (limit.cost === undefined) return;
    refuseOther(limit.cost.currency, cost?.currency ?? (await this.at(stationId)));
  }

  private async at(stationId: string): Promise<string | undefined> {
    return (await this.services.session.getPrice({ stationId, scope: '' })).price?.currency;
  }
}

function refuseOther(currency: string, counted: string | undefined): void {
  if (counted === currency) return;
  throw new Problem(
    422,
    'other-currency',
    counted === undefined ? 'There is no price to count a cost by.' : `The price here is in ${counted}.`,
  );
}
