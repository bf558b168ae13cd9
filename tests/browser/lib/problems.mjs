// What must not happen on a page: errors on its console, uncaught errors, refusals by its policy.

/**
 * @param {import('playwright-core').Page} page
 * @returns {string[]} grows while the page lives
 */
export function watch(page) {
  /** @type {string[]} */
  const problems = [];
  const note = (/** @type {string} */ text) => problems.push(`${page.url()}: ${text}`);
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') {
      note(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', error => note(`uncaught: ${error.stack || error}`));
  page.on('crash', () => note('the page crashed'));
  return problems;
}
