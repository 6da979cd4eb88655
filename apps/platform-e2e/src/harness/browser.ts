import { type Browser, chromium } from 'playwright-core';

/** Chromium without a window, that calls nobody of its own accord. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** What a person would read on each page that is open: it tells what a test waited for in vain. */
export async function whatIsShown(browser: Browser): Promise<string> {
  const pages = browser.contexts().flatMap((context) => context.pages());
  const shown = await Promise.all(pages.map(async (page) => `${page.url()}\n${await page.innerText('body')}\n`));
  return shown.join('\n');
}
