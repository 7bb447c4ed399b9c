/**
 * The pages in a real browser, with a running system behind them. A test file starts one of each:
 *
 *     import { start } from './harness.js';
 *     const { system, open, show } = await start();                 // stopped after the file's last test, also after failures
 *     test('…', { timeout: 60_000 }, async (t) => {
 *       const page = await open(t, 'passenger', { language: 'en' }); // a Playwright page of a new context
 *       await page.getByRole('button', { name: 'Apply' }).click();
 *       show('RG1:…');                                               // what the cameras see from now on
 *       await axe(page);                                             // fails on violations
 *       await shot(page, 'passenger-code-zh');                       // docs/pictures/pages, with RAILGATE_PICTURES=1
 *     });
 *
 * A test fails if its page logs an error, throws, violates its content security policy or sends a request to another
 * origin. `page.expected.push(/…/)` names what a test provokes. Answers of /v1 that refuse, and requests while the
 * context is offline, are no faults.
 *
 * It needs Chromium ($CHROMIUM, default /usr/bin/chromium) and the packages that .ci/web installs.
 * @module
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { film } from './camera.js';
import { startSystem } from './system.js';
import { load, pathOf } from './tools.js';

export { film, pictureOf } from './camera.js';
export { holder, PASSWORD, person, register, revoke, sell, setupText } from './people.js';
export { passes } from './passes.js';
export { call, gate, phoneCode } from './system.js';

const { chromium } = load('playwright-core');

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };
const PATIENCE = 10_000; // ms, for one action or one expectation
const BEIJING_SOUTH = { latitude: 39.865, longitude: 116.378, accuracy: 20 };
const pictures = fileURLToPath(new URL('../../../docs/pictures/pages/', import.meta.url));

/**
 * How a page is opened.
 * @typedef {object} How
 * @property {'zh' | 'en'} [language] default zh
 * @property {{width: number, height: number}} [size] default PHONE, and DESK for the desk
 * @property {boolean} [dark]
 * @property {'shown' | 'denied' | 'none'} [camera] what `show` shows, denied by the user, or no device; default shown
 * @property {{latitude: number, longitude: number, accuracy?: number} | 'denied'} [geolocation] default Beijing South
 * @property {string} [fragment] without #
 * @property {import('playwright-core').BrowserContext} [context] another page of the same browser profile
 * @property {(page: any) => Promise<void>} [before] runs before the page is loaded: routes, clock, scripts
 */

/**
 * Starts system and browser of a test file.
 * @param {{roles?: string, more?: string[], atEnd?: (hook: () => Promise<void>) => void}} [how] roles of the staff credential, with
 * commas; further arguments of the demo; what runs a function at the end, if it is not node:test
 */
export async function start({ roles, more, atEnd = after } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'railgate-camera-'));
  const camera = join(scratch, 'camera.y4m');
  film(camera, [null]);
  const system = await startSystem({ roles, more });
  const browser = await launch(camera);
  atEnd(async () => {
    await browser.close();
    await system.stop();
    rmSync(scratch, { recursive: true, force: true });
  });
  return {
    system,
    browser,
    /**
     * Opens a page of a face; it is closed after the test.
     * @param {import('node:test').TestContext} t
     * @param {'passenger' | 'handheld' | 'desk'} face
     * @param {How} [how]
     */
    open: (t, face, how = {}) => open(t, browser, system[face], { size: face === 'desk' ? DESK : PHONE, ...how }),
    /**
     * Shows pictures to the cameras of all pages: a text as QR code, a picture of `photograph`, or null for nothing.
     * @param {...(string | import('./camera.js').Picture | null)} all they alternate
     */
    show: (...all) => film(camera, all, all.length > 1 ? 5 : 1),
  };
}

/**
 * Launches Chromium with a file as its camera.
 * @param {string} camera
 * @param {string[]} [more] arguments
 */
