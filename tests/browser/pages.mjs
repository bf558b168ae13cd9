// Every page in its states: accessible, in both languages, on a phone and on an office screen.

import assert from 'node:assert/strict';
import {faults} from './lib/axe.mjs';
import {dialog, logIn, PASSWORD} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

const SIZES = [{width: 1366, height: 768}, {width: 360, height: 740}];
const LANGUAGES = ['zh-CN', 'en'];
const REASON = '营业执照已过期，请重新上传。';

// ---- what there is to see ----

/** Orders in every state, of a key each; their numbers by state. @param {Test} t */
async function ordersInEveryState(t) {
  const steps = {draft: [], waiting: ['pay', 'submit'], approved: ['pay', 'submit', 'approve'], rejected: ['pay', 'submit', 'reject']};
  /** @type {Record<string, string>} */
  const numbers = {};
  for (const [state, todo] of Object.entries(steps)) {
    const {serial} = await t.world.card({plugged: false});
    const {order} = await t.world.portal({words: ['order', 'add', '--serial', serial]});
    for (const step of todo) {
      const reason = step === 'reject' ? ['--reason', REASON] : [];
      await t.world.portal({words: ['order', step, '--order', order, ...reason]});
    }
    numbers[state] = order;
    numbers.serial = serial;
  }
  return numbers;
}

/** @param {Test} t */
async function people(t) {
  await t.world.user({login: 'bidder'});
  await t.world.user({login: 'reviewer', role: 'reviewer'});
  await t.world.user({login: 'admin', role: 'administrator'});
}

/** Role -> pages, by what the address shows. @param {Record<string, string>} numbers */
function addresses(numbers) {
  const {draft, waiting, approved, rejected, serial} = numbers;
  return {
    '': ['/login', '/login?next=%2Fkeys&ended=1', '/help'],
    bidder: [
      '/orders', '/orders?search=nothing-like-it', '/orders/new', `/orders/${draft}`, `/orders/${waiting}`,
      `/orders/${approved}`, `/orders/${rejected}`, '/orders/no-such-order', '/keys', `/keys/${serial}/seal`,
      '/resets', '/account', '/help',
    ],
    reviewer: ['/review', `/review/${waiting}`, `/review/${approved}`, '/orders', '/keys', '/resets'],
    admin: ['/users', '/users?tab=organisations', '/audit', '/account'],
  };
}

/** Role -> what opens over a page: [address, button]. */
function dialogs(numbers) {
  return {
    bidder: [['/orders', '[aria-label*="' + numbers.approved + '"].primary']],
    reviewer: [[`/review/${numbers.waiting}`, '.button.danger'], [`/review/${numbers.waiting}`, '.foot .button.primary']],
    admin: [['/users', '.actions .button.primary']],
  };
}

// ---- accessibility ----

/** The page of an address; it must have loaded, unless its record is missing. @param {Page} page */
async function show(page, address) {
  await page.goto(ORIGIN + address);
  await page.locator('main h1').first().waitFor();
  await page.locator('.skeleton').waitFor({state: 'detached'});
  const failed = await page.locator('main .notice.bad .code').allInnerTexts();
  if (!address.includes('no-such')) assert.deepEqual(failed, [], address);
}

/** A window in which somebody is logged in, in a language. */
async function windowOf(t, login, language) {
  const page = await t.page({language});
  await page.addInitScript(chosen => localStorage.setItem('language', chosen), language);
  if (login) await enter(page, login);
  return page;
}

/** Logs in whatever the language is. @param {Page} page @param {string} login */
async function enter(page, login) {
  await page.goto(`${ORIGIN}/login`);
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.locator('input[name=password]').press('Enter');
  await page.waitForURL(url => url.pathname !== '/login');
}

/** The faults of what the page shows now, in each size. @param {Page} page */
async function faultsInSizes(page, where) {
  const found = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    found.push(...(await faults(page, `${where}, ${size.width} px`)));
  }
  return found;
}

/** The faults of a role's pages and dialogs. */
async function faultsOf(t, login, language, numbers) {
  const page = await windowOf(t, login, language);
  const found = [];
  for (const address of addresses(numbers)[login]) {
    await show(page, address);
    found.push(...(await faultsInSizes(page, address)));
  }
  for (const [address, opener] of dialogs(numbers)[login] ?? []) {
    await show(page, address);
    await page.locator(opener).first().click();
    await dialog(page).waitFor();
    found.push(...(await faultsInSizes(page, `${address} ${opener}`)));
  }
  return found;
}

for (const language of LANGUAGES) {
  test(`every page is accessible and fits, on a phone and in an office: ${language}`, async t => {
    t.expectProblem(/status of 404/); // of the order that does not exist
    const numbers = await ordersInEveryState(t);
    await people(t);
    const roles = Object.keys(addresses(numbers));
    const found = await Promise.all(roles.map(role => faultsOf(t, role, language, numbers)));
    assert.deepEqual(found.flat(), []);
  });
}

test('what is wrong with a page is found', async t => {
  const page = await t.page();
  await show(page, '/login');
  await page.evaluate(() => {
    const wide = document.createElement('img');
    wide.style.width = '2000px'; // by script: the page's policy is about markup
    document.querySelector('main').append(wide);
  });
  const found = await faults(page, 'broken');
  assert.ok(found.some(fault => fault.includes('image-alt')), found.join('\n'));
  assert.ok(found.some(fault => fault.includes('scrolls sideways')), found.join('\n'));
});
