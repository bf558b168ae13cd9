// What stands between a page and the agent: each cause is brought about in the browser, and the SDK must
// tell it by its own code, with a text for the user.

import assert from 'node:assert/strict';
import {setTimeout as pause} from 'node:timers/promises';
import {test} from './lib/suite.mjs';
import {canBeAnotherUser, startOtherUsersAgent} from './lib/other_user.mjs';
import {AGENT_ADDRESSES, SITE, call, holdPort, makeAgent, pageAnswers, sdkPage, startAgent} from './lib/sdk_page.mjs';

const HTTPS = 'https://127.0.0.1:27510';
const HTTP = 'http://127.0.0.1:27511';
const ALLOW = {x: 389, y: 227}; // of the browser's question, in a window at the screen's corner
const BLOCK = {x: 310, y: 227};
const PERSON_MS = 3000; // nobody reads and answers it sooner
const CLICK_MS = 1000; // a click that comes sooner after the question does not count
const FAILED_REQUEST = /Failed to load resource|has been blocked by CORS policy|Refused to connect|violates the following/;

/** Connects and expects this code; the error. */
async function fails(page, code, title) {
  const {error, value} = await call(page, 'connect');
  assert.equal(error?.code, code, JSON.stringify(error ?? value));
  assert.equal(error.title, title);
  assert.equal(error.type, 'UkeydError');
  assert(error.remedy, 'a remedy');
  assert.equal(await page.evaluate(() => window.agent.address), null);
  return error;
}

/** Connects and expects to be at this address. */
async function connects(page, address) {
  const {error} = await call(page, 'connect');
  assert.equal(error, undefined, JSON.stringify(error));
  assert.equal(await page.evaluate(() => window.agent.address), address);
}

/** What agent.notice says. */
function notice(page) {
  return page.evaluate(() => window.agent.notice?.code ?? null);
}

/** A page, and its agent. */
async function pageWithAgent(t, options, given) {
  const page = await sdkPage(t, options);
  await makeAgent(page, given);
  return page;
}

// ---- nothing there, or not the right thing ----

test('no agent runs', async t => {
  t.expectProblem(FAILED_REQUEST);
  const page = await pageWithAgent(t);
  const error = await fails(page, 'not-installed', '没有找到CA锁驱动（ukeyd）');
  assert.equal(Object.keys(JSON.parse(error.detail)).length, 6, 'every port was tried');
  await page.evaluate(() => (window.agent.language = 'en'));
  await fails(page, 'not-installed', 'The agent (ukeyd) was not found');
  await startAgent();
  await connects(page, HTTPS);
});

test('the agent is older than the platform accepts', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {}, {minVersion: '99.10.0'});
  await fails(page, 'too-old', 'CA锁驱动版本过低');
  await makeAgent(page, {minVersion: '0.0.10'});
  await connects(page, HTTPS);
});

test('a version is compared by its numbers', async t => {
  await programThatAnswers(t, {agent: 'ukeyd', api: 1, version: '0.10.0'});
  const page = await pageWithAgent(t, {}, {minVersion: '0.9.0'});
  await page.evaluate(() => (window.agent.onevent = null)); // there is no WebSocket
  await connects(page, HTTPS);
});

/** A program on the agent's first port that lets every page read what it answers. */
function programThatAnswers(t, body) {
  const headers = {'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*'};
  const json = {...headers, 'Content-Type': 'application/json'};
  return t.world.site({port: 27510, answers: {'': {headers: json, body: JSON.stringify(body)}}});
}

test('an agent of before the first interface', async t => {
  t.expectProblem(FAILED_REQUEST);
  await programThatAnswers(t, {agent: 'ukeyd', api: 0});
  await fails(await pageWithAgent(t), 'too-old', 'CA锁驱动版本过低');
});

test('another program answers on a port of the agent', async t => {
  t.expectProblem(FAILED_REQUEST);
  await programThatAnswers(t, {agent: 'somebody'});
  const page = await pageWithAgent(t);
  const error = await fails(page, 'foreign-program', '驱动的端口被其他程序占用');
  assert.equal(JSON.parse(error.detail)[HTTPS], 'foreign');
  await startAgent(); // it takes the next port
  await connects(page, 'https://127.0.0.1:27520');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('ukeyd')), '27520');
});

