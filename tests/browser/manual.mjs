// The whole manual as a person clicks through it, with real PIN dialogs; its screenshots are the manual's.

import assert from 'node:assert/strict';
import {X509Certificate} from 'node:crypto';
import {faults} from './lib/axe.mjs';
import {
  answer, approve, attach, dialog, fillInvoice, goAndPay, logIn, message, newOrder, payThere, WORK_MS,
} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

const PIN = '528491', WRONG_PIN = '000001', INITIAL_PIN = '123456', NEW_PIN = '737465';

/**
 * Each with a company of its own. serial: as they look on such keys; certificates: so many are on one; drawn: the
 * manual's pictures show it.
 */
const KEYS = [
  {
    name: 'a GM/T key', profile: 'gmt0017-2012', serial: '202611220303', certificates: 2, seal: true,
    login: 'yangguang', organisation: '阳光测试有限公司', drawn: true,
  },
  {
    name: 'a PIV token', profile: 'piv-full', serial: '16053344', certificates: 1, seal: true,
    login: 'chaoyang', organisation: '朝阳测试有限公司', drawn: false,
  },
  {
    name: 'a PIV token that holds no seal', profile: 'piv-plain', serial: '2F0A5D7E91C34B68A0D1E2F304152637',
    certificates: 1, seal: false, login: 'mingyue', organisation: '明月测试有限公司', drawn: false,
  },
];
const LIST = '/orders';
const WINDOW = {width: 1024, height: 600}; // of the manual's pictures

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

/**
 * What the page shows now: a picture, and nothing that axe-core finds wrong.
 * @param {Test} t @param {Page} page @param {string} name
 */
async function show(t, page, name) {
  await t.picture(page, name);
  assert.deepEqual(await faults(page, name), []);
}

/** 一、订单提交. @param {Test} t @param {Page} page */
async function submitOrder(t, page) {
  await show(t, page, 'orders-empty');
  const number = await newOrder(page);
  await fillInvoice(page);
  await attach(page);
  await show(t, page, 'order-invoice');
  await page.evaluate(() => scrollTo(0, 0));
  await show(t, page, 'order');
  await goAndPay(page);
  await show(t, page, 'payment');
  await payThere(page);
  await page.getByRole('button', {name: '2.刷新支付状态'}).click();
  await dialog(page).getByText('支付成功').waitFor();
  await show(t, page, 'payment-refreshed');
  await answer(page, '确定');
  await page.getByRole('button', {name: '3.提交信息'}).click();
  await page.getByText('订单已提交，请等待审核。').waitFor();
  await page.getByRole('button', {name: '关闭'}).click();
  await show(t, page, 'order-submitted');
  return number;
}

/** The reviewer's desk, in a window of its own. @param {Test} t @param {string} number */
async function review(t, number) {
  const page = await t.page(WINDOW);
  await logIn(page, 'shenhe');
  await approve(page, number);
}

/**
 * Confirms in the page and types the PIN into the agent's own window.
 * @param {Test} t @param {Page} page @param {string} [picture] of the window
 */
async function confirmWithPin(t, page, picture) {
  await answer(page, '确认');
  if (picture) {
    await t.screen(picture);
    await dialog(page).getByText('请在驱动弹出的窗口中操作').waitFor();
    await show(t, page, `${picture}-page`);
  }
  await t.world.type_pin({pin: PIN});
}

/** 三、延期. @param {Test} t @param {Page} page */
async function renew(t, page) {
  await page.goto(ORIGIN + LIST);
  await page.locator('.pill', {hasText: '审核通过'}).waitFor();
  await show(t, page, 'orders-approved');
  await page.getByRole('button', {name: /^延期 /}).click();
  await show(t, page, 'renew-confirm');
  await confirmWithPin(t, page, 'renew-pin');
  assert.equal(await message(page), '续费成功、请您进行CA签章延期!');
  await show(t, page, 'renew-done');
}

/** 签章延期. @param {Test} t @param {Page} page */
async function extendSeal(t, page) {
  await answer(page, '进行CA签章延期');
  await page.getByRole('heading', {name: 'CA签章延期'}).waitFor();
  await show(t, page, 'seal');
  await page.getByRole('button', {name: '签章延期'}).click();
  await confirmWithPin(t, page);
  assert.equal(await message(page), 'CA签章延期成功!');
  await show(t, page, 'seal-done');
  await answer(page, '确定');
}

