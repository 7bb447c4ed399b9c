/**
 * What people do on the pages, for tests that need the whole way and do not look at its parts.
 * @module
 */
import { person, setupText } from './people.js';

/**
 * Sets a handheld up by its page and begins to scan.
 * @param {import('playwright-core').Page} page
 * @param {import('./system.js').System} system
 * @param {Parameters<typeof setupText>[1] & {duty?: RegExp}} [how] duty: the button of the use
 */
export async function setUp(page, system, { duty = /进站检票|^Entry/, ...how } = {}) {
  await page.getByRole('button', { name: /粘贴启用文字|Paste the setup text/ }).click();
  await page.locator('#text').fill(setupText(system, how));
  await page.getByRole('button', { name: /^(启用|Set up)$/ }).click();
  await page.getByRole('button', { name: duty }).click();
  await page.waitForFunction(() => document.querySelector('video')?.readyState === 4);
}

/**
 * Applies as a person without a login, up to the result.
 * @param {import('playwright-core').Page} page the passenger's page at its start
 * @param {number} n of person
 */
export async function apply(page, n) {
  const who = person(n);
  await page.getByRole('link', { name: /立即申请|Apply now/ }).first().click();
  await page.getByLabel(/^(姓名|Name)/).fill(who.name);
  await page.getByLabel(/^(证件号码|Document number)/).fill(who.document_number);
  await page.getByText(/已定位|已获取定位|Located/).first().waitFor();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: /立即申请|Apply now/ }).click();
}

/**
 * Passes the sandbox's face check with the camera.
 * @param {import('playwright-core').Page} page
 */
export async function passFaceCheck(page) {
  await page.getByRole('button', { name: /开始核验|^Start/ }).click();
}

/**
 * Shows the code after the result.
 * @param {import('playwright-core').Page} page
 */
export async function showCode(page) {
  await page.getByRole('button', { name: /出示二维码|Show the code/ }).or(page.getByRole('link', { name: /出示二维码|Show the code/ })).click();
  await page.locator('canvas').waitFor();
}
