/** What the page of an e-mail's unsubscribe link says in one language. */
export interface UnsubscribeWords {
  readonly lang: string;
  readonly askTitle: string;
  readonly askText: string;
  readonly askButton: string;
  readonly doneTitle: string;
  readonly doneText: string;
  readonly unknownTitle: string;
  readonly unknownText: string;
}

/** The first is for whoever reads none of them. */
export const UNSUBSCRIBE_WORDS: readonly [UnsubscribeWords, ...UnsubscribeWords[]] = [
  {
    lang: 'en',
    askTitle: 'Unsubscribe?',
    askText: 'You get no more of these e-mails about charging.',
    askButton: 'Unsubscribe',
    doneTitle: 'You are unsubscribed',
    doneText: 'You get no more of these e-mails.',
    unknownTitle: 'This link does not work',
    unknownText: 'Part of it may be missing. Open the link in the e-mail once more.',
  },
  {
    lang: 'de',
    askTitle: 'E-Mails abbestellen?',
    askText: 'Sie erhalten dann keine dieser E-Mails über das Laden mehr.',
    askButton: 'Abbestellen',
    doneTitle: 'Sie sind abgemeldet',
    doneText: 'Sie erhalten keine dieser E-Mails mehr.',
    unknownTitle: 'Dieser Link funktioniert nicht',
    unknownText: 'Vielleicht fehlt ein Teil davon. Öffnen Sie den Link in der E-Mail noch einmal.',
  },
  {
    lang: 'nl',
    askTitle: 'Afmelden?',
    askText: 'U ontvangt dan deze e-mails over het laden niet meer.',
    askButton: 'Afmelden',
    doneTitle: 'U bent afgemeld',
    doneText: 'U ontvangt deze e-mails niet meer.',
    unknownTitle: 'Deze link werkt niet',
    unknownText: 'Misschien ontbreekt er een deel. Open de link in de e-mail nog eens.',
  },
  {
    lang: 'fr',
    askTitle: 'Se désabonner ?',
    askText: 'Vous ne recevrez plus ces e-mails sur la charge.',
    askButton: 'Se désabonner',
    doneTitle: 'Vous êtes désabonné',
    doneText: 'Vous ne recevrez plus ces e-mails.',
    unknownTitle: 'Ce lien ne fonctionne pas',
    unknownText: 'Une partie manque peut-être. Ouvrez de nouveau le lien de l’e-mail.',
  },
];
