import AxeBuilder from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import { ADMIN_KEY, type AllInOne } from './all-in-one.js';
import { launchBrowser } from './browser.js';
import { eventually } from './eventually.js';

/** The operators' console in a browser, and what went wrong in it. */
export class ConsolePage {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    /** Errors of the page, and requests to somebody else; empty when all is well. */
    readonly problems: readonly string[],
  ) {}

  /** @param hash what of the console is shown, e.g. `#stations/CP-1/logs` */
  static async open(platform: AllInOne, hash = ''): Promise<ConsolePage> {
    const browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => (message.type() === 'error' ? problems.push(message.text()) : undefined));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(platform.api.url)) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(`${platform.api.url}/#key=${ADMIN_KEY}`);
    await page.getByRole('status', { name: /Event stream: live/i }).waitFor();
    const opened = new ConsolePage(browser, page, problems);
    if (hash !== '') await opened.show(hash);
    return opened;
  }

  show(hash: string): Promise<void> {
    return this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  /** Rows of a list by its name. */
  rows(list: string) {
    return this.page.getByRole('region', { name: list, exact: true }).getByRole('row');
  }

  /** Presses a button in a row that asks once more. */
  async really(words: string, about: string): Promise<void> {
    await this.page.getByRole('button', { name: `${words} ${about}` }).click();
    await this.page.getByRole('button', { name: `Really ${words.toLowerCase()}? ${about}` }).click();
  }

  /**
   * Presses Tab until something is focused that matches, at most `steps` times: what a person without a mouse does.
   * The dialog puts the focus right by a timer after a Tab out of a field for date and time. On a busy page that comes
   * several presses later, and takes the focus back to that field, so each press waits for the timers set until then.
   */
  async tabTo(name: string | RegExp, steps = 80): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.page.keyboard.press('Tab');
      const focused = String(
        await this.page.evaluate(
          `new Promise((settled) => setTimeout(settled)).then(() => {
            const { labels, innerText, ariaLabel } = document.activeElement;
            return ariaLabel ?? labels?.[0]?.innerText ?? innerText ?? '';
          })`,
        ),
      );
      if (typeof name === 'string' ? focused.trim() === name : name.test(focused)) return;
    }
    throw new Error(`Tab does not lead to ${name}`);
  }

  /** A dialog by its name, once it has taken the focus: before, keys go to what is behind it. */
  async dialog(name: string): Promise<Locator> {
    const dialog = this.page.getByRole('dialog', { name, exact: true });
    await dialog.locator(':focus').waitFor();
    return dialog;
  }

  /** What axe finds that is serious, light and dark; and whether the page is wider than a phone. */
  async flaws(): Promise<string[]> {
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // The theme follows the browser in a moment of its own.
      await eventually('the theme', async () =>
        (await this.page.evaluate('document.documentElement.dataset.mantineColorScheme')) === colorScheme ? true : undefined,
      );
      const { violations } = await new AxeBuilder({ page: this.page }).analyze();
      for (const { id, impact, nodes } of violations)
        if (impact === 'serious' || impact === 'critical')
          found.push(`${colorScheme} ${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
    }
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 390, height: 844 });
    if ((await this.page.evaluate('document.documentElement.scrollWidth <= innerWidth')) !== true) found.push('wider than a phone');
    if (size !== null) await this.page.setViewportSize(size);
    return found;
  }

  /** A picture for a person to look at, where `VOLTLOG_PICTURES` says. */
  async picture(name: string): Promise<void> {
    const folder = process.env['VOLTLOG_PICTURES'];
    if (folder === undefined) return;
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
    }
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
