// What pages that mean ill can send from real browsers, and the window of a page that is gone. The browser lets
// each of them reach this device: what is left to refuse them is the agent.

import assert from 'node:assert/strict';
import {test} from './lib/suite.mjs';
import {call, makeAgent, sdkPage, startAgent} from './lib/sdk_page.mjs';

const EVIL = 'https://other.test:8453';
const AGENTS = ['https://127.0.0.1:27510', 'http://127.0.0.1:27511'];
const FORM_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];
// A body of text/plain that is JSON: "=" comes between name and value.
const FIELD = {name: '{"kind":"change-pin","token":"', value: '"}'};
const WAIT_MS = 60_000; // a page that left is given 15 s to come back
// Firefox shows no body of a refusal for which it has not sent all it had.
const REFUSED = /-refused|NS_ERROR_NET_ERROR_RESPONSE/;
const NOISE = /net::ERR_|Mixed Content|t establish a connection|Failed to load resource|Access to |WebSocket connection|Permission was denied|has been blocked|Refused to |is unknown and/;

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./lib/suite.mjs').Test} Test */

/** A key, and an agent that would open a window for whatever it let in. @param {Test} t */
async function scene(t) {
  await t.world.card();
  await t.world.agent({plan: ['hang']});
  await t.world.site({port: 8453, answers: {'': {body: '<!doctype html><title>x</title><body>'}}});
}

/** A page of the evil site in a Chromium whose user lets it reach this device. @param {Test} t */
async function evilPage(t) {
  t.expectProblem(NOISE);
  const context = await t.window({allowed: false});
  await context.grantPermissions(['local-network-access'], {origin: EVIL});
  const page = await context.newPage();
  await page.goto(EVIL);
  return page;
}

/** @param {Test} t */
async function assertNothingHappened(t) {
  assert.deepEqual(await t.world.operations(), []);
  assert.deepEqual(await t.world.dialogs_shown(), []);
}

/**
 * Posts a form to the agent as a navigation; what the browser then shows.
 * @param {Page} page
 * @param {string} action
 * @param {string} enctype
 */
async function postForm(page, action, enctype) {
  await page.evaluate(
    given => {
      const form = Object.assign(document.createElement('form'), given.form, {method: 'post'});
      form.append(Object.assign(document.createElement('input'), given.field));
      document.body.append(form);
      form.submit();
    },
    {form: {action, enctype}, field: FIELD},
  );
  return page
    .waitForURL(address => address.href.startsWith(action), {waitUntil: 'domcontentloaded'})
    .then(() => page.evaluate(() => document.body.innerText), String);
}

/** Each in a tab of its own: Firefox takes its error page for that of the next address. @param {Test} t @param {Page} first */
async function postForms(t, first, types = FORM_TYPES) {
  for (const agent of AGENTS) {
    for (const enctype of types) {
      const page = await first.context().newPage();
      await page.goto(EVIL);
      assert.match(await postForm(page, `${agent}/v1/operations`, enctype), REFUSED);
      await page.close();
    }
  }
  await assertNothingHappened(t);
}

test('forms that are posted as a navigation start nothing, in Chromium', async t => {
  await scene(t);
  await postForms(t, await evilPage(t));
});

test('an unlisted page reads nothing and starts nothing, however it asks', async t => {
  await scene(t);
  const page = await evilPage(t);
  const got = await page.evaluate(async agents => {
    /** @type {string[]} */
    const read = [];
    const body = '{"kind":"change-pin"}';
    const json = {'Content-Type': 'application/json'};
    const forms = [
      {},
      {credentials: 'include'},
      {method: 'POST', headers: json, body},
      {method: 'POST', headers: {'Content-Type': 'text/plain'}, body},
      {mode: 'no-cors', method: 'POST', body},
      {mode: 'no-cors'},
      {method: 'PUT', headers: json, body},
    ];
    for (const agent of agents) {
      for (const path of ['/v1/status', '/v1/tokens', '/v1/operations', '/v1/events']) {
        for (const form of forms) {
          const answer = await fetch(agent + path, /** @type {RequestInit} */ (form)).catch(() => null);
          if (answer && (answer.type !== 'opaque' || (await answer.text()) || answer.status)) read.push(path);
        }
      }
      navigator.sendBeacon(`${agent}/v1/operations`, new Blob([body], {type: 'text/plain'}));
    }
    return read;
  }, AGENTS);
  assert.deepEqual(got, []);
  await assertNothingHappened(t);
});

