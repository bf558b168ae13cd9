// How the pages behave in a person's hands: keyboard, languages, lost sessions, the way back, long lists,
// texts that look like markup, and steps out of their order.

import assert from 'node:assert/strict';
import {answer, dialog, logIn, newOrder, PASSWORD} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

const MANY = 100_000;
const TABS_MAX = 60;

/** A bidder's page, logged in. The organisation is the case's own unless it is that of the keys. */
async function bidder(t, path = '/orders', options = {}) {
  const page = await t.page(options);
  await t.world.user({login: 'bidder'});
  await logIn(page, 'bidder', path);
  return page;
}

/** @param {Test} t @param {string[]} steps */
async function order(t, steps = [], person = {}) {
  const {serial} = await t.world.card({plugged: false, ...person});
  const {order: number} = await t.world.portal({words: ['order', 'add', '--serial', serial]});
  for (const step of steps) {
    const reason = step === 'reject' ? ['--reason', '材料不全'] : [];
    await t.world.portal({words: ['order', step, '--order', number, ...reason]});
  }
  return {serial, number};
}

// ---- keyboard ----

/** Presses Tab until the element with the focus has this text or label. @param {Page} page */
async function tabTo(page, text) {
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    const found = await page.evaluate(() => {
      const element = /** @type {HTMLInputElement} */ (document.activeElement);
      const label = element?.labels?.[0]?.textContent ?? '';
      return `${element?.textContent} ${element?.getAttribute('aria-label')} ${label}`;
    });
    if (found.includes(text)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${TABS_MAX} tabs do not lead to ${text}`);
}

test('log-in and a new order by keyboard alone', async t => {
  await t.world.user({login: 'bidder'});
  const {serial} = await t.world.card({plugged: false});
  const page = await t.page();
  await page.goto(ORIGIN);
  await page.getByRole('button', {name: '登录'}).waitFor();
  await tabTo(page, '用户登录名');
  await page.keyboard.type('bidder');
  await tabTo(page, '登录密码');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', {name: '新增'}).waitFor();
  await tabTo(page, '新增');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: '新增订单'}).waitFor();
  await tabTo(page, serial);
  await page.keyboard.press('Space');
  await tabTo(page, '新增订单');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {name: '延期续费订单'}).waitFor();
  await page.getByText(serial).waitFor();
});

test('Escape closes a question, and the focus goes back to its button', async t => {
  await order(t, ['pay', 'submit', 'approve']);
  const page = await bidder(t);
  const renew = page.locator('td .button.primary:not([disabled])').first();
  await renew.focus();
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({state: 'detached'});
  // The list is drawn anew meanwhile: what counts is where the focus ends.
  await page.waitForFunction(() => document.activeElement?.matches('td .button.primary:not([disabled])'));
});

// ---- languages ----

test('the language is switched on the page, and stays', async t => {
  const page = await bidder(t);
  await page.getByRole('button', {name: 'English'}).click();
  await page.getByRole('heading', {name: 'CA services'}).waitFor();
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  await page.reload();
  await page.getByRole('link', {name: 'New order'}).waitFor();
  await page.waitForFunction(() => document.title === 'Renewal');
  await page.getByRole('button', {name: '中文'}).click();
  await page.getByRole('link', {name: '新增'}).waitFor();
});

// ---- sessions ----

test('a session that ends while somebody types loses nothing', async t => {
  t.expectProblem(/status of 401/);
  const {number} = await order(t);
  const page = await bidder(t, `/orders/${number}`);
  await page.getByLabel('发票抬头').fill('没有保存的抬头');
  await page.getByLabel('纳税人识别号').fill('91370100MA3TEST00X');
  await t.world.end_sessions();
  await page.getByRole('button', {name: '保存'}).click();
  await dialog(page).getByText('登录已失效').waitFor();
  await dialog(page).getByLabel('登录密码').fill(PASSWORD);
  await answer(page, '登录');
  await page.getByText('已保存。').waitFor();
  await page.reload();
  assert.equal(await page.getByLabel('发票抬头').inputValue(), '没有保存的抬头');
});

test('without a session a page leads to the log-in and back to itself', async t => {
  t.expectProblem(/status of 401/);
  const page = await bidder(t, '/keys');
  await t.world.end_sessions();
  await page.goto(`${ORIGIN}/resets`);
  await page.getByLabel('登录密码').waitFor();
  await page.getByLabel('用户登录名').fill('bidder');
  await page.getByLabel('登录密码').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {name: 'CA锁密码重置'}).waitFor();
});

// ---- the way back ----

test('back and forward lead through lists, searches and orders', async t => {
  const {number} = await order(t);
  const page = await bidder(t);
  await page.getByRole('searchbox').fill(number);
  await page.keyboard.press('Enter');
  await page.waitForURL(/search=/);
  await page.getByRole('link', {name: new RegExp(`^查看 .*${number}$`)}).click();
  await page.getByRole('heading', {name: '延期续费订单'}).waitFor();
  await page.goBack();
  await page.getByRole('link', {name: new RegExp(`^查看 .*${number}$`)}).waitFor();
  await page.waitForFunction(
    wanted => document.querySelector('input[type=search]')['value'] === wanted,
    number,
  );
  await page.goBack();
  await page.locator('input[type=search]:placeholder-shown').waitFor();
  await page.goForward();
  await page.goForward();
  await page.getByRole('heading', {name: '延期续费订单'}).waitFor();
});

// ---- long lists ----

/** Does something, and waits until the page shows something new. @param {Page} page */
async function renewed(page, act) {
  await page.evaluate(() => document.querySelector('main > *').setAttribute('data-old', ''));
  await act();
  await page.locator('[data-old]').waitFor({state: 'detached'});
  await page.locator('.skeleton').waitFor({state: 'detached'});
}

/** @param {Page} page @param {string} text */
async function search(page, text) {
  await page.getByRole('searchbox').fill(text);
  await renewed(page, () => page.keyboard.press('Enter'));
}

test('a list of 100,000 orders pages and searches', async t => {
  const {number} = await order(t, ['pay', 'submit', 'approve']);
  await t.world.many_orders({order: number, count: MANY});
  const page = await bidder(t);
  const first = page.getByRole('link', {name: new RegExp('^查看 .*Z000100000$')});
  await first.waitFor();
  await page.getByRole('link', {name: '下一页'}).click();
  await first.waitFor({state: 'detached'});
  await page.getByRole('link', {name: '上一页'}).click();
  await first.waitFor();
  await search(page, '阳光测试');
  await first.waitFor();
  await renewed(page, () => page.getByRole('combobox', {name: '审核状态'}).selectOption('审核通过'));
  await first.waitFor();
  await search(page, '没有这样的单位');
  await page.getByText('没有符合条件的记录。').waitFor();
});

// ---- markup ----

const MARKUP = '<img src=x onerror=broken=1>'; // a certificate's names have 64 characters at most

test('texts that look like markup are shown as texts', async t => {
  const organisation = `单位${MARKUP}`;
  const holder = `姓名${MARKUP}`;
  const {serial, number} = await order(t, ['pay', 'submit'], {organisation, holder});
  await t.world.portal({words: ['order', 'reject', '--order', number, '--reason', `原因${MARKUP}`]});
  await t.world.user({login: 'markup', name: MARKUP, organisation});
  const page = await t.page();
  await logIn(page, 'markup');
  await page.locator('main').getByText(MARKUP).first().waitFor();
  await page.goto(`${ORIGIN}/orders/${number}`);
  await page.getByText(`原因${MARKUP}`).first().waitFor();
  for (const path of ['/orders/new', '/keys', `/keys/${serial}/seal`, '/resets', '/account']) {
    await page.goto(ORIGIN + path);
    await page.locator('main').getByText('<img src=x').first().waitFor();
  }
  assert.equal(await page.evaluate(() => 'broken' in window), false);
  assert.equal(await page.locator('main img').count(), 0);
});

// ---- steps out of order ----

/** What the interface answers to the page's own script. */
function post(page, path, body = {}) {
  return page.evaluate(
    async ([asked, content]) => {
      const session = await (await fetch('/web/v1/session')).json();
      const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf};
      const got = await fetch(`/web/v1${asked}`, {method: 'POST', headers, body: JSON.stringify(content)});
      const text = await got.text();
      return got.ok ? 'done' : JSON.parse(text).code;
    },
    /** @type {const} */ ([path, body]),
  );
}

const RENEW = {kind: 'renew'};

test('steps that are not next are refused, whatever a script sends', async t => {
  t.expectProblem(/status of 4(03|04|09)/);
  const draft = (await order(t)).number;
  const paid = (await order(t, ['pay'])).number;
  const waiting = (await order(t, ['pay', 'submit'])).number;
  const rejected = (await order(t, ['pay', 'submit', 'reject'])).number;
  const approved = (await order(t, ['pay', 'submit', 'approve'])).number;
  const foreign = (await order(t, ['pay', 'submit', 'approve'], {organisation: '别的单位有限公司'})).number;
  const page = await bidder(t);
  const refused = {
    'submit unpaid': await post(page, `/orders/${draft}/submit`),
    'submit twice': await post(page, `/orders/${waiting}/submit`),
    'submit approved': await post(page, `/orders/${approved}/submit`),
    'pay again': await post(page, `/orders/${paid}/payment`),
    'pay approved': await post(page, `/orders/${approved}/payment`),
    'renew unpaid': await post(page, `/orders/${draft}/ticket`, RENEW),
    'renew unsubmitted': await post(page, `/orders/${paid}/ticket`, RENEW),
    'renew unapproved': await post(page, `/orders/${waiting}/ticket`, RENEW),
    'renew rejected': await post(page, `/orders/${rejected}/ticket`, RENEW),
    'renew foreign': await post(page, `/orders/${foreign}/ticket`, RENEW),
    'approve oneself': await post(page, `/orders/${waiting}/approve`),
    'reject oneself': await post(page, `/orders/${waiting}/reject`, {reason: 'x'}),
  };
  assert.deepEqual(Object.entries(refused).filter(([, code]) => code === 'done'), []);
  assert.equal(refused['renew foreign'], 'no-such-record');
  assert.equal(refused['approve oneself'], 'role-refused');
  assert.equal(await post(page, `/orders/${approved}/ticket`, RENEW), 'done');
});

test('an order that a key has confirmed is finished', async t => {
  t.expectProblem(/status of 409/);
  const {serial} = await t.world.card({});
  await t.world.agent();
  const {order: number} = await t.world.portal({words: ['order', 'add', '--serial', serial]});
  for (const step of ['pay', 'submit', 'approve']) await t.world.portal({words: ['order', step, '--order', number]});
  const page = await bidder(t);
  await page.getByRole('button', {name: new RegExp(`^延期 .*${number}$`)}).click();
  await answer(page, '确认');
  await page.locator('[data-message]').waitFor();
  await answer(page, '确定');
  assert.notEqual(await post(page, `/orders/${number}/ticket`, RENEW), 'done');
  await page.getByRole('button', {name: new RegExp(`^延期 .*${number}$`)}).waitFor({state: 'detached'});
});
