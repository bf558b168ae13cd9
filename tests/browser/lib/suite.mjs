// Cases: a test file registers them, main.mjs performs them one after the other.

import assert from 'node:assert/strict';
import {join} from 'node:path';
import {launchFirefox, openBrowser} from './browsers.mjs';
import {watch} from './problems.mjs';
import {world} from './talk.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').BrowserContext} Context */

/** @type {{name: string, perform: (t: Test) => Promise<void>}[]} */
export const cases = [];

/**
 * @param {string} name
 * @param {(t: Test) => Promise<void>} perform
 */
export function test(name, perform) {
  assert(cases.every(known => known.name !== name), `two cases are called "${name}"`);
  cases.push({name, perform});
}

export const ORIGIN = 'https://portal.test:8443';
const ACTION_MS = 10_000; // a page that takes longer has failed

/** What a case works with. */
export class Test {
  world = world;
  /** @type {Context[]} */
  contexts = [];
  /** @type {{page: Page, problems: string[]}[]} */
  pages = [];
  /** @type {RegExp[]} */
  expected = [];
  /** Whether pictures for the manual are taken, when those are wanted. */
  drawn = true;

  /**
   * A browser window of its own: no cookie, no permission.
   * @param {{
   *   browser?: string, headed?: boolean, home?: string,
   *   allowed?: boolean, language?: string, width?: number, height?: number,
   * }} [options] allowed: the user has answered the browser's question about this device with yes
   */
  async window({allowed = true, language = 'zh-CN', width = 1366, height = 768, ...which} = {}) {
    const browser = await openBrowser(which);
    const context = await browser.newContext({
      locale: language,
      viewport: {width, height},
      reducedMotion: 'reduce',
    });
    this.keep(context);
    if (allowed) await context.grantPermissions(['local-network-access'], {origin: ORIGIN});
    return context;
  }

  /** @param {Context} context ends with the case */
  keep(context) {
    context.setDefaultTimeout(ACTION_MS);
    this.contexts.push(context);
    context.on('page', page => this.pages.push({page, problems: watch(page)}));
  }

  /**
   * A page in a Firefox of its own.
   * @param {string} name of its profile, which no other case has
   * @param {{allowed?: boolean}} [options] as of window()
   */
  async firefox(name, {allowed = true} = {}) {
    const context = await launchFirefox(await world.firefox_profile({name}), allowed);
    this.keep(context);
    return context.newPage();
  }

  /**
   * A page in a window of its own.
   * @param {Parameters<Test['window']>[0]} [options]
   */
  async page(options) {
    return (await this.window(options)).newPage();
  }

  /**
   * Messages of the console, page errors and refusals by the content security policy fail a case, unless
   * they were announced.
   * @param {RegExp} pattern
   */
  expectProblem(pattern) {
    this.expected.push(pattern);
  }

  /** The unannounced problems of all pages, so far. */
  problems() {
    return this.pages
      .flatMap(({problems}) => problems)
      .filter(problem => !this.expected.some(pattern => pattern.test(problem)));
  }

  /**
   * A picture for the manual, when those are wanted.
   * @param {Page} page
   * @param {string} name
   */
  async picture(page, name) {
    const folder = process.env.BROWSER_TEST_PICTURES;
    if (folder && this.drawn) await page.screenshot({path: join(folder, `${name}.png`), animations: 'disabled'});
  }

  /**
   * The same of the screen on which the agent has opened its window.
   * @param {string} name
   */
  async screen(name) {
    const folder = process.env.BROWSER_TEST_PICTURES;
    if (folder && this.drawn) await world.dialog_picture({path: join(folder, `${name}.png`)});
  }

  /** Pictures of every open page; their files. */
  async pictures() {
    const files = [];
    for (const [number, {page}] of this.pages.entries()) {
      if (page.isClosed()) continue;
      const file = join(process.cwd(), `page-${number}.png`);
      await page.screenshot({path: file, timeout: 5000}).then(() => files.push(file), () => undefined);
    }
    return files;
  }

  async close() {
    for (const context of this.contexts) await context.close();
  }
}
