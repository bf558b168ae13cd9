// A platform's page of its own with the SDK, at a site that counts as public, and an agent that lists it.

import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {world} from './talk.mjs';

/** @typedef {import('./suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page | import('playwright-core').Frame} Page */

const PORT = 8450;
export const SITE = `https://portal.test:${PORT}`;
/** What the SDK's README tells a platform to list. */
export const AGENT_ADDRESSES = sdkFile('README.md').match(/connect-src 'self' (?<addresses>[^;\n]+)/).groups.addresses;

function sdkFile(name) {
  return readFileSync(join(process.env.UKEYD_TOP, 'sdk', name), 'utf8');
}

const HTML = '<!doctype html><html lang="zh"><title>平台</title><script type="module" src="/page.js"></script>';
const SCRIPT = 'import * as sdk from "/ukeyd.js"; window.sdk = sdk;';

/**
 * The answers of a site with such a page.
 * @param {{policy?: string, headers?: object, html?: string}} [options] policy: connect-src of the page
 */
export function pageAnswers({policy = `'self' ${AGENT_ADDRESSES}`, headers = {}, html = HTML} = {}) {
  const script = {'Content-Type': 'text/javascript'};
  const strict =
    `default-src 'none'; script-src 'self'; connect-src ${policy}; frame-src https:; base-uri 'none'; ` +
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
  return {
    '/': {body: html, headers: {'Content-Security-Policy': strict, ...headers}},
    '/page.js': {body: SCRIPT, headers: script},
    '/ukeyd.js': {body: sdkFile('ukeyd.js'), headers: script},
    '/example.js': {body: sdkFile('example.js'), headers: script},
    '/example.html': {body: sdkFile('example.html')},
    '/favicon.ico': {status: 204},
  };
}

/**
 * An agent that lists SITE.
 * @param {number} keys that it must see before the case goes on
 * @param {object} [options] of world.agent
 */
export async function startAgent(keys = 0, options = {}) {
  await world.agent({...options, start: false});
  await world.agent_lists({origin: SITE});
  await world.agent_start();
  if (keys) await world.wait_keys({count: keys}); // the world knows it on its first port only
}

/**
 * Another program on the agent's first port, from now on.
 * @param {(socket: import('node:net').Socket) => void} serve
 */
export async function holdPort(serve) {
  const holder = createServer(serve).listen(27510, '127.0.0.1');
  await once(holder, 'listening');
  return holder;
}

/**
 * The page, loaded.
 * @param {Test} t
 * @param {Parameters<Test['window']>[0] & {site?: object}} [options] site: of pageAnswers
 */
export async function sdkPage(t, {site = {}, allowed = true, ...which} = {}) {
  await world.site({port: PORT, answers: pageAnswers(site)});
  const context = await t.window({...which, allowed: false});
  if (allowed) await context.grantPermissions(['local-network-access'], {origin: SITE});
  const page = await context.newPage();
  await page.goto(SITE);
  await page.waitForFunction(() => 'sdk' in window);
  return page;
}

/**
 * Makes the page's agent: `window.agent`.
 * @param {Page} page
 * @param {object} [options] of the constructor
 */
export async function makeAgent(page, options = {}) {
  await page.evaluate(given => {
    const agent = new window.sdk.Ukeyd(given);
    Object.assign(window, {agent, events: [], seen: [], hints: []});
    agent.onevent = event => window.events.push(event);
    agent.onpermission = hint => void window.hints.push(hint);
  }, options);
}

/**
 * Calls a method of `window.agent`: {value}, or {error} with what a UkeydError says.
 * @param {Page} page
 * @param {string} method
 * @param {...unknown} values onprogress is added to the last, an object
 */
export function call(page, method, ...values) {
  return page.evaluate(
    async ([name, given]) => {
      const last = /** @type {any} */ (given.at(-1));
      if (last && typeof last === 'object') last.onprogress = operation => window.seen.push(operation);
      try {
        return {value: (await window.agent[name](...given)) ?? null};
      } catch (error) {
        const {code, title, detail, remedy, operation, message, name: type} = error;
        if (!(error instanceof window.sdk.UkeydError)) throw error;
        return {error: {code, title, detail, remedy, operation, message, type}};
      }
    },
    /** @type {const} */ ([method, values]),
  );
}
