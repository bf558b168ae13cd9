// Chromium and Firefox ESR as Debian has them. The platform's page counts as public, so that the browser
// asks before it may reach the agent; nothing else of the network is reachable.

import {chromium, firefox} from 'playwright-core';
import {world} from './talk.mjs';

/** @typedef {import('playwright-core').Browser} Browser */

const PUBLIC_PORTS = [8443, 8444, ...Array.from({length: 10}, (_, number) => 8450 + number)];
const NAMES = ['portal.test', 'pay.test', 'other.test'];

// Without these a browser looks up its maker's servers all the time.
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function chromiumFlags() {
  const mapped = NAMES.map(name => `MAP ${name} 127.0.0.1`).join(', ');
  return [
    ...QUIET,
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
    `--host-resolver-rules=${mapped}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1`,
    `--ip-address-space-overrides=${PUBLIC_PORTS.map(port => `127.0.0.1:${port}=public`).join(',')}`,
  ];
}

/** @type {Map<string, Promise<Browser>>} */
const open = new Map();

/**
 * The browser of this kind, which stays open for the whole file.
 * @param {{headed?: boolean, home?: string}} [which] headed: with a window, on the world's screen.
 *   home: a HOME of the world's, with trust of its own
 */
export function openBrowser({headed = false, home = process.env.HOME} = {}) {
  const key = `${headed} ${home}`;
  if (!open.has(key)) open.set(key, launchChromium(headed, home));
  return open.get(key);
}

/**
 * @param {boolean} headed
 * @param {string} home
 */
async function launchChromium(headed, home) {
  /** @type {Record<string, string>} */
  const env = {PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8'};
  if (headed) env.DISPLAY = await world.display();
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: !headed,
    env,
    args: chromiumFlags(),
  });
}

/**
 * A Firefox of its own. It takes permissions when it starts.
 * @param {string} profile a folder of the world's
 * @param {boolean} allowed the user lets the platform reach this device
 * @param {string} [home]
 */
export function launchFirefox(profile, allowed, home = process.env.HOME) {
  return firefox.launchPersistentContext(profile, {
    channel: 'moz-firefox', // an unpatched one, by WebDriver BiDi
    executablePath: '/usr/bin/firefox-esr',
    env: {PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8'},
    locale: 'zh-CN',
    viewport: {width: 1366, height: 768},
    firefoxUserPrefs: {
      'network.dns.localDomains': NAMES.join(','),
      'network.lna.address_space.public.override': PUBLIC_PORTS.map(port => `127.0.0.1:${port}`).join(','),
      'network.lna.skip-domains': allowed ? 'portal.test' : '',
      'intl.accept_languages': 'zh-CN',
    },
  });
}

export async function closeBrowsers() {
  for (const browser of open.values()) await (await browser).close();
}
