import { createContext, useContext } from 'react';
import { en } from './en.js';
import { Formats } from './formats.js';

export type TextKey = keyof typeof en;
/** The same keys in every language. */
export type Dictionary = Readonly<Record<TextKey, string>>;

export const LANGUAGES = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
  { code: 'nl', name: 'Nederlands' },
  { code: 'fr', name: 'Français' },
] as const;
export type Language = (typeof LANGUAGES)[number]['code'];

export const isLanguage = (code: string | undefined): code is Language => LANGUAGES.some((each) => each.code === code);

/** The first language the driver reads that the page has; English where there is none. */
export function chosenLanguage(kept: string | undefined, wanted: readonly string[]): Language {
  if (isLanguage(kept)) return kept;
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

/** How numbers and times are written: as in the driver's own region, else as most of Europe reads the language. */
export const localeOf = (language: Language, wanted: readonly string[]): string =>
  wanted.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? (language === 'en' ? 'en-GB' : language);

/** Only the language that is read is loaded. */
export async function loadDictionary(language: Language): Promise<Dictionary> {
  switch (language) {
    case 'de':
      return (await import('./de.js')).de;
    case 'nl':
      return (await import('./nl.js')).nl;
    case 'fr':
      return (await import('./fr.js')).fr;
    case 'en':
      return en;
  }
}

export type Translate = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

export const translator =
  (dictionary: Dictionary): Translate =>
  (key, values = {}) =>
    dictionary[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

export interface Words {
  readonly language: Language;
  readonly t: Translate;
  readonly formats: Formats;
  choose(language: Language): void;
}

export const WordsContext = createContext<Words>({
  language: 'en',
  t: translator(en),
  formats: new Formats('en'),
  choose: () => undefined,
});

export const useWords = (): Words => useContext(WordsContext);
