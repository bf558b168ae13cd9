// What a person does on the platform's pages.

import {ORIGIN} from './suite.mjs';

/** @typedef {import('playwright-core').Page} Page */

export const PASSWORD = 'Yangguang-2024'; // of accounts made by the world (calls.py)
/** How long the agent may take for a step that the page shows. */
export const WORK_MS = 30_000;

/** A PDF file of one empty page. */
export const PDF = pdf([
  '<</Type/Catalog/Pages 2 0 R>>',
  '<</Type/Pages/Kids[3 0 R]/Count 1>>',
  '<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>',
]);

/** @param {string[]} objects the first is its root */
function pdf(objects) {
  let text = '%PDF-1.4\n';
  const lines = objects.map((object, index) => {
    const at = String(text.length).padStart(10, '0');
    text += `${index + 1} 0 obj${object}endobj\n`;
    return `${at} 00000 n \n`;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${lines.join('')}`;
  return Buffer.from(`${text}${table}trailer<</Size ${size}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`);
}

/**
 * @param {Page} page
 * @param {string} login
 * @param {string} [path] where the person wanted to go
 */
export async function logIn(page, login, path = '/') {
  await page.goto(ORIGIN + path);
  await page.getByLabel('用户登录名').fill(login);
  await page.getByLabel('登录密码').fill(PASSWORD);
  await page.getByRole('button', {name: '登录', exact: true}).click();
  await page.getByRole('button', {name: '退出登录'}).waitFor();
}

/** The dialog that is open. @param {Page} page */
export function dialog(page) {
  return page.locator('dialog[open]');
}

/** Clicks a button of the dialog that is open. @param {Page} page @param {string} name */
export async function answer(page, name) {
  await dialog(page).getByRole('button', {name, exact: true}).click();
}

/** The message at the end of the agent's work. @param {Page} page */
export async function message(page) {
  const shown = page.locator('[data-message]');
  await shown.waitFor({timeout: WORK_MS});
  return shown.innerText();
}

/**
 * A new order for the only key, up to its page; its number.
 * @param {Page} page
 */
export async function newOrder(page) {
  await page.getByRole('link', {name: '新增'}).click();
  await page.getByRole('button', {name: '新增订单'}).click();
  await page.waitForURL(/\/orders\/(?!new)[^/]+$/);
  await page.getByRole('heading', {name: '延期续费订单'}).waitFor();
  return page.url().split('/').pop();
}

/**
 * 开票信息, saved.
 * @param {Page} page
 */
export async function fillInvoice(page) {
  await page.getByLabel('发票抬头').fill('阳光测试有限公司');
  await page.getByLabel('纳税人识别号').fill('91370100MA3TEST00X');
  await page.getByLabel('接收发票的邮箱').fill('caiwu@example.com');
  await page.getByRole('button', {name: '保存'}).click();
  await page.getByText('已保存。').waitFor();
}

/** @param {Page} page @param {string} [name] */
export async function attach(page, name = '营业执照.pdf') {
  await page.getByLabel('选择文件上传').setInputFiles({name, mimeType: 'application/pdf', buffer: PDF});
  await page.getByText(`已上传 ${name}。`).waitFor();
}

/** 1.网上支付, up to the payment service's page. @param {Page} page */
export async function goAndPay(page) {
  await page.getByRole('button', {name: '1.网上支付'}).click();
  await page.waitForURL('https://pay.test:8444/**');
  await page.getByRole('button', {name: '支付', exact: true}).waitFor();
}

/** Pays there and comes back. @param {Page} page */
export async function payThere(page) {
  await page.getByRole('button', {name: '支付', exact: true}).click();
  await page.waitForURL(`${ORIGIN}/**`);
  await page.getByRole('button', {name: '2.刷新支付状态'}).waitFor();
}

/**
 * A reviewer approves the order from the desk.
 * @param {Page} page
 * @param {string} number
 */
export async function approve(page, number) {
  await page.getByRole('link', {name: new RegExp(`^审核 .*${number}$`)}).click();
  await page.getByRole('button', {name: '审核通过', exact: true}).click();
  await answer(page, '审核通过');
  await page.getByText(`订单 ${number} 已审核通过。`).waitFor();
}
