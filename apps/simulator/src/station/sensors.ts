import type { Evse } from './evse.js';
import { numberAt, textAt } from './protocol.js';

/** A value that changes by itself and that monitors can watch. */
export interface Sensor {
  readonly component: string;
  readonly evseId: number;
  readonly variable: string;
  readonly unit: string;
  read(): number;
}

const TEMPERATURE_CELSIUS = 25;

/** What a station measures of itself: the power of each EVSE, and its temperature, which scripts change. */
export class Sensors {
  readonly all: readonly Sensor[];
  private readonly temperatures = new Map<number, number>();

  constructor(evses: readonly Evse[]) {
    this.all = evses.flatMap((evse) => [
      { component: 'EVSE', evseId: evse.id, variable: 'Power', unit: 'W', read: () => Math.round(evse.powerW) },
      {
        component: 'EVSE',
        evseId: evse.id,
        variable: 'Temperature',
        unit: 'Celsius',
        read: () => this.temperatures.get(evse.id) ?? TEMPERATURE_CELSIUS,
      },
    ]);
  }

  /** By the `component` and `variable` of a message. */
  find(item: unknown): Sensor | undefined {
    const [component, evseId, variable] = [
      textAt(item, 'component', 'name'),
      numberAt(item, 'component', 'evse', 'id'),
      textAt(item, 'variable', 'name'),
    ];
    return this.all.find((sensor) => sensor.component === component && sensor.evseId === evseId && sensor.variable === variable);
  }

  heat(evseId: number, celsius: number): void {
    this.temperatures.set(evseId, celsius);
  }
}
