// Keys of both families on the platform's pages: side by side, and what only a PIV token brings about.

import assert from 'node:assert/strict';
import {faults} from './lib/axe.mjs';
import {answer, dialog, logIn, message, WORK_MS} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

const RENEWED = '续费成功、请您进行CA签章延期!';
const KEPT = `${RENEWED}本CA锁没有位置存放第二个签名密钥，已沿用原密钥。`;
const LONG_SERIAL = 'piv-plain'; // it tells a GUID
const KEYS = [
  {profile: 'gmt0017-2012', kind: 'CA锁'},
  {profile: 'piv-full', kind: 'PIV令牌'},
  {profile: LONG_SERIAL, kind: 'PIV令牌'},
];

/** @param {Test} t @param {string} path @param {object} [size] */
async function bidder(t, path, size) {
  await t.world.user({login: 'bidder'});
  const page = await t.page(size);
  await logIn(page, 'bidder', path);
  return page;
}

/** The page's question, confirmed. @param {Page} page @param {string} number of the order */
async function renew(page, number) {
  await page.getByRole('button', {name: new RegExp(`^延期 .*${number}$`)}).click();
  await answer(page, '确认');
}

const SIZES = [{width: 1366, height: 768}, {width: 360, height: 740}];

test('the lists name each key by its kind and serial number', async t => {
  const made = [];
  for (const {profile, kind} of KEYS) made.push({kind, ...(await t.world.card({profile, plugged: false}))});
  for (const size of SIZES) {
    const page = await bidder(t, '/keys', size);
    for (const {serial, kind} of made) {
      const row = page.getByRole('row').filter({hasText: serial});
      await row.getByText(kind, {exact: true}).waitFor();
    }
    assert.deepEqual(await faults(page, '/keys'), []);
    await page.goto(`${ORIGIN}/orders/new`);
    for (const {serial, kind} of made) await page.getByText(`${kind} 介质硬件号 ${serial}`).waitFor();
    assert.deepEqual(await faults(page, '/orders/new'), []);
  }
});

test('a serial number of 32 digits fits onto every page', async t => {
  const {serial} = await t.world.card({profile: LONG_SERIAL, plugged: false});
  await t.world.seal_record({serial});
  const number = await t.world.order({serial});
  for (const size of SIZES) {
    const page = await bidder(t, '/keys', size);
    for (const path of [`/orders/${number}`, '/keys', `/keys/${serial}/seal`, '/resets']) {
      await page.goto(ORIGIN + path);
      await page.getByText(serial).first().waitFor();
      assert.deepEqual(await faults(page, path), []);
    }
  }
});

test('with a key of each family plugged in, the one of the order is renewed', async t => {
  const {serial: other} = await t.world.card({profile: 'gmt0017-2012'});
  const {serial} = await t.world.card({profile: 'piv-full', slot: 1});
  const number = await t.world.order({serial});
  await t.world.agent();
  const page = await bidder(t, '/orders');
  await renew(page, number);
  assert.equal(await message(page), RENEWED);
  const active = async of => (await t.world.certificates({serial: of})).filter(one => one.order);
  assert.equal((await active(serial)).length, 1);
  assert.equal((await active(other)).length, 0);
  const [shown] = await t.world.dialogs_shown();
  assert.ok(shown.SETDESC.includes(serial), shown.SETDESC);
});

test('the check of this computer names each key, with the certificate that is in use', async t => {
  const {serial} = await t.world.card({profile: 'gmt0017-2012'});
  const {serial: other} = await t.world.card({profile: 'piv-full', slot: 1});
  const number = await t.world.order({serial, key: 'replace'});
  await t.world.agent();
  const page = await bidder(t, '/orders');
  await renew(page, number);
  assert.equal(await message(page), RENEWED);
  await page.goto(`${ORIGIN}/help`);
  await page.getByRole('button', {name: '开始检测'}).click();
  const line = of => page.locator('.notice', {hasText: of});
  await line(`PIV令牌 ${other}`).waitFor();
  const text = await line(`CA锁 ${serial}`).innerText();
  const {not_after: end} = (await t.world.operations())[0].result;
  const day = await page.evaluate(at => new Date(at).toLocaleDateString('sv'), end); // 2026-11-23
  assert.ok(text.includes(day), `${text} instead of ${day}`);
  assert.deepEqual(await faults(page, '/help'), []);
});

test('a token without room for a second key is renewed with the present one, and the page says why', async t => {
  const {serial} = await t.world.card({profile: 'piv-plain'});
  const number = await t.world.order({serial, key: 'replace'});
  await t.world.agent();
  const page = await bidder(t, '/orders');
  await renew(page, number);
  assert.equal(await message(page), KEPT);
});

test('a token that holds no seal: the page says so, and nothing is made', async t => {
  const {serial} = await t.world.card({profile: 'piv-plain'});
  await t.world.seal_record({serial});
  await t.world.agent();
  const page = await bidder(t, `/keys/${serial}/seal`);
  await page.getByRole('button', {name: '签章延期'}).click();
  await answer(page, '确认');
  await dialog(page).getByText('代码：seal-missing').waitFor({timeout: WORK_MS});
  assert.deepEqual((await t.world.key_show({serial})).files, []);
});
