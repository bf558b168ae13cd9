// What axe-core says of a page, and whether it fits its window.

import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @typedef {import('playwright-core').Page} Page */

/**
 * @param {Page} page
 * @returns {Promise<string[]>} each violation with the elements that it concerns
 */
async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source); // the page's policy refuses a script element
  return page.evaluate(async () => {
    const found = await window.axe.run(document, {resultTypes: ['violations'], preload: false});
    return found.violations.map(
      ({id, help, nodes}) => `${id}: ${help}: ${nodes.map(node => node.html).join(' · ').slice(0, 500)}`,
    );
  });
}

/** How many pixels the page is wider than its window. @param {Page} page */
function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/**
 * What is wrong with the page as it is now; empty when nothing is.
 * @param {Page} page
 * @param {string} where
 */
export async function faults(page, where) {
  const found = await violations(page);
  const wider = await overflow(page);
  if (wider > 0) found.push(`scrolls sideways by ${wider} px`);
  return found.map(fault => `${where}: ${fault}`);
}
