// What can go wrong around a page: the line, other tabs, other people, addresses that lead nowhere.

import assert from 'node:assert/strict';
import {answer, dialog, logIn} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

/** A bidder's page, logged in. @param {Test} t @param {string} [path] */
async function bidder(t, path = '/orders') {
  await t.world.user({login: 'bidder'});
  const page = await t.page();
  await logIn(page, 'bidder', path);
  await page.locator('main .list, main .panel').first().waitFor();
  return page;
}

/** Another tab of the same browser. @param {Page} page @param {string} path */
async function tab(page, path) {
  const other = await page.context().newPage();
  await other.goto(ORIGIN + path);
  await other.getByRole('button', {name: '退出登录'}).waitFor();
  return other;
}

/** The page's own links, not that in the corner. @param {Page} page @param {string} name */
const go = (page, name) => page.locator('#nav').getByRole('link', {name}).click();

test('after the log-in nobody is led to another site', async t => {
  const page = await bidder(t);
  for (const next of ['/\\evil.example', '//evil.example', '/\t/evil.example', '/.//evil.example', 'https://evil.example/', 'javascript:alert(1)']) {
    await page.goto(`${ORIGIN}/login?next=${encodeURIComponent(next)}`);
    await page.getByRole('heading', {name: 'CA办理'}).waitFor();
    assert.equal(page.url(), `${ORIGIN}/orders`, next);
  }
  await page.goto(`${ORIGIN}/login?next=${encodeURIComponent('/keys?search=x#y')}`);
  await page.waitForURL(`${ORIGIN}/keys?search=x#y`);
});

test('a page whose parts can not be fetched says so, and comes later', async t => {
  t.expectProblem(/ERR_INTERNET_DISCONNECTED/);
  const page = await bidder(t);
  await page.context().setOffline(true);
  await go(page, '下载与帮助');
  await page.getByText('连接不到平台').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', {name: '重试'}).click();
  await page.getByRole('heading', {name: '下载与帮助'}).waitFor();
});

test('who clicks on while a page is slow sees the page of the last click', async t => {
  const page = await bidder(t);
  /** @type {() => void} */
  let arrive;
  const arrived = new Promise(resolve => (arrive = () => resolve(undefined)));
  await page.route('**/assets/view_help.js', async route => {
    await arrived;
    await route.continue();
  });
  await go(page, '下载与帮助');
  await go(page, '我的账户');
  await page.getByRole('heading', {name: '我的账户'}).waitFor();
  const late = page.waitForResponse('**/assets/view_help.js');
  arrive();
  await late;
  await page.evaluate(module => import(module), '/assets/view_help.js'); // once it is there
  assert.equal(await page.getByRole('heading', {level: 1}).innerText(), '我的账户');
});

test('who logs out in one tab is logged out in all', async t => {
  const page = await bidder(t, '/account');
  const other = await tab(page, '/orders');
  await other.getByRole('button', {name: '退出登录'}).click();
  await page.getByRole('heading', {name: '登录', exact: true}).waitFor();
  await page.getByText('李四').first().waitFor({state: 'detached'});
});

test('what one person typed is neither shown to the next one nor saved for them', async t => {
  t.expectProblem(/status of 401/);
  const page = await bidder(t, '/account');
  await page.getByLabel('所在部门').fill('李四的部门');
  await t.world.end_sessions();
  await t.world.user({login: 'next', name: '王二'});
  const other = await page.context().newPage();
  await logIn(other, 'next');
  await page.locator('header').getByText('王二').waitFor();
  await page.goto(`${ORIGIN}/account`);
  await page.getByLabel('所在部门').waitFor();
  assert.equal(await page.getByLabel('所在部门').inputValue(), '');
});

test('what an invoice can not hold is marked before anything is sent', async t => {
  const {serial} = await t.world.card({plugged: false});
  const {order} = await t.world.portal({words: ['order', 'add', '--serial', serial]});
  const page = await bidder(t, `/orders/${order}`);
  const wrong = {发票抬头: '汉'.repeat(86), 纳税人识别号: '9137-0100', 接收发票的邮箱: 'nobody'};
  for (const [label, text] of Object.entries(wrong)) await page.getByLabel(label).fill(text);
  for (const name of ['保存', '1.网上支付', '2.刷新支付状态']) {
    await page.getByRole('button', {name}).click();
    for (const label of Object.keys(wrong)) {
      const input = page.getByLabel(label).and(page.locator('[aria-invalid=true]'));
      await input.evaluate(element => element.removeAttribute('aria-invalid')); // once it is there
    }
  }
  await page.getByLabel('发票抬头').fill('');
  await page.getByLabel('纳税人识别号').fill('91370100MA3TEST00X');
  await page.getByLabel('接收发票的邮箱').fill('');
  await page.getByRole('button', {name: '保存'}).click(); // what is missing can follow
  await page.getByText('已保存。').waitFor();
});

test('a refused reset tells the bidder why', async t => {
  const {serial} = await t.world.card({plugged: false, managed: true});
  await t.world.portal({words: ['reset', 'policy', '--approval', 'reviewer']});
  await t.world.user({login: 'shenhe', role: 'reviewer', name: '王五'});
  await t.world.agent();
  const page = await bidder(t, '/resets');
  await page.getByRole('button', {name: new RegExp(`^重置ca锁密码 .*${serial}$`)}).click();
  await answer(page, '确认');
  await dialog(page).getByText('已提交重置申请').waitFor();
  await answer(page, '确定');
  await page.getByText('待审核').waitFor();
  const reviewer = await t.page();
  await logIn(reviewer, 'shenhe', '/resets');
  await reviewer.getByRole('button', {name: new RegExp(`^不同意重置 .*${serial}$`)}).click();
  await dialog(reviewer).getByLabel('原因').fill('电话核实不符');
  await answer(reviewer, '不同意');
  await reviewer.getByText('已拒绝重置申请。').waitFor();
  await page.reload();
  await page.getByText('未同意').waitFor();
  await page.getByText('原因：电话核实不符').waitFor();
});

test('an agent that ends in the middle is told, and found again', async t => {
  t.expectProblem(/net::ERR_|Permission was denied for this request/);
  await t.world.card({});
  await t.world.agent({plan: ['hang']});
  const page = await bidder(t, '/keys');
  await page.getByRole('button', {name: '修改CA锁密码'}).click();
  await answer(page, '确认');
  await dialog(page).getByText('请在驱动弹出的窗口中操作').waitFor();
  await t.world.agent_kill();
  await t.world.agent_start();
  await dialog(page).locator('.notice.bad .code').waitFor({timeout: 30_000});
  await t.world.replan({plan: ['cancel']});
  await answer(page, '重试');
  await dialog(page).getByText('代码：prompt-cancelled').waitFor({timeout: 30_000});
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({state: 'detached'});
});
