// What browsers think of the agent's certificate before and after `ukeyctl trust`, each with a HOME of its
// own and started anew each time: they read trust when they start.

import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';
import {chromiumFlags, launchFirefox} from './lib/browsers.mjs';
import {SITE, call, makeAgent, sdkPage, startAgent} from './lib/sdk_page.mjs';
import {test} from './lib/suite.mjs';

const AGENT = 'https://127.0.0.1:27510';
const AGENT_NAMES = [AGENT, 'https://localhost:27510', 'https://[::1]:27510'];
const IMPOSTORS = ['https://other.test:8455', 'https://other.test:8456', 'https://127.0.0.1:8457'];
const OLD = '.pki/nssdb';
const NEW = '.local/share/pki/nssdb';
const CHROMIUM_REFUSES = /ERR_CERT_|ERR_SSL_/;
const FIREFOX_REFUSES = /about:certerror\?e=nssBadCert|about:neterror\?e=nssFailure2/;
const FIREFOX_WAS_ANSWERED = /about:neterror\?e=serverError/; // an HTTP status without a body

/** @typedef {import('./lib/suite.mjs').Test} Test */

/** Firefox tells the reason on its error page alone. @param {import('playwright-core').Page} page */
function errorPage(page) {
  return page.evaluate(() => document.documentURI).catch(error => String(error));
}

/**
 * What the browser says of each address: "trusted", or the error.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string[]} addresses
 */
async function looks(context, addresses) {
  const found = [];
  for (const address of addresses) {
    const page = await context.newPage();
    const said = await page.goto(`${address}/`, {waitUntil: 'commit'}).then(
      answer => (answer ? 'trusted' : 'nothing'),
      async error => `${String(error.message).split('\n')[0]} ${await errorPage(page)}`,
    );
    found.push(FIREFOX_WAS_ANSWERED.test(said) ? 'trusted' : said);
    await page.close();
  }
  return found;
}

/** A Chromium that was just started. @param {string} home @param {string[]} [addresses] */
async function inChromium(home, addresses = [AGENT]) {
  const env = {PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8'};
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', env, args: chromiumFlags()});
  try {
    return await looks(await browser.newContext(), addresses);
  } finally {
    await browser.close();
  }
}

/** A Firefox that was just started, with the profile of this HOME. @param {string} home @param {string[]} [addresses] */
async function inFirefox(home, addresses = [AGENT]) {
  const context = await launchFirefox(`${home}/.mozilla/firefox/test.default`, true, home);
  try {
    return await looks(context, addresses);
  } finally {
    await context.close();
  }
}

/** @param {string[]} said @param {RegExp} refusal */
function assertRefused(said, refusal) {
  for (const one of said) assert.match(one, refusal);
}

/** @param {string[]} said */
function assertTrusted(said) {
  assert.deepEqual([...new Set(said)], ['trusted']);
}

/**
 * `ukeyctl trust`, which must succeed; {browser: state} of what it prints.
 * @param {Test} t
 * @param {string} home
 * @param {string[]} words
 */
async function trust(t, home, words) {
  const {status, text} = await t.world.trust({words, home, system: words.includes('--system')});
  assert.equal(status, 0, text);
  const {browsers = [], system = []} = JSON.parse(text);
  return Object.fromEntries([...browsers, ...system].map(row => [row.browser, row.state]));
}

for (const [layout, databases] of Object.entries({
  'no database': [],
  'the old database': [OLD],
  'the new database': [NEW],
  'both databases': [OLD, NEW],
})) {
  test(`Chromium with ${layout}`, async t => {
    await t.world.agent();
    const home = await t.world.bare_home({name: layout.replaceAll(' ', '-'), databases});
    const before = await t.world.trust_snapshot({home});
    assert.equal((await trust(t, home, ['install'])).chromium, 'trusted');
    assertTrusted(await inChromium(home, AGENT_NAMES));
    assert.equal((await trust(t, home, ['remove'])).chromium, 'missing');
    assert.deepEqual(await t.world.trust_snapshot({home}), before);
    assertRefused(await inChromium(home, AGENT_NAMES), CHROMIUM_REFUSES);
  });
}

test('Chromium that has made a database of its own', async t => {
  await t.world.agent();
  const home = await t.world.bare_home({name: 'fresh'});
  assertRefused(await inChromium(home, AGENT_NAMES), CHROMIUM_REFUSES);
  await trust(t, home, ['install']);
  assertTrusted(await inChromium(home, AGENT_NAMES));
  await trust(t, home, ['remove']);
  assertRefused(await inChromium(home), CHROMIUM_REFUSES);
});

test("the agent's key vouches for nothing else in Chromium", async t => {
  await t.world.agent();
  await t.world.impostors({first_port: 8455});
  const home = await t.world.bare_home({name: 'impostors', databases: [OLD]});
  await trust(t, home, ['install']);
  assertTrusted(await inChromium(home));
  assertRefused(await inChromium(home, IMPOSTORS), CHROMIUM_REFUSES);
});

test('two installations share no key', async t => {
  await t.world.agent();
  const home = await t.world.bare_home({name: 'first'});
  const first = await t.world.agent_key();
  await trust(t, home, ['install']);
  await t.world.agent_stop();
  await t.world.fresh_identity();
  await t.world.agent_start();
  assert.notEqual(await t.world.agent_key(), first);
  assertRefused(await inChromium(home), CHROMIUM_REFUSES);
});

test("Firefox by the policy and the user's folder", async t => {
  await t.world.private_machine();
  await t.world.agent();
  await t.world.impostors({first_port: 8455});
  const home = await t.world.bare_home({name: 'firefox'});
  const folders = ['.pki', '.local', '.mozilla/certificates'];
  const before = await t.world.trust_snapshot({home, folders});
  assertRefused(await inFirefox(home, AGENT_NAMES), FIREFOX_REFUSES);
  assert.equal((await trust(t, home, ['install'])).firefox, 'no-policy');
  assert.equal((await trust(t, home, ['install', '--system'])).firefox, 'trusted');
  assert.equal((await trust(t, home, ['status']))['firefox-profile'], 'restart');
  assertTrusted(await inFirefox(home, AGENT_NAMES));
  assertRefused(await inFirefox(home, IMPOSTORS), FIREFOX_REFUSES);
  assert.equal((await trust(t, home, ['status']))['firefox-profile'], 'trusted');
  await trust(t, home, ['remove']);
  assertRefused(await inFirefox(home, AGENT_NAMES), FIREFOX_REFUSES);
  await trust(t, home, ['remove', '--system']);
  assert.deepEqual(await t.world.trust_snapshot({home, folders}), before);
  assertRefused(await inFirefox(home), FIREFOX_REFUSES);
});

test('the SDK connects by https, and no question is asked under the policy', async t => {
  await t.world.private_machine();
  await startAgent();
  const home = await t.world.bare_home({name: 'sdk', databases: [OLD], certificates: true});
  await trust(t, home, ['install']);
  await trust(t, home, ['install', '--system']);
  const page = await sdkPage(t, {home, allowed: false});
  await makeAgent(page);
  const {error} = await call(page, 'connect');
  assert.equal(error, undefined, JSON.stringify(error));
  assert.equal(await page.evaluate(() => window.agent.address), AGENT);
  assert.equal(await page.evaluate(() => window.agent.notice), null);
  assert.equal(page.url(), `${SITE}/`);
  await trust(t, home, ['remove', '--system']);
});
