// The pages in Firefox ESR, as far as it can be driven: log-in, an order, and the agent.

import assert from 'node:assert/strict';
import {answer, attach, dialog, fillInvoice, logIn, message, newOrder} from './lib/pages.mjs';
import {ORIGIN, test} from './lib/suite.mjs';

test('log-in, a new order, and a renewal', async t => {
  await t.world.card();
  await t.world.user({login: 'bidder'});
  await t.world.agent();
  const page = await t.firefox('renewal');
  await logIn(page, 'bidder');
  const number = await newOrder(page);
  await fillInvoice(page);
  await attach(page);
  for (const step of ['pay', 'submit', 'approve']) await t.world.portal({words: ['order', step, '--order', number]});
  await page.goto(`${ORIGIN}/orders`);
  await page.getByRole('button', {name: /^延期 /}).click();
  await answer(page, '确认');
  await answer(page, '继续'); // Firefox says "prompt" even where it will not ask
  assert.equal(await message(page), '续费成功、请您进行CA签章延期!');
});

test('the person is told that Firefox asks', async t => {
  await t.world.card();
  await t.world.user({login: 'bidder'});
  await t.world.agent();
  const page = await t.firefox('question', {allowed: false});
  await logIn(page, 'bidder', '/keys');
  await page.getByRole('button', {name: '修改CA锁密码'}).click();
  await answer(page, '确认');
  await dialog(page).getByText('浏览器需要您的许可').waitFor();
  await answer(page, '继续');
  await dialog(page).getByText('请点击“允许”').waitFor();
});