test('another program holds a port and says nothing', async t => {
  t.expectProblem(FAILED_REQUEST);
  const silent = await holdPort(() => undefined);
  const page = await pageWithAgent(t);
  await fails(page, 'foreign-program', '驱动的端口被其他程序占用');
  await startAgent();
  await connects(page, 'https://127.0.0.1:27520');
  silent.close();
});

test('the agent of another user is passed over', async t => {
  if (!canBeAnotherUser()) return;
  t.expectProblem(FAILED_REQUEST);
  const other = await startOtherUsersAgent();
  try {
    const page = await pageWithAgent(t);
    await fails(page, 'not-installed', '没有找到CA锁驱动（ukeyd）');
    await startAgent();
    await connects(page, 'https://127.0.0.1:27520');
  } finally {
    await other.stop();
  }
});

test('the agent does not list the site', async t => {
  t.expectProblem(FAILED_REQUEST);
  await t.world.agent();
  const page = await pageWithAgent(t);
  await fails(page, 'origin-refused', '驱动未列出本网站');
  await t.world.agent_stop();
  await fails(page, 'not-installed', '没有找到CA锁驱动（ukeyd）');
});

// ---- the browser ----

test('the browser refuses by itself', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {allowed: false});
  await fails(page, 'permission-denied', '浏览器禁止本网站访问此设备');
  assert.equal(await page.evaluate(() => window.hints.length), 1);
});

test('the question of the browser is explained, waits, and is answered with yes', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {headed: true, allowed: false}, {timeouts: {permission: 1000}});
  await fails(page, 'permission-pending', '浏览器需要您的许可');
  const hints = await page.evaluate(() => window.hints);
  assert.deepEqual(hints, [{title: '浏览器需要您的许可', text: '请在其询问中点“允许”。'}]);
  await makeAgent(page);
  const connected = call(page, 'connect');
  await answerQuestion(t, page, ALLOW);
  assert.equal((await connected).value?.agent, 'ukeyd');
  assert.equal(await notice(page), null);
  await call(page, 'connect');
  assert.equal(await page.evaluate(() => window.hints.length), 1, 'nothing more to explain');
});

test('the question of the browser is answered with no', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {headed: true, allowed: false});
  const refused = fails(page, 'permission-denied', '浏览器禁止本网站访问此设备');
  await answerQuestion(t, page, BLOCK);
  await refused;
});

test('the question of the browser is waved away', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {headed: true, allowed: false});
  const pending = fails(page, 'permission-pending', '浏览器需要您的许可');
  await pause(PERSON_MS);
  await t.world.display_keys({keys: ['Escape']});
  const asked = Object.keys(JSON.parse((await pending).detail));
  assert(asked.every(address => address.startsWith('https:')), 'it is not asked again by itself');
});

test('a browser that asks, and does not tell that it does', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {headed: true, allowed: false});
  await page.evaluate(() => Object.defineProperty(navigator, 'permissions', {value: undefined}));
  await fails(page, 'permission-pending', '浏览器需要您的许可');
  assert.equal(await page.evaluate(() => window.hints.length), 0);
});

/** Clicks until the question is gone. */
async function answerQuestion(t, page, where) {
  const state = () =>
    page.evaluate(async () => (await navigator.permissions.query({name: 'loopback-network'})).state);
  while ((await state()) === 'prompt') {
    await pause(CLICK_MS);
    await t.world.display_click(where);
  }
}

test('a hint that the page waits for, and gives up', async t => {
  await startAgent();
  const page = await pageWithAgent(t, {allowed: false});
  const told = await page.evaluate(() => {
    window.agent.onpermission = () => Promise.reject(new Error('the person left'));
    return window.agent.connect().catch(error => error.message);
  });
  assert.equal(told, 'the person left');
});

test('the browser does not trust the certificate of the agent yet', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const home = await t.world.home({name: 'without-agent', without: ['agent']});
  const page = await pageWithAgent(t, {home});
  await connects(page, HTTP);
  assert.equal(await notice(page), 'agent-untrusted');
  const text = await page.evaluate(() => window.agent.notice.title);
  assert.equal(text, '浏览器尚未信任驱动的证书');
  assert.equal((await call(page, 'run', 'check', {})).error?.code, 'no-key');
  await page.waitForFunction(() => window.events.some(({event}) => event === 'operation.changed'));
});

