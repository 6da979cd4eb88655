import { useEffect, useMemo, useRef, useState } from 'react';
import { keep } from './api/kept.js';
import { Formats } from './i18n/formats.js';
import { type Dictionary, isLanguage, LANGUAGES, type Language, loadDictionary, localeOf, translator, WordsContext } from './i18n/index.js';
import { ChargePage } from './pages/charge-page.js';
import { ContractPage } from './pages/contract-page.js';
import { EvsePage } from './pages/evse-page.js';
import { ReservationPage } from './pages/reservation-page.js';
import { Notice } from './parts/notice.js';
import { Wordmark } from './parts/wordmark.js';
import { type Route, useRoute } from './route.js';

interface Spoken {
  readonly language: Language;
  readonly dictionary: Dictionary;
}

export function App({ first }: { readonly first: Spoken }) {
  const [spoken, setSpoken] = useState(first);
  const route = useRoute();
  const words = useMemo(
    () => ({
      language: spoken.language,
      t: translator(spoken.dictionary),
      formats: new Formats(localeOf(spoken.language, navigator.languages)),
      choose: (language: Language) => {
        keep({ language });
        void loadDictionary(language).then((dictionary) => setSpoken({ language, dictionary }));
      },
    }),
    [spoken],
  );
  useEffect(() => {
    document.documentElement.lang = spoken.language;
  }, [spoken.language]);
  const { t } = words;
  return (
    <WordsContext value={words}>
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <header className="top">
        <Wordmark />
        <label className="language">
          <span className="sr">{t('language')}</span>
          <select value={spoken.language} onChange={({ target }) => (isLanguage(target.value) ? words.choose(target.value) : undefined)}>
            {LANGUAGES.map(({ code, name }) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </header>
      <Main route={route} />
    </WordsContext>
  );
}

/** A screen reader is told of a new page by the focus, as a browser does with a new document. */
function Main({ route }: { readonly route: Route }) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(location.pathname);
  useEffect(() => {
    if (shown.current === location.pathname) return;
    shown.current = location.pathname;
    main.current?.focus();
  });
  return (
    <main id="main" tabIndex={-1} ref={main}>
      <Page route={route} />
    </main>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'evse':
      return <EvsePage key={route.evseUid} evseUid={route.evseUid} />;
    case 'charge':
      return <ChargePage key={route.key} chargeKey={route.key} />;
    case 'reservation':
      return <ReservationPage key={route.key} reservationKey={route.key} />;
    case 'contract':
      return <ContractPage key={route.key} contractKey={route.key} />;
    case 'unknown':
      return <Notice title="appName" text="pageUnknownText" />;
  }
}
