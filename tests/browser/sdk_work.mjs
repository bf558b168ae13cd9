// The SDK at work: operations in a real browser, on the real agent and a virtual key, through everything
// that may happen to the connection meanwhile.

import assert from 'node:assert/strict';
import {test} from './lib/suite.mjs';
import {SITE, call, holdPort, makeAgent, sdkPage, startAgent} from './lib/sdk_page.mjs';

const HELD = 'held pin 123456'; // until t.world.release()
const RENEWED = '续费成功、请您进行CA签章延期!';
// The browser blames its own question when a connection breaks.
const LOST = /net::ERR_|WebSocket connection to|Permission was denied for this request/;

/** A key, an agent whose dialogs go as planned, a page, and a ticket to renew. */
async function scene(t, plan, options) {
  const {serial} = await t.world.card({holder: '张三'});
  await startAgent(1, {plan});
  const page = await sdkPage(t);
  await makeAgent(page, options);
  return {serial, page, ticket: await t.world.ticket({order: await t.world.order({serial})})};
}

/** The addresses of the page's long polls, as they come; the same twice: one ended without a change. */
function longPolls(page) {
  const polls = [];
  page.on('request', request => /wait=/.test(request.url()) && polls.push(request.url()));
  return polls;
}

/** Until what the page saw last of the operation is in this state. */
function waitFor(page, state) {
  return page.waitForFunction(wanted => window.seen.at(-1)?.state === wanted, state);
}

test('a renewal from the first request to the message at the end', async t => {
  const {serial, page, ticket} = await scene(t, [HELD]);
  const status = await call(page, 'connect');
  assert.equal(status.value.keys, 1);
  assert.equal(await page.evaluate(() => window.agent.address), 'https://127.0.0.1:27510');
  assert.equal(await page.evaluate(() => window.agent.notice), null);
  const {value} = await call(page, 'tokens');
  assert.equal(value[0].serial, serial);
  const running = call(page, 'run', 'renew', {ticket, token: serial});
  await waitFor(page, 'waiting-user');
  await t.world.release();
  const done = await running;
  assert.equal(done.value?.message, RENEWED, JSON.stringify(done));
  assert.equal(done.value.result.replaced, false);
  const seen = await page.evaluate(() => window.seen);
  const versions = seen.map(operation => operation.version);
  assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b), 'each change once, in order');
  assert.equal(seen.at(-1).state, 'done');
});

test('texts are in the language that the page has now', async t => {
  const {page} = await scene(t, undefined, {language: 'en'});
  assert.equal((await call(page, 'run', 'check', {})).value.title, 'Check of the key');
  await page.evaluate(() => (window.agent.language = 'zh-CN'));
  const {value} = await call(page, 'run', 'check', {});
  assert.match(value.title, /[\u4e00-\u9fff]/);
});

test('events tell of keys and operations', async t => {
  const {serial, page} = await scene(t);
  await call(page, 'connect');
  await page.waitForFunction(() => window.events[0]?.event === 'status.changed');
  await t.world.pull_out({serial});
  await page.waitForFunction(() => window.events.some(({event}) => event === 'token.removed'));
  await t.world.plug_in({serial});
  await page.waitForFunction(() => window.events.some(({event}) => event === 'token.inserted'));
  await t.world.wait_keys({count: 1});
  await call(page, 'run', 'check', {});
  await page.waitForFunction(() => window.events.some(({operation}) => operation?.state === 'done'));
});

test('a WebSocket that drops in the middle is opened again, and the operation goes on', async t => {
  t.expectProblem(LOST);
  const {page, ticket} = await scene(t, [HELD]);
  await page.evaluate(() => {
    window.sockets = [];
    const Real = window.WebSocket;
    window.WebSocket = class extends Real {
      /** @param {ConstructorParameters<typeof WebSocket>} given */
      constructor(...given) {
        super(...given);
        window.sockets.push(this);
      }
    };
  });
  await call(page, 'connect');
  await page.waitForFunction(() => window.events.length > 0);
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await page.evaluate(() => window.sockets.at(-1).send('the agent hangs up on who talks'));
  await page.waitForFunction(
    () => window.events.filter(({event}) => event === 'status.changed').length >= 2,
  );
  await t.world.release();
  assert.equal((await done).value?.message, RENEWED);
  const before = await page.evaluate(() => window.events.length);
  await call(page, 'run', 'check', {});
  await page.waitForFunction(count => window.events.length > count, before);
});

test('a page that is loaded again finds its operation and watches on', async t => {
  const {page, ticket} = await scene(t, [HELD]);
  call(page, 'run', 'renew', {ticket}).catch(() => undefined); // ends with the page
  await waitFor(page, 'waiting-user');
  await page.reload();
  await page.waitForFunction(() => 'sdk' in window);
  await makeAgent(page);
  const [{id, state}] = (await call(page, 'operations')).value;
  assert.equal(state, 'waiting-user');
  const watched = call(page, 'resume', id, {});
  await waitFor(page, 'waiting-user');
  await t.world.release();
  const done = await watched;
  assert.equal(done.value?.message, RENEWED, JSON.stringify(done));
});

test('an agent that is started again in the middle tells how the operation ended', async t => {
  t.expectProblem(LOST);
  const {page, ticket} = await scene(t, ['hang']);
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await t.world.agent_kill();
  await t.world.agent_start();
  const {error} = await done;
  assert.equal(error?.code, 'interrupted', JSON.stringify(error));
  assert.equal(error.operation.state, 'failed');
});

