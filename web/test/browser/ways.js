/**
 * What people do on the pages, for tests that need the whole way and do not look at its parts.
 * @module
 */
import { person, setupText } from './people.js';

const WAIT = 15_000;

/**
 * Sets a handheld up by its page, waits for its first bundle and begins to scan.
 * @param {import('playwright-core').Page} page
 * @param {import('./system.js').System} system
 * @param {Parameters<typeof setupText>[1] & {duty?: RegExp, train?: string}} [how] duty: the button of the use; train for a use on board
 */
export async function setUp(page, system, { duty = /进站检票|^Entry/, train, ...how } = {}) {
  await page.getByRole('button', { name: /粘贴启用文字|Paste the setup text/ }).click();
  await page.locator('#text').fill(setupText(system, how));
  await page.getByRole('button', { name: /^(启用|Set up)$/ }).click();
  await page.getByRole('button', { name: duty }).click();
  if (train) {
    await page.locator('#train').fill(train);
    await page.getByRole('button', { name: /开始扫码|Begin to scan/ }).click();
  }
  await page.locator('nav.line .age:not(.old)').waitFor({ timeout: WAIT });
  await page.waitForFunction(() => document.querySelector('video')?.readyState === 4);
}

/**
 * Shows a code to a handheld that has seen nothing before, and returns the verdict.
 * @param {import('playwright-core').Page} page
 * @param {(picture: any) => void} show
 * @param {any} picture
 */
export async function scan(page, show, picture) {
  show(picture);
  const view = page.locator('main.verdict');
  await view.waitFor({ timeout: WAIT });
  const [shown, text] = await Promise.all([view.getAttribute('class'), view.innerText()]);
  show(null);
  return { light: shown?.split(' ')[1], reason: await view.getAttribute('data-reason'), source: /离线判定|Judged offline/.test(text) ? 'offline' : 'online', text };
}

/**
 * Closes a verdict.
 * @param {import('playwright-core').Page} page
 */
export async function next(page) {
  await page.waitForTimeout(200); // a tap at the moment in which a verdict appears does not close it
  await page.getByRole('button', { name: /^(下一位|Next)$/ }).click({ timeout: 1000 }).catch(() => {}); // a green one closes by itself
  await page.locator('main.verdict').waitFor({ state: 'detached' });
}

/**
 * Cuts the network of a handheld and waits until it shows that.
 * @param {import('playwright-core').Page} page
 */
export async function cut(page) {
  await page.context().setOffline(true);
  await page.locator('nav.line.offline').waitFor({ timeout: WAIT });
}

/**
 * Gives a handheld its network back and waits until it shows that.
 * @param {import('playwright-core').Page} page
 */
export async function reconnect(page) {
  await page.context().setOffline(false);
  await page.locator('nav.line.online').waitFor({ timeout: WAIT });
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
