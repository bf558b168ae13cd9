// The harness itself: the platform's page counts as public, so the browser stands between it and the agent.

import assert from 'node:assert/strict';
import {setTimeout as pause} from 'node:timers/promises';
import {ORIGIN, test} from './lib/suite.mjs';

const AGENT = 'https://127.0.0.1:27510/v1/status';
const PLAIN = 'http://127.0.0.1:27511/v1/status';
const ALLOW = {x: 389, y: 227}; // of the question, in a window at the screen's corner
const CLICK_MS = 1000; // a click that comes sooner after the question, or after another click, does not count

/** What fetch() gives in the page: the status, or "refused". */
function get(page, url) {
  return page.evaluate(
    asked => fetch(asked).then(answer => answer.status, () => 'refused'),
    url,
  );
}

async function platformPage(t, options) {
  await t.world.agent();
  const page = await t.page(options);
  await page.goto(`${ORIGIN}/login`);
  return page;
}

test('without the permission a page does not reach the agent', async t => {
  t.expectProblem(/Permission was denied for this request to access the `loopback` address space/);
  t.expectProblem(/Failed to load resource: net::ERR_/);
  const page = await platformPage(t, {allowed: false});
  assert.equal(await get(page, AGENT), 'refused');
  assert.equal(await get(page, PLAIN), 'refused');
});

test('with the permission it does', async t => {
  const page = await platformPage(t, {});
  assert.equal(await get(page, AGENT), 200);
  assert.equal(await get(page, PLAIN), 200);
});

test('a browser that does not trust the certificate of the agent reaches it by http only', async t => {
  t.expectProblem(/Failed to load resource: net::ERR_CERT_AUTHORITY_INVALID/);
  const home = await t.world.home({name: 'without-agent', without: ['agent']});
  const page = await platformPage(t, {home});
  assert.equal(await get(page, AGENT), 'refused');
  assert.equal(await get(page, PLAIN), 200);
});

test('a user says yes to the question of the browser', async t => {
  const page = await platformPage(t, {headed: true, allowed: false});
  const state = () =>
    page.evaluate(async () => (await navigator.permissions.query({name: 'loopback-network'})).state);
  assert.equal(await state(), 'prompt');
  const answer = get(page, AGENT);
  while ((await state()) === 'prompt') {
    await pause(CLICK_MS);
    await t.world.display_click(ALLOW);
  }
  assert.equal(await answer, 200);
  assert.equal(await state(), 'granted');
});