test('an operation that is about to be gone on with has no problem yet', async t => {
  const {page, ticket} = await scene(t, ['timeout', 'pin 123456']);
  const {error} = await call(page, 'run', 'renew', {ticket});
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = async (url, init) => {
      const answer = await real(url, init);
      if (!String(url).endsWith('/resume')) return answer;
      return Response.json({...(await answer.json()), state: 'failed', error: null}); // as between two states
    };
  });
  const done = await call(page, 'resume', error.operation.id, {});
  assert.equal(done.value?.message, RENEWED, JSON.stringify(done));
});

test('an agent that comes back on another port is found there', async t => {
  t.expectProblem(LOST);
  const {page, ticket} = await scene(t, ['hang']);
  await page.evaluate(() => (window.agent.onevent = null)); // the long poll is alone
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await t.world.agent_kill();
  const holder = await holdPort(socket => socket.destroy());
  await t.world.agent_start();
  assert.equal((await done).error?.code, 'interrupted');
  assert.equal(await page.evaluate(() => window.agent.address), 'https://127.0.0.1:27520');
  holder.close();
});

test('an agent that does not come back is told as lost, with the operation', async t => {
  t.expectProblem(LOST);
  const {page, ticket} = await scene(t, ['hang'], {timeouts: {lost: 1000}});
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await t.world.agent_kill();
  const {error} = await done;
  assert.equal(error?.code, 'agent-lost', JSON.stringify(error));
  assert.equal(error.operation.state, 'waiting-user');
  assert.equal(error.title, '与驱动的连接中断');
});

test('a person who takes longer than a request may', async t => {
  const {page, ticket} = await scene(t, ['slow 30 pin 123456']);
  const polls = longPolls(page);
  const done = await call(page, 'run', 'renew', {ticket});
  assert.equal(done.value?.message, RENEWED);
  assert(new Set(polls).size < polls.length, 'one ended without a change');
  const versions = await page.evaluate(() => window.seen.map(({version}) => version));
  assert.equal(new Set(versions).size, versions.length, 'each change is told once');
});

test('aborting cancels, and the page hears what became of it', async t => {
  const {page, ticket} = await scene(t, ['hang']);
  const polls = longPolls(page);
  await page.evaluate(() => (window.abort = new AbortController()));
  const done = page.evaluate(async given => {
    const options = {ticket: given, signal: window.abort.signal, onprogress: seen => window.seen.push(seen)};
    return window.agent.run('renew', options).catch(({code, operation}) => ({code, state: operation?.state}));
  }, ticket);
  await waitFor(page, 'waiting-user');
  await page.evaluate(() => window.abort.abort());
  assert.deepEqual(await done, {code: 'cancelled', state: 'cancelled'});
  assert.equal(new Set(polls).size, polls.length, 'it is cancelled at once');
  const late = await page.evaluate(signal =>
    window.agent.run('check', {signal: window.abort.signal}).catch(({code}) => code),
  );
  assert.equal(late, 'closed');
});

test('close() ends the watching, not the operation', async t => {
  const {page, ticket} = await scene(t, [HELD]);
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await page.evaluate(() => window.agent.close());
  assert.equal((await done).error?.code, 'closed');
  await makeAgent(page);
  const [{id}] = (await call(page, 'operations')).value;
  const watched = call(page, 'resume', id, {});
  await waitFor(page, 'waiting-user');
  await t.world.release();
  assert.equal((await watched).value?.message, RENEWED);
});

test('close() ends the watching also while the agent is away', async t => {
  t.expectProblem(LOST);
  const {page, ticket} = await scene(t, ['hang']);
  const done = call(page, 'run', 'renew', {ticket});
  await waitFor(page, 'waiting-user');
  await t.world.agent_kill();
  await page.waitForRequest(/status/); // it looks for the agent
  await page.evaluate(() => window.agent.close());
  await t.world.agent_start();
  const {error} = await done;
  assert.equal(error?.code, 'closed', JSON.stringify(error));
});

test('close() right after connect() leaves no WebSocket open', async t => {
  await startAgent();
  const page = await sdkPage(t);
  const sockets = [];
  page.on('websocket', socket => sockets.push(socket));
  await makeAgent(page);
  await page.evaluate(async () => {
    await window.agent.connect();
    window.agent.close();
  });
  await makeAgent(page); // and hears of something, later than the first one would have
  await call(page, 'connect');
  await page.waitForFunction(() => window.events.length > 0);
  await page.waitForFunction(() => window.agent.address);
  await call(page, 'tokens');
  assert.equal(sockets.length, 1);
});

test('aborting while the agent is looked for starts nothing', async t => {
  const {page} = await scene(t);
  const code = await page.evaluate(async () => {
    const abort = new AbortController();
    const running = window.agent.run('check', {signal: abort.signal});
    abort.abort();
    return running.catch(error => error.code);
  });
  assert.equal(code, 'closed');
  assert.deepEqual(await t.world.operations(), []);
});

test('what a page throws in its own functions harms nothing', async t => {
  const {page} = await scene(t);
  t.expectProblem(/uncaught: Error: the page's own/);
  const state = await page.evaluate(async () => {
    const throws = () => {
      throw new Error("the page's own");
    };
    window.agent.onevent = throws;
    return (await window.agent.run('check', {onprogress: throws})).state;
  });
  assert.equal(state, 'done');
});

test('the page of the README runs under its own strict policy', async t => {
  const {serial} = await t.world.card({});
  await startAgent(1);
  const page = await sdkPage(t);
  await page.goto(`${SITE}/example.html`);
  await page.getByRole('button', {name: 'connect()'}).click();
  await page.getByText('"keys": 1').waitFor();
  await page.getByRole('button', {name: 'tokens()'}).click();
  await page.getByText(serial).waitFor();
  await page.getByRole('button', {name: 'run("check")'}).click();
  await page.getByText('"state": "done"').waitFor();
  await page.getByText('operation.changed done').first().waitFor(); // changes close together show the last
});
