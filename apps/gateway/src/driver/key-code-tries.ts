import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Count } from '@voltlog/telemetry';
import { Problem } from '../problems/problem.js';
import { DriverLimits } from './driver-limits.js';
import type { EvsePlace } from './evse-uid.js';

/** Key codes one address may try: a slip is not punished, a search is hopeless. */
const OF_ADDRESS = { burst: 6, perSecond: 1 / 30 };
/** Key codes tried at one EVSE, from wherever. */
const OF_EVSE = { burst: 30, perSecond: 0.2 };
/** Wrong key codes on the whole platform, from wherever: drivers slip, but not all of them at once. */
const WRONG = { burst: 300, perSecond: 1 };
const WRONG_NAME = 'wrong key codes';
const EVERYWHERE = 'everywhere';

/** Counts the key codes that are tried. */
@Injectable()
export class KeyCodeTries {
  private readonly shut: Count;

  constructor(
    private readonly limits: DriverLimits,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {
    this.shut = context.metrics.counter(
      'voltlog_gateway_key_codes_shut_total',
      'Key codes not looked at since too many wrong ones were tried on the whole platform',
    );
  }

  /**
   * Counts a try, before it is looked at: many at once are no way around it.
   *
   * @throws {Problem} 429 when it was tried too often
   */
  async count(address: string, { stationId, evseId }: EvsePlace): Promise<void> {
    await this.limits.take('address', OF_ADDRESS, address);
    // What an address may not try is no try at the EVSE: one address cannot keep all others from paying there.
    await this.limits.take('evse', OF_EVSE, `${stationId}*${evseId}`);
    try {
      await this.limits.take(WRONG_NAME, WRONG, EVERYWHERE);
    } catch (error) {
      if (error instanceof Problem) {
        this.shut.value += 1;
        this.context.logger.warn('key codes are being guessed: too many wrong ones on the whole platform, more are not looked at now');
      }
      throw error;
    }
  }

  /** It was no wrong one. */
  async wasRight(): Promise<void> {
    await this.limits.giveBack(WRONG_NAME, WRONG, EVERYWHERE);
  }
}
