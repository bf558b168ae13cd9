// Performs the cases of the file that is named on the command line; run_browser.py starts it.

import {pathToFileURL} from 'node:url';
import {closeBrowsers} from './browsers.mjs';
import {cases, Test} from './suite.mjs';
import {world} from './talk.mjs';

const CASE_MS = 180_000;

/**
 * @template T
 * @param {Promise<T>} promise
 */
function inTime(promise) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${CASE_MS} ms`)), CASE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** @param {(typeof cases)[number]} known */
async function outcome(known, test) {
  try {
    await world.open_case();
    await inTime(known.perform(test));
    const problems = [...test.problems(), ...lost.map(reason => `nobody waited for: ${reason}`)];
    return problems.length ? `problems on the pages:\n${problems.join('\n')}` : null;
  } catch (error) {
    return [error.stack || String(error), ...test.problems()].join('\n');
  }
}

/** @param {(typeof cases)[number]} known */
async function perform(known) {
  const test = new Test();
  lost = [];
  const shown = await outcome(known, test);
  const pictures = shown ? await test.pictures() : [];
  await test.close().catch(() => undefined);
  await world.close_case({name: known.name, shown, pictures});
}

/** @type {unknown[]} */
let lost = [];
process.on('unhandledRejection', reason => lost.push(reason));

await import(pathToFileURL(process.argv[2]).href);
const only = process.env.BROWSER_TEST_ONLY ?? '';
for (const known of cases) {
  if (`browser/${process.env.BROWSER_TEST_FILE}: ${known.name}`.includes(only)) await perform(known);
}
await closeBrowsers();
process.exit(0); // whatever a case left open