test('an image, a script, a style, a frame or a worker from the agent gives a page nothing', async t => {
  await scene(t);
  const page = await evilPage(t);
  const loaded = await page.evaluate(async agents => {
    const outcome = element =>
      new Promise(resolve => {
        element.onload = () => resolve(true);
        element.onerror = () => resolve(false);
        document.body.append(element);
      });
    const make = (name, more) => Object.assign(document.createElement(name), more);
    const found = [];
    for (const agent of agents) {
      for (const path of ['/v1/status', '/favicon.ico', '/ukeyd.js']) {
        const url = agent + path;
        const image = make('img', {src: url});
        const elements = [
          image,
          make('script', {src: url}),
          make('link', {rel: 'stylesheet', href: url}),
          make('video', {src: url}),
          make('object', {data: url}),
        ];
        for (const element of elements) {
          const came = element.localName === 'video' ? false : await outcome(element);
          if (came) found.push(`${element.localName} ${url}`);
        }
        if (image.naturalWidth) found.push(`the width of ${url}`);
        const frame = make('iframe', {src: url, allow: 'loopback-network; local-network-access'});
        await outcome(frame);
        try {
          if (frame.contentDocument?.body?.innerText) found.push(`frame ${url}`);
        } catch {} // another origin's: not readable
      }
    }
    return found;
  }, AGENTS);
  assert.deepEqual(loaded, []);
  await assertNothingHappened(t);
});

/** What becomes of WebSockets to the agent: their states. @param {Page} page */
function openSockets(page) {
  return page.evaluate(
    async agents => {
      const states = [];
      for (const agent of agents)
        for (const protocol of ['ukeyd.v1', 'other'])
          states.push(
            await new Promise(resolve => {
              const socket = new WebSocket(`${agent.replace('http', 'ws')}/v1/events`, protocol);
              socket.onopen = () => resolve('open');
              socket.onerror = () => resolve('refused');
            }),
          );
      return [...new Set(states)];
    },
    AGENTS,
  );
}

test('an unlisted page opens no WebSocket, in Chromium', async t => {
  await scene(t);
  assert.deepEqual(await openSockets(await evilPage(t)), ['refused']);
});

test('in Firefox, which asks the user for neither, forms start nothing and no WebSocket opens', async t => {
  t.expectProblem(NOISE);
  await scene(t);
  const page = await t.firefox('evil');
  await page.goto(EVIL);
  assert.deepEqual(await openSockets(page), ['refused']);
  await postForms(t, page, ['text/plain']); // it takes seconds for each
});

test('a name that leads to this computer is not the agent (DNS rebinding)', async t => {
  t.expectProblem(NOISE);
  await scene(t);
  const page = await t.page({allowed: false});
  const site = 'http://other.test:27511';
  const answer = await page.goto(`${site}/v1/status`);
  assert.equal(answer.status(), 421);
  const statuses = await page.evaluate(async () => {
    const body = '{"kind":"change-pin"}';
    const headers = {'Content-Type': 'application/json'};
    const answers = [fetch('/v1/status'), fetch('/v1/operations', {method: 'POST', headers, body})];
    return (await Promise.allSettled(answers)).map(one => (one.status === 'fulfilled' ? one.value.status : 'failed'));
  });
  for (const status of statuses) assert(status === 421 || status === 'failed', String(status));
  await assertNothingHappened(t);
});

// ---- the window of a page ----

/** A listed page that has had a real window opened. @param {Test} t */
async function pageWithWindow(t) {
  t.expectProblem(NOISE);
  const {serial} = await t.world.card();
  await startAgent(1, {real: true});
  const page = await sdkPage(t);
  await makeAgent(page);
  await call(page, 'connect');
  call(page, 'run', 'change-pin', {token: serial}).catch(() => undefined); // ends with the page
  await t.world.dialog_opens();
  return page;
}

test('the window goes when its tab is closed', async t => {
  const page = await pageWithWindow(t);
  await page.close();
  await t.world.dialog_closes({seconds: WAIT_MS / 1000});
  await t.world.agent_logs({text: 'page-gone'});
});

test('the window stays when its page is loaded again', async t => {
  const page = await pageWithWindow(t);
  await page.reload();
  await page.waitForFunction(() => 'sdk' in window);
  await makeAgent(page);
  const [{id}] = (await call(page, 'operations')).value;
  const watched = call(page, 'resume', id, {});
  await page.waitForFunction(() => window.seen.at(-1)?.state === 'waiting-user');
  await t.world.refuse();
  assert.equal((await watched).error?.code, 'prompt-cancelled');
});
