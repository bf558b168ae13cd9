// The line to the world (talk.py): one JSON object a line, on standard input and output.

import {createInterface} from 'node:readline';

/** @type {Map<number, {resolve: (value: any) => void, reject: (reason: Error) => void, call: string}>} */
const waiting = new Map();
let last = 0;

createInterface({input: process.stdin}).on('line', line => {
  const answer = JSON.parse(line);
  const asked = waiting.get(answer.id);
  waiting.delete(answer.id);
  if ('error' in answer) asked.reject(new Error(`${asked.call}: ${answer.error}`));
  else asked.resolve(answer.result);
});

/**
 * Asks the world for one thing (calls.py says what there is).
 * @param {string} call
 * @param {object} [options]
 * @returns {Promise<any>}
 */
export function ask(call, options = {}) {
  last += 1;
  process.stdout.write(JSON.stringify({id: last, call, with: options}) + '\n');
  return new Promise((resolve, reject) => waiting.set(last, {resolve, reject, call}));
}

/**
 * `world.card({holder: '张三'})` is `ask('card', {holder: '张三'})`.
 * @type {Record<string, (options?: object) => Promise<any>>}
 */
export const world = new Proxy(
  {},
  {get: (_, call) => (/** @type {object} */ options) => ask(String(call), options)},
);
