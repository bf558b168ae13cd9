// The SDK as it is published: small, typed, complete, and described as it is.

import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createRequire} from 'node:module';
import {transformSync} from 'esbuild';
import {ORIGIN, test} from './lib/suite.mjs';

const TOP = process.env.UKEYD_TOP;
const BYTES_MAX = 6 * 1024;

const text = (/** @type {string[]} */ ...path) => readFileSync(join(TOP, ...path), 'utf8');

/** The codes in the first column of a table whose head line begins so. */
function tableCodes(markdown, head) {
  const table = markdown.slice(markdown.indexOf(head)).split('\n\n')[0];
  return [...table.matchAll(/^[ *]*\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
}

/** The SDK's own codes and texts. */
function ownTexts() {
  const [, table] = text('sdk', 'ukeyd.js').match(/const TEXTS = (\{[^}]*\});/s);
  return Object.entries(new Function(`return ${table}`)());
}

test('it is small, and needs nothing', async () => {
  const source = text('sdk', 'ukeyd.js');
  const {code} = transformSync(source, {minify: true, charset: 'utf8', format: 'esm', target: 'es2022'});
  const bytes = Buffer.byteLength(code);
  assert(bytes <= BYTES_MAX, `${bytes} bytes`);
  assert(!/\bimport\b/.test(code));
  assert(!/\beval\b|\bnew Function\b|innerHTML|XMLHttpRequest/.test(code));
});

test('each code has a title in both languages and is described in both documents', async () => {
  const codes = ownTexts().map(([code]) => code);
  assert.deepEqual(tableCodes(text('sdk', 'ukeyd.d.ts'), '| code | what happened |'), codes);
  assert.deepEqual(tableCodes(text('sdk', 'README.md'), '| code | cause |'), codes);
  for (const [code, texts] of ownTexts()) {
    const [zhTitle, zhRemedy, enTitle, enRemedy, ...rest] = texts.split('|');
    assert.equal(rest.length, 0, code);
    assert.match(zhTitle, /[\u4e00-\u9fff]/, code);
    assert.match(enTitle, /^[A-Z][^\u4e00-\u9fff]+[^.]$/, code);
    if (code === 'closed') continue; // nothing is wrong
    assert.match(zhRemedy, /[\u4e00-\u9fff].*。$/, code);
    assert.match(enRemedy, /^[A-Z][^\u4e00-\u9fff]+\.$/, code);
  }
});

test('the codes of the agent that are named exist', async () => {
  const known = tableCodesAnywhere(text('docs', 'api', 'errors.md'));
  const [, declared] = text('sdk', 'ukeyd.d.ts').match(/type AgentCode =(.*?);/s);
  const named = [...declared.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  const [, section] = text('sdk', 'README.md').split('All others are the agent');
  const told = [...section.matchAll(/`([a-z]+-[a-z-]+)`/g)].map(([, code]) => code);
  assert(named.length > 20 && told.length > 15);
  for (const code of [...named, ...told.filter(word => word !== 'reset-pin')]) assert(known.has(code), code);
});

function tableCodesAnywhere(markdown) {
  return new Set([...markdown.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, code]) => code));
}

test('README, example and portal list the same addresses of the agent', async t => {
  const [, listed] = text('sdk', 'README.md').match(/connect-src 'self' ([^;\n]+)/);
  assert(text('sdk', 'example.html').includes(`connect-src 'self' ${listed}"`));
  const [, ports] = text('sdk', 'ukeyd.js').match(/const PORTS = \[([^\]]+)\]/);
  const wanted = ports.split(', ').flatMap(port => {
    const plain = Number(port) + 1;
    return [`https://127.0.0.1:${port}`, `wss://127.0.0.1:${port}`, `http://127.0.0.1:${plain}`, `ws://127.0.0.1:${plain}`];
  });
  assert.deepEqual(listed.split(' ').sort(), wanted.sort());
  const page = await t.page();
  const {'content-security-policy': policy} = (await page.goto(`${ORIGIN}/login`)).headers();
  const [, ofPortal] = policy.match(/connect-src 'self' ([^;]+)/);
  assert.deepEqual(ofPortal.trim().split(/ +/).sort(), wanted.sort());
});

const USES = `
import { Ukeyd, UkeydError, type Operation } from "ukeyd";
const agent = new Ukeyd({ language: "en", timeouts: { probe: 1 }, minVersion: "0.1.0" });
agent.onevent = (event) => { if (event.event === "token.inserted") event.reader.length; };
agent.onpermission = ({ title, text }) => void [title, text];
const show = (operation: Operation) => operation.step.title;
export async function use(signal: AbortSignal) {
  const { pcsc } = await agent.connect();
  const renewed = await agent.run("renew", { ticket: "t", token: "s", onprogress: show, signal });
  renewed.result.not_after.length;
  (await agent.run("check")).result.findings.map(({ code }) => code);
  (await agent.resume("id", { untilConfirmed: true })).message;
  for (const token of await agent.tokens()) if (token.supported) token.pin.left;
  // @ts-expect-error a renewal needs a ticket
  await agent.run("renew");
  // @ts-expect-error a change of the PIN takes none
  await agent.run("change-pin", { ticket: "t" });
  // @ts-expect-error nothing takes a PIN
  await agent.run("change-pin", { pin: "123456" });
  // @ts-expect-error there is no such kind
  await agent.run("erase", {});
  try { agent.close(); } catch (error) { if (error instanceof UkeydError && error.code === "framed") error.remedy; }
  return pcsc;
}
`;

test('what is published has its files, and its types hold', async () => {
  const folder = mkdtempSync(join(process.cwd(), 'package-'));
  for (const name of ['LICENSE', 'sdk']) cpSync(join(TOP, name), join(folder, name), {recursive: true});
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(folder, 'sdk'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {PATH: process.env.PATH, HOME: folder},
  });
  const [{filename, files, version}] = JSON.parse(packed.slice(packed.indexOf('[')));
  assert(text('meson.build').includes(`version: '${version}'`));
  assert.deepEqual(
    files.map((/** @type {{path: string}} */ {path}) => path).sort(),
    ['LICENSE', 'README.md', 'example.html', 'example.js', 'package.json', 'ukeyd.d.ts', 'ukeyd.js'],
  );
  const home = join(folder, 'node_modules', 'ukeyd');
  mkdirSync(home, {recursive: true});
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components', '1']);
  writeFileSync(join(folder, 'uses.ts'), USES);
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
  const types = ['--lib', 'es2022,dom'];
  const checked = spawnSync('node', [tsc, ...options, ...types, 'uses.ts'], {cwd: folder, encoding: 'utf8'});
  assert.equal(checked.stdout, '');
  assert.equal(checked.status, 0);
});