/** The new certificates as opensc-tool reads them from the key are those that the platform issued. */
async function readBack(t, serial, count) {
  const issued = await t.world.certificates({serial});
  const active = issued.filter(certificate => certificate.status === 'active');
  const pairs = Object.values(await t.world.opensc_certificates());
  const read = pairs.flatMap(pair => Object.values(pair)).map(pem => new X509Certificate(pem));
  const digests = read.map(certificate => certificate.fingerprint256.replaceAll(':', ''));
  assert.equal(active.length, count);
  for (const {usage, sha256, order} of active) {
    assert.ok(digests.includes(sha256), `the key does not hold the new ${usage} certificate`);
    assert.ok(order, 'issued for the order');
  }
}

/** Wrong PINs until the key is locked. @param {Test} t @param {Page} page @param {string} serial */
async function lock(t, page, serial) {
  await page.goto(`${ORIGIN}/resets`);
  await page.getByRole('button', {name: '修改CA锁密码'}).click();
  await answer(page, '确认');
  const {left} = (await t.world.key_show({serial})).pin.user;
  for (let tries = left; tries > 0; tries -= 1) {
    if (tries === 1) await t.world.accept(); // the last one is asked for apart
    await t.world.type_pin({pin: WRONG_PIN});
  }
  await dialog(page).getByText('代码：pin-locked').waitFor({timeout: WORK_MS});
  await show(t, page, 'pin-locked');
  assert.equal((await t.world.key_show({serial})).pin.user.left, 0);
}

/** 四、密码重置. @param {Test} t @param {Page} page @param {string} serial */
async function reset(t, page, serial) {
  await dialog(page).getByRole('link', {name: '前往CA锁密码重置'}).click();
  await page.getByRole('heading', {name: 'CA锁密码重置'}).waitFor();
  await show(t, page, 'resets');
  await page.getByRole('button', {name: /^重置ca锁密码/}).click();
  await show(t, page, 'reset-confirm');
  await answer(page, '确认');
  await t.screen('reset-window');
  await t.world.accept();
  await t.world.refuse(); // the offer to change it at once
  assert.equal(await message(page), '重置锁成功,CA锁密码为:123456。');
  await show(t, page, 'reset-done');
  await answer(page, '确定');
  const {left, max} = (await t.world.key_show({serial})).pin.user;
  assert.equal(left, max);
}

/** 修改密码. @param {Test} t @param {Page} page @param {string} serial */
async function changePin(t, page, serial) {
  await page.getByRole('button', {name: '修改CA锁密码'}).click();
  await answer(page, '确认');
  await t.world.type_pin({pin: INITIAL_PIN});
  await t.screen('change-pin');
  await t.world.type_new_pin({pin: NEW_PIN});
  assert.equal(await message(page), 'CA锁密码修改成功!');
  await show(t, page, 'change-done');
  await answer(page, '确定');
  assert.equal((await t.world.key_show({serial})).pin.user.default, false);
}

/** @param {Test} t @param {typeof KEYS[number]} key */
async function manual(t, {certificates, login, drawn, name, ...person}) {
  t.drawn = drawn;
  const {organisation, seal} = person;
  const {serial} = await t.world.card({...person, managed: true, pin: PIN});
  await t.world.user({login, name: '张三', organisation});
  await t.world.user({login: 'shenhe', role: 'reviewer', name: '王五'});
  await t.world.portal({words: ['reset', 'policy', '--approval', 'automatic']});
  await t.world.payment_notify({how: 'lost'}); // only the person's own click finds out
  await t.world.agent({real: true});
  const page = await t.page(WINDOW);
  await page.goto(ORIGIN);
  await page.getByRole('heading', {name: '登录', exact: true}).waitFor();
  await show(t, page, 'login');
  await logIn(page, login);
  const number = await submitOrder(t, page);
  await review(t, number);
  await renew(t, page);
  await readBack(t, serial, certificates);
  if (seal) await extendSeal(t, page);
  else await answer(page, '确定');
  await lock(t, page, serial);
  await reset(t, page, serial);
  await changePin(t, page, serial);
}

for (const key of KEYS) test(`from the log-in to a changed PIN: ${key.name}`, t => manual(t, key));