// ---- the page ----

test('the policy of the page lists no address of the agent', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const page = await pageWithAgent(t, {site: {policy: "'self'"}});
  await fails(page, 'blocked-by-csp', '本网站的安全策略未列出驱动');
});

test('the policy of the page lists http alone', async t => {
  t.expectProblem(FAILED_REQUEST);
  await startAgent();
  const policy = AGENT_ADDRESSES.split(' ').filter(address => /^https:.*(10|20|30)$/.test(address) === false);
  const page = await pageWithAgent(t, {site: {policy: policy.join(' ')}});
  await connects(page, HTTP);
  assert.equal(await notice(page), 'blocked-by-csp');
});

test('a policy that only reports blocks nothing', async t => {
  t.expectProblem(/Content Security Policy|Failed to load resource/);
  const headers = {'Content-Security-Policy-Report-Only': "connect-src 'none'"};
  const page = await pageWithAgent(t, {site: {headers}});
  await fails(page, 'not-installed', '没有找到CA锁驱动（ukeyd）');
});

/**
 * The frame with the page, inside another site's page.
 * @param {import('./lib/suite.mjs').Test} t
 * @param {{allow?: string, grantedTo?: string}} [options] allow: of the frame. grantedTo: the origin to which
 *   the user gave the permission
 */
async function framed(t, {allow = '', grantedTo} = {}) {
  await t.world.site({port: 8450, answers: pageAnswers()});
  const body = `<!doctype html><iframe src="${SITE}" allow="${allow}"></iframe>`;
  await t.world.site({port: 8451, answers: {'/': {body}, '/favicon.ico': {status: 204}}});
  const context = await t.window({allowed: false});
  if (grantedTo) await context.grantPermissions(['local-network-access'], {origin: grantedTo});
  const page = await context.newPage();
  await page.goto('https://other.test:8451/');
  const frame = page.frames()[1];
  await frame.waitForFunction(() => 'sdk' in window);
  return frame;
}

test('the page is inside another one', async t => {
  await startAgent();
  const frame = await framed(t);
  await makeAgent(frame);
  await fails(frame, 'framed', '本页面嵌在其他网页中');
});

test('the page may be inside another one, and the frame has no permission', async t => {
  await startAgent();
  const frame = await framed(t);
  await makeAgent(frame, {allowFramed: true});
  await fails(frame, 'framed', '本页面嵌在其他网页中');
});

test('the page may be inside another one, and the frame has the permission', async t => {
  await startAgent();
  const allow = 'loopback-network; local-network-access';
  const frame = await framed(t, {allow, grantedTo: 'https://other.test:8451'});
  await makeAgent(frame, {allowFramed: true});
  await connects(frame, HTTPS);
});

test('the page came by http', async t => {
  await startAgent();
  await t.world.site({port: 8452, answers: pageAnswers(), plain: true});
  const page = await t.page({allowed: false});
  await page.goto('http://portal.test:8452/');
  await page.waitForFunction(() => 'sdk' in window);
  await makeAgent(page);
  await fails(page, 'insecure-page', '本页面不是安全连接');
});

// ---- what is remembered ----

test('the port that worked is asked first, and alone', async t => {
  t.expectProblem(FAILED_REQUEST);
  const holder = await holdPort(socket => socket.destroy());
  await startAgent();
  const page = await pageWithAgent(t);
  await connects(page, 'https://127.0.0.1:27520');
  await page.reload();
  await page.waitForFunction(() => 'sdk' in window);
  const asked = [];
  page.on('request', request => asked.push(request.url()));
  await makeAgent(page);
  await connects(page, 'https://127.0.0.1:27520');
  assert.deepEqual(new Set(asked), new Set(['https://127.0.0.1:27520/v1/status']));
  holder.close();
});

test('an agent on its first port causes no failed request', async t => {
  await startAgent();
  const page = await pageWithAgent(t);
  await connects(page, HTTPS);
});
