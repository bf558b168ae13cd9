// Work with a key that broke off on the way: the pages go on with it, in this tab, after a reload, in another one.

import assert from 'node:assert/strict';
import {answer, dialog, logIn, message, WORK_MS} from './lib/pages.mjs';
import {test} from './lib/suite.mjs';

/** @typedef {import('./lib/suite.mjs').Test} Test */
/** @typedef {import('playwright-core').Page} Page */

const PIN = 'pin 123456';
const RENEWED = '续费成功、请您进行CA签章延期!';
/** The step that writes to the key has begun, and does not end soon. */
const WRITING = 'delay 2 6000';

/** A bidder with an approved order, whose key misbehaves while it is written to. @param {Test} t @param {string} fault */
async function scene(t, fault) {
  const {serial} = await t.world.card({});
  const number = await t.world.order({serial});
  await t.world.agent({plan: [PIN], faulty: true});
  await t.world.break_key({serial, method: 'PUT', path_end: '/request', fault});
  await t.world.user({login: 'bidder'});
  const page = await t.page();
  await logIn(page, 'bidder', '/orders');
  return {page, serial, number};
}

/** The page's question, confirmed. @param {Page} page @param {string} number of the order */
async function renew(page, number) {
  await page.getByRole('button', {name: new RegExp(`^延期 .*${number}$`)}).click();
  await answer(page, '确认');
}

/** @param {Test} t @param {(operation: any) => boolean} wanted */
async function operation(t, wanted) {
  for (const end = Date.now() + WORK_MS; ; ) {
    const [last] = await t.world.operations();
    if (last && wanted(last)) return last;
    assert(Date.now() < end, `the operation stays as it is: ${JSON.stringify(last)}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** @param {Test} t @param {string} serial */
async function checkIssuedOnce(t, serial) {
  const issued = await t.world.certificates({serial});
  assert.equal(issued.filter(({status}) => status === 'active').length, 2);
  assert.equal(issued.length, 4);
}

/** The key was pulled out while it was written to, and is back. @param {Test} t */
async function brokenOff(t) {
  const {page, serial, number} = await scene(t, 'remove-at 2');
  await renew(page, number);
  await dialog(page).getByText('代码：key-').waitFor({timeout: WORK_MS});
  await t.world.key_control({serial, words: ['insert']});
  await t.world.wait_keys({count: 1});
  await t.world.replan({plan: [PIN]});
  return {page, serial, number};
}

test('the agent ends while it writes: after a reload one click and the PIN finish it', async t => {
  t.expectProblem(/net::ERR_|Permission was denied for this request/);
  const {page, serial, number} = await scene(t, WRITING);
  await renew(page, number);
  await operation(t, ({step}) => step.name === 'write');
  await t.world.agent_kill();
  await t.world.agent_start();
  await t.world.wait_keys({count: 1});
  await operation(t, ({state, resumable}) => state === 'failed' && resumable);
  await t.world.replan({plan: [PIN]});
  await page.reload();
  await page.getByRole('button', {name: '查看进度'}).click();
  assert.equal(await message(page), RENEWED);
  await checkIssuedOnce(t, serial);
});

test('a key that was pulled out while it was written to: the page offers to go on', async t => {
  const {page, serial, number} = await brokenOff(t);
  await answer(page, '继续办理');
  assert.equal(await message(page), RENEWED);
  await checkIssuedOnce(t, serial);
});

test('what broke off is offered again after the person has closed the dialog and come back', async t => {
  const {page, serial, number} = await brokenOff(t);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({state: 'detached'});
  await page.reload();
  await page.getByText('上次没有办完').waitFor();
  await page.getByRole('button', {name: '继续办理'}).click();
  assert.equal(await message(page), RENEWED);
  await checkIssuedOnce(t, serial);
});

test('another window finds what broke off by the order, and goes on with it', async t => {
  const {page, serial, number} = await brokenOff(t);
  await page.context().close();
  const other = await t.page();
  await logIn(other, 'bidder', '/orders');
  await renew(other, number);
  await dialog(other).getByText('上次没有办完').waitFor({timeout: WORK_MS});
  await answer(other, '继续办理');
  assert.equal(await message(other), RENEWED);
  await checkIssuedOnce(t, serial);
});

test('what broke off is given up, and the renewal begins anew', async t => {
  const {page, serial, number} = await brokenOff(t);
  await answer(page, '放弃');
  await dialog(page).waitFor({state: 'detached'});
  const {resumable} = await operation(t, ({state}) => state === 'cancelled');
  assert.equal(resumable, false);
  await renew(page, number);
  assert.equal(await message(page), RENEWED);
  await checkIssuedOnce(t, serial);
});

test('who would rather start anew does, and what broke off is given up', async t => {
  const {page, serial, number} = await brokenOff(t);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({state: 'detached'});
  await renew(page, number);
  await answer(page, '重新办理');
  assert.equal(await message(page), RENEWED);
  const states = (await t.world.operations()).map(({state, resumable}) => [state, resumable]);
  assert.deepEqual(states, [['done', false], ['cancelled', false]]);
  await checkIssuedOnce(t, serial);
});