export function launch(camera, more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`, '--force-color-profile=srgb', ...more],
  });
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {How} how
 */
async function open(t, browser, url, how) {
  const origin = new URL(url).origin;
  const place = how.geolocation ?? BEIJING_SOUTH;
  const context = how.context ?? await browser.newContext({
    viewport: how.size, locale: how.language === 'en' ? 'en-GB' : 'zh-CN', timezoneId: 'Asia/Shanghai', colorScheme: how.dark ? 'dark' : 'light',
    hasTouch: how.size?.width === PHONE.width, ...(place === 'denied' ? {} : { geolocation: place }),
  });
  if (!how.context) {
    context.setDefaultTimeout(PATIENCE);
    const granted = [...(how.camera === 'denied' ? [] : ['camera']), ...(place === 'denied' ? [] : ['geolocation'])];
    await context.grantPermissions(granted, { origin });
    if (how.camera === 'denied' || how.camera === 'none') await context.addInitScript(withoutCamera, how.camera === 'denied' ? 'NotAllowedError' : 'NotFoundError');
  }
  const page = await context.newPage();
  page.expected = [];
  page.requests = [];
  const faults = watch(page, context, origin, (fault) => t.diagnostic?.(fault));
  t.after(async () => {
    await (how.context ? page : context).close();
    const open = faults.filter((fault) => !page.expected.some((pattern) => pattern.test(fault)));
    assert.deepEqual(open, [], 'faults of the page');
  });
  await how.before?.(page);
  await page.goto(how.fragment ? `${url}#${how.fragment}` : url);
  return page;
}

/** Replaces the camera in a page. */
function withoutCamera(name) {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no camera', name));
  if (name === 'NotFoundError') navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
}

/** Collects the faults and requests of a page. */
function watch(page, context, origin, tell) {
  const faults = { all: [], push(fault) { this.all.push(fault); tell(fault); } };
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    const refused = message.text().startsWith('Failed to load resource') && (new URL(url || origin).pathname.startsWith('/v1/') || /ERR_INTERNET_DISCONNECTED/.test(message.text()));
    if (!refused) faults.push(`console: ${message.text()} ${url}`);
  });
  page.on('pageerror', (err) => faults.push(`error: ${err.stack ?? err}`));
  page.on('crash', () => faults.push('the page crashed'));
  context.on('request', (request) => {
    const url = request.url();
    page.requests.push({ method: request.method(), url });
    if (/^https?:/.test(url) && new URL(url).origin !== origin) faults.push(`request to another origin: ${url}`);
  });
  return faults.all;
}

/**
 * Returns what axe finds in a page, and fails if it is not empty.
 * @param {import('playwright-core').Page} page
 * @param {string} [name] of the view, for the message
 */
export async function axe(page, name = '') {
  await page.evaluate(readFileSync(pathOf('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.flatMap((/** @type {any} */ v) => v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
  assert.deepEqual(found, [], `axe: ${name || page.url()}`);
  return violations.length;
}

/**
 * Runs axe in the page's language and colours, and in forced colours.
 * @param {import('playwright-core').Page} page
 * @param {string} [name]
 */
export async function axeAll(page, name) {
  await axe(page, name);
  await page.emulateMedia({ forcedColors: 'active' });
  await axe(page, `${name}, forced colours`);
  await page.emulateMedia({ forcedColors: null });
}

/**
 * Keeps a picture of the page as docs/pictures/pages/NAME.webp if RAILGATE_PICTURES is set. The browser compresses it.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {{full?: boolean}} [how] full: with what must be scrolled to
 */
export async function shot(page, name, { full = false } = {}) {
  if (!process.env.RAILGATE_PICTURES) return;
  const png = await page.screenshot({ animations: 'disabled', caret: 'hide', fullPage: full, scale: 'css' });
  const webp = await page.evaluate(async (/** @type {string} */ base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d')).drawImage(bitmap, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 })).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }, png.toString('base64'));
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.webp`), Buffer.from(webp, 'base64'));
}

/**
 * Slows the page's processor.
 * @param {import('playwright-core').Page} page
 * @param {number} rate 4 is a fourth of the speed
 */
export async function throttle(page, rate) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
  return session;
}

/**
 * Photographs a canvas or another element, for `show`.
 * @param {import('playwright-core').Locator} element
 * @returns {Promise<import('./camera.js').Picture>}
 */
export async function photograph(element) {
  const png = await element.screenshot({ animations: 'disabled' });
  const page = element.page();
  const { width, height, grey } = await page.evaluate(async (/** @type {string} */ base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const ink = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d'));
    ink.drawImage(bitmap, 0, 0);
    const { data } = ink.getImageData(0, 0, bitmap.width, bitmap.height);
    let grey = '';
    for (let i = 0; i < data.length; i += 4) grey += String.fromCharCode(Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]));
    return { width: bitmap.width, height: bitmap.height, grey: btoa(grey) };
  }, png.toString('base64'));
  const luma = Uint8Array.from(Buffer.from(grey, 'base64'), (value) => 16 + value * 219 / 255);
  return { width, height, luma };
}
