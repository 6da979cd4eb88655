import { Price } from '../parts/price.js';

/** What charging costs at this station alone. */
export const StationPrice = ({ stationId }: { stationId: string }) => (
  <div className="tab">
    <Price scope={`station:${stationId}`} without="that of its site holds, else the one for where no other is set" />
  </div>
);
