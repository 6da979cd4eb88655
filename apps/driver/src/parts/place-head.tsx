import type { Place } from '../api/types.js';
import { useWords } from '../i18n/index.js';

/** Where it is: the station, the charging point, the site. */
export function PlaceHead({ place, level = 1 }: { readonly place: Place; readonly level?: 1 | 2 }) {
  const { t } = useWords();
  const Heading = level === 1 ? 'h1' : 'h2';
  const site =
    place.site === null ? [] : [place.site.name, place.site.address, place.site.city].filter((part) => part !== null && part !== '');
  return (
    <div className="place">
      <Heading>{place.stationName}</Heading>
      <p className="muted">{[t('evse', { number: place.evseId }), ...site].join(' · ')}</p>
    </div>
  );
}
