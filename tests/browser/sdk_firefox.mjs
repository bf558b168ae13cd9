// The basic path in Firefox ESR: it asks the same question, and trusts the agent by its own policy.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {firefox} from 'playwright-core';
import {test} from './lib/suite.mjs';
import {SITE, call, makeAgent, pageAnswers, startAgent} from './lib/sdk_page.mjs';

const POLICIES = '/etc/firefox/policies';
const COVER = '/run/etc'; // what this run changes below /etc
const AGENT_CERTIFICATE = 'ukeyd.pem'; // Firefox looks for a bare name in ~/.mozilla/certificates

/** Policies of the machine, which this run alone sees: /etc is covered, in its namespace. */
function setPolicies(policies) {
  if (!existsSync(COVER)) {
    for (const name of ['upper', 'work']) mkdirSync(join(COVER, name), {recursive: true});
    const folders = `lowerdir=/etc,upperdir=${join(COVER, 'upper')},workdir=${join(COVER, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', folders, '/etc']);
  }
  mkdirSync(POLICIES, {recursive: true});
  writeFileSync(join(POLICIES, 'policies.json'), JSON.stringify({policies}));
}

/**
 * A page in a Firefox of its own, which reads policies when it starts.
 * @param {{trusted?: boolean, allowed?: boolean}} [options]
 */
async function firefoxPage({trusted = true, allowed = true} = {}) {
  const home = mkdtempSync(join(process.cwd(), 'firefox-'));
  const certificates = join(home, '.mozilla', 'certificates');
  mkdirSync(certificates, {recursive: true});
  copyFileSync(join('identity', 'loopback.pem'), join(certificates, AGENT_CERTIFICATE));
  setPolicies({
    Certificates: {Install: [join(process.cwd(), 'sites', 'ca.pem'), ...(trusted ? [AGENT_CERTIFICATE] : [])]},
    LocalNetworkAccess: {Enabled: true, EnablePrompting: true, ...(allowed ? {SkipDomains: ['portal.test']} : {})},
    DisableAppUpdate: true,
    DisableTelemetry: true,
  });
  const browser = await firefox.launch({
    channel: 'moz-firefox',
    executablePath: '/usr/bin/firefox-esr',
    env: {PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8'},
    firefoxUserPrefs: {
      'network.dns.localDomains': 'portal.test',
      'network.lna.address_space.public.override': '127.0.0.1:8450',
    },
  });
  const page = await browser.newPage();
  await page.goto(SITE);
  await page.waitForFunction(() => 'sdk' in window);
  return {page, close: () => browser.close()};
}

test('finds the agent over https, runs a check and hears of it', async t => {
  await t.world.card({});
  await startAgent(1);
  await t.world.site({port: 8450, answers: pageAnswers()});
  const {page, close} = await firefoxPage();
  try {
    await makeAgent(page);
    const {value, error} = await call(page, 'connect');
    assert.equal(value?.keys, 1, JSON.stringify(error));
    assert.equal(await page.evaluate(() => window.agent.address), 'https://127.0.0.1:27510');
    assert.equal((await call(page, 'run', 'check', {})).value?.state, 'done');
    await page.waitForFunction(() => window.events.some(({operation}) => operation?.state === 'done'));
  } finally {
    await close();
  }
});

test('falls back to http as long as the certificate is not trusted', async t => {
  await startAgent();
  await t.world.site({port: 8450, answers: pageAnswers()});
  const {page, close} = await firefoxPage({trusted: false});
  try {
    await makeAgent(page);
    assert.equal((await call(page, 'connect')).value?.agent, 'ukeyd');
    assert.equal(await page.evaluate(() => window.agent.notice?.code), 'agent-untrusted');
  } finally {
    await close();
  }
});

test('the question of the browser waits, and the page can say so', async t => {
  await startAgent();
  await t.world.site({port: 8450, answers: pageAnswers()});
  const {page, close} = await firefoxPage({allowed: false});
  try {
    await makeAgent(page, {timeouts: {permission: 2000}});
    const {error} = await call(page, 'connect');
    assert.equal(error?.code, 'permission-pending', JSON.stringify(error));
    assert.equal(await page.evaluate(() => window.hints.length), 1);
  } finally {
    await close();
  }
});

test('a site that the agent does not list is told so', async t => {
  await t.world.agent();
  await t.world.site({port: 8450, answers: pageAnswers()});
  const {page, close} = await firefoxPage();
  try {
    await makeAgent(page);
    assert.equal((await call(page, 'connect')).error?.code, 'origin-refused');
    await t.world.agent_stop();
    assert.equal((await call(page, 'connect')).error?.code, 'not-installed');
  } finally {
    await close();
  }
});
