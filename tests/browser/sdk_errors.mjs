// What the agent says while an operation runs reaches the page through the SDK as it is: code, texts, and
// the operation. Each cause is brought about for real.

import assert from 'node:assert/strict';
import {test} from './lib/suite.mjs';
import {call, makeAgent, sdkPage, startAgent} from './lib/sdk_page.mjs';

const WRITTEN = 'unconfirmed';

/** A page whose SDK has found the agent. */
async function connected(t, options) {
  const page = await sdkPage(t);
  await makeAgent(page, options);
  const {error} = await call(page, 'connect');
  assert.equal(error, undefined);
  return page;
}

/** A ticket to renew the key. */
async function renewal(t, serial) {
  return t.world.ticket({order: await t.world.order({serial})});
}

/** @param {{error?: any}} answer */
function refused({error}, code, title) {
  assert.equal(error?.code, code, JSON.stringify(error));
  assert.equal(error.title, title);
  assert.equal(error.message, title);
  assert.equal(error.type, 'UkeydError');
  assert(error.remedy, 'a remedy');
  return error;
}

test('the card service is down', async t => {
  await startAgent();
  const page = await connected(t);
  await t.world.pcscd_stop();
  await page.waitForFunction(() => window.events.at(-1)?.status?.pcsc === 'no-service');
  refused(await call(page, 'run', 'check', {}), 'pcsc-no-service', '智能卡服务（pcscd）未运行');
});

test('there is no reader', async t => {
  await t.world.pcscd_start({readers: false});
  await startAgent();
  const page = await connected(t);
  refused(await call(page, 'run', 'check', {}), 'no-reader', '没有读卡设备');
});

test('there is no key', async t => {
  await startAgent();
  const page = await connected(t, {language: 'en'});
  refused(await call(page, 'run', 'check', {}), 'no-key', 'No key is plugged in');
});

test('there are several keys, until one is named', async t => {
  const [first] = [await t.world.card({slot: 0}), await t.world.card({slot: 1})];
  await startAgent(2);
  const page = await connected(t);
  refused(await call(page, 'run', 'check', {}), 'several-keys', '插入了多个CA锁');
  const {value} = await call(page, 'run', 'check', {token: first.serial});
  assert.equal(value.token.serial, first.serial);
});

test('the key is not the one of the order', async t => {
  const wanted = await t.world.card({plugged: false});
  await t.world.card({});
  await startAgent(1);
  const page = await connected(t);
  const ticket = await renewal(t, wanted.serial);
  refused(await call(page, 'run', 'renew', {ticket}), 'wrong-key', '插入的CA锁与订单不符');
});

test('the PIN is locked', async t => {
  const {serial} = await t.world.card({pin: '876543'});
  const wrong = Array.from({length: 20}, () => ['pin 111111', 'ok']).flat();
  await startAgent(1, {plan: wrong});
  const page = await connected(t);
  const ticket = await renewal(t, serial);
  const error = refused(await call(page, 'run', 'renew', {ticket}), 'pin-locked', 'CA锁密码已锁死');
  assert.equal(error.operation.state, 'failed');
  assert.equal(error.operation.key_changed, false);
});

test('the person closes the window', async t => {
  const {serial} = await t.world.card({});
  await startAgent(1, {plan: ['cancel']});
  const page = await connected(t);
  const ticket = await renewal(t, serial);
  refused(await call(page, 'run', 'renew', {ticket}), 'prompt-cancelled', '您在密码框中点击了取消');
});

test('another operation is under way', async t => {
  const {serial} = await t.world.card({});
  await startAgent(1, {plan: ['hang']});
  const page = await connected(t);
  const first = call(page, 'run', 'renew', {ticket: await renewal(t, serial)});
  await page.waitForFunction(() => window.seen.at(-1)?.state === 'waiting-user');
  refused(await call(page, 'run', 'change-pin', {}), 'key-busy', 'CA锁正在进行另一个操作');
  const {value} = await call(page, 'operations');
  const running = value.find(operation => operation.state === 'waiting-user');
  await call(page, 'cancel', running.id);
  refused(await first, 'cancelled', '操作已取消');
});

test('the platform is down', async t => {
  const {serial} = await t.world.card({});
  await startAgent(1);
  const page = await connected(t);
  const ticket = await renewal(t, serial);
  await t.world.portal_stop();
  refused(await call(page, 'run', 'renew', {ticket}), 'platform-unreachable', '连接不到平台');
});

test('written, and the platform does not acknowledge', async t => {
  const {serial} = await t.world.card({});
  await startAgent(1, {faulty: true});
  await t.world.spoil({method: 'PUT', path_end: '/confirmation', fault: 'hang-up'});
  const page = await connected(t);
  const ticket = await renewal(t, serial);
  const error = refused(
    await call(page, 'run', 'renew', {ticket}),
    'written-not-confirmed',
    '证书已写入CA锁，平台尚未确认',
  );
  assert.equal(error.operation.state, WRITTEN);
  assert.equal(error.operation.key_changed, true);
  const healed = call(page, 'resume', error.operation.id, {untilConfirmed: true});
  await t.world.unspoil();
  assert.equal((await healed).value?.message, '续费成功、请您进行CA签章延期!');
});

test('an operation of nobody', async t => {
  t.expectProblem(/status of 404/);
  await startAgent();
  const page = await connected(t);
  const nobodys = '0'.repeat(32);
  refused(await call(page, 'resume', nobodys), 'operation-unknown', '没有这个操作');
  refused(await call(page, 'cancel', nobodys), 'operation-unknown', '没有这个操作');
});

test('a PIN among the options never leaves the page', async t => {
  await t.world.card({});
  await startAgent(1);
  const page = await connected(t);
  const bodies = [];
  page.on('request', request => bodies.push(request.postData() ?? ''));
  const {value} = await call(page, 'run', 'check', {pin: '123456', password: '123456'});
  assert.equal(value.state, 'done');
  assert(bodies.some(body => body.includes('check')));
  assert(bodies.every(body => !body.includes('123456')));
});
