// Measures the pages in Chromium and prints each figure with its goal. A missed floor is a failure; floors of times allow for
// a machine that other work slows.
//
// usage: node figures.js [-quick] [-keep FILE] [-only PART,PART]
//   -quick: few repetitions, for CI; -keep: also writes the output into a file; parts: passenger, scans, decoding,
//   verification, memory, lighthouse
//
// "Slowed" figures have a processor that runs at a fourth of its speed (Emulation.setCPUThrottlingRate), as a cheap phone's.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { passFaceCheck, apply, setUp, showCode } from './ways.js';
import { PHONE, start, throttle } from './harness.js';
import { passes, publicOf } from './passes.js';
import { scores } from './lighthouse.js';

const quick = process.argv.includes('-quick');
const keep = process.argv.includes('-keep') ? process.argv[process.argv.indexOf('-keep') + 1] : null;
const SLOW = 4;
const [PAINTS, SCANS, LONG_SCANS] = quick ? [3, 40, 100] : [9, 300, 1000];
const SCAN_MS = 15_000; // bound on one scan

const lines = [];
let missed = 0;

/** Prints a line and keeps it for the file. */
function print(line) {
  lines.push(line);
  console.log(line);
}

/**
 * Prints a figure.
 * @param {string} name
 * @param {number} value
 * @param {string} unit
 * @param {{goal: number, floor: number, least?: boolean, more?: string}} than goal of the project; floor: worse is a failure; least: more is better
 */
function figure(name, value, unit, { goal, floor, least = false, more = '' }) {
  const meets = (bound) => least ? value >= bound : value <= bound;
  if (!meets(floor)) missed++;
  const shown = Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1);
  print(`${name}: ${shown} ${unit} (goal ${least ? 'at least' : 'at most'} ${goal}: ${meets(goal) ? 'met' : 'MISSED'}${meets(floor) ? '' : `, FLOOR ${floor} MISSED`})${more && `; ${more}`}`);
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, q) => sorted(values)[Math.min(values.length - 1, Math.floor(q * values.length))];

/** Returns a test context whose hooks run at once when the caller has ended. */
function context() {
  const hooks = [];
  return { t: { after: (hook) => hooks.push(hook) }, end: async () => { for (const hook of hooks.reverse()) await hook(); } };
}

/** Runs a part with a context of its own, also closed after failures. */
async function part(name, run) {
  const { t, end } = context();
  const began = performance.now();
  try {
    await run(t);
  } catch (err) {
    missed++;
    print(`${name}: FAILED: ${err instanceof Error ? err.message.split('\n')[0] : err}`);
    if (err instanceof Error) console.error(err);
  }
  await end().catch((err) => { missed++; print(`${name}: FAULTS OF THE PAGE: ${JSON.stringify(err.actual ?? String(err))}`); });
  console.error(`  (${name}: ${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

/** Keeps the measures of a page where a test can read them; the page's own list is bounded. */
const collect = () => {
  globalThis.measures = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) globalThis.measures.push([name, duration]);
  }).observe({ type: 'measure', buffered: true });
};

/** Returns the durations of a measure, ms. */
const durations = async (page, name) => (await page.evaluate(() => globalThis.measures)).filter(([of]) => of === name).map(([, ms]) => ms);

/** Counts the bytes that a page receives, headers included, by the kind of request. */
async function countBytes(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const urls = new Map();
  const count = { files: 0, api: 0, requests: 0 };
  session.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, new URL(request.url).pathname));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    count.requests++;
    count[urls.get(requestId)?.startsWith('/v1/') ? 'api' : 'files'] += encodedDataLength;
  });
  return { session, count };
}

const kB = (bytes) => bytes / 1000;

/** @type {(() => Promise<void>)[]} */
const ends = [];
const { system, open, show } = await start({ more: ['-offline-gate'], atEnd: (hook) => ends.push(hook) });

/** Bytes, first paint and drawing of the passenger's code. */
async function passenger(t) {
  const page = await open(t, 'passenger', { before: async (page) => { await page.addInitScript(collect); } });
  await apply(page, 700);
  await passFaceCheck(page);
  await showCode(page);
  const { session, count } = await countBytes(page);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await session.send('Network.setBypassServiceWorker', { bypass: true });
  const load = async () => {
    count.files = count.api = count.requests = 0;
    await page.reload();
    await page.locator('canvas').waitFor();
    await page.waitForTimeout(quick ? 300 : 1000);
  };
  await load();
  const bodies = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((entry) => /** @type {PerformanceResourceTiming} */ (entry).encodedBodySize).reduce((a, b) => a + b, 0));
  figure('passenger: code view, cold, compressed', kB(bodies), 'kB', { goal: 60, floor: 70,
    more: `${count.requests} requests; ${kB(count.files + count.api).toFixed(1)} kB with headers in HTTP/1.1, which HTTP/2 compresses` });
  /** @type {Record<number, {paints: number[], draws: number[]}>} */
  const by = { 1: { paints: [], draws: [] }, [SLOW]: { paints: [], draws: [] } };
  for (const [rate, { paints, draws }] of Object.entries(by)) {
    await session.send('Emulation.setCPUThrottlingRate', { rate: Number(rate) });
    for (let n = 0; n < PAINTS; n++) {
      await load();
      paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      draws.push(...await durations(page, 'code'));
    }
  }
  figure('passenger: first contentful paint, cold, slowed', quantile(by[SLOW].paints, 0.5), 'ms',
    { goal: 1000, floor: 4000, more: `median of ${PAINTS}, worst ${Math.max(...by[SLOW].paints).toFixed(0)} ms; not slowed ${quantile(by[1].paints, 0.5).toFixed(0)} ms` });
  figure('passenger: first code of a page drawn', quantile(by[1].draws, 0.5), 'ms',
    { goal: 16, floor: 150, more: `median of ${by[1].draws.length}; slowed ${quantile(by[SLOW].draws, 0.5).toFixed(1)} ms` });
}

/** Shows codes of different passengers one by one; each must get a verdict. Returns the time of all, ms. */
async function scan(page, count, next) {
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    const before = (await durations(page, 'scan')).length;
    show(await next());
    await page.waitForFunction((before) => globalThis.measures.filter(([name]) => name === 'scan').length > before, before, { timeout: SCAN_MS, polling: 20 });
  }
  return performance.now() - began;
}

/** Opens a handheld that needs no ticket, and waits for its bundle. */
async function handheld(t) {
  const page = await open(t, 'handheld', { before: async (page) => { await page.addInitScript(collect); } });
  await setUp(page, system, { device: 'entry-gate', credential: system.device, scopes: ['entry', 'exit'] });
  return page;
}

/** Decoding and verification on a handheld, online and offline. */
async function scans(t) {
  const next = passes(system);
  const page = await handheld(t);
  await scan(page, 5, next);
  await throttle(page, SLOW);
  for (const mode of ['online', 'offline']) {
    if (mode === 'offline') await page.context().setOffline(true);
    await scan(page, 3, next);
    await page.evaluate(() => { globalThis.measures = []; });
    const ms = await scan(page, SCANS, next);
    const [decode, verify, all] = await Promise.all(['decode', 'verify', 'scan'].map((name) => durations(page, name)));
    const of = (values) => `p50 ${quantile(values, 0.5).toFixed(1)}, p95 ${quantile(values, 0.95).toFixed(1)} ms`;
    const sum = decode.slice(0, verify.length).map((ms, i) => ms + verify[i]);
    figure(`handheld: decode + verify, ${mode}, slowed, p95`, quantile(sum, 0.95), 'ms', { goal: 100, floor: 1500,
      more: `${verify.length} codes; decode ${of(decode)}; verify ${of(verify)}; picture to verdict on the screen ${of(all)}; ${(verify.length / ms * 1000).toFixed(1)} codes/s` });
  }
  await page.context().setOffline(false);
}

/**
 * Decoding on the slowed thread: Chromium does not slow the worker in which the handheld decodes. The pictures have the
 * size that the worker gets, and its first, quick options.
 */
async function decoding(t) {
  const next = passes(system);
  const codes = await Promise.all(Array.from({ length: 100 }, () => next()));
  const page = await open(t, 'handheld');
  await throttle(page, SLOW);
  const took = await page.evaluate(async (codes) => {
    const { prepareZXingModule, readBarcodes } = await import('/npm/zxing-wasm/es/reader/index.js');
    const { drawQR } = await import('/ui/qr.js');
    const { region } = await import('/handheld/region.js');
    await prepareZXingModule({ overrides: { locateFile: (/** @type {string} */ file) => `/npm/zxing-wasm/${file}` }, fireImmediately: true });
    const { toWidth, toHeight } = region(640, 480, 0);
    const [seen, code] = [new OffscreenCanvas(toWidth, toHeight), document.createElement('canvas')];
    const ink = seen.getContext('2d', { willReadFrequently: true, alpha: false });
    const took = [];
    for (const text of codes) {
      drawQR(code, text, Math.min(toWidth, toHeight));
      const picture = await createImageBitmap(code);
      const began = performance.now();
      ink.drawImage(picture, (toWidth - picture.width) / 2, 0);
      const [found] = await readBarcodes(ink.getImageData(0, 0, toWidth, toHeight), { formats: ['QRCode'], textMode: 'Plain', maxNumberOfSymbols: 4, tryHarder: false, tryRotate: false, tryInvert: false, tryDownscale: false });
      took.push(performance.now() - began);
      if (found?.text !== text) throw new Error('another text');
    }
    return took.slice(5); // without those that warm the compiler
  }, codes);
  figure('handheld: decoding alone, slowed, p95', quantile(took, 0.95), 'ms', { goal: 90, floor: 800, more: `p50 ${quantile(took, 0.5).toFixed(1)} ms, ${took.length} codes` });
}

/** Verification alone, by the library, in the handheld's page. */
async function verification(t) {
  const next = passes(system);
  const codes = await Promise.all(Array.from({ length: 200 }, () => next()));
  const page = await open(t, 'handheld');
  await throttle(page, SLOW);
  for (const native of [true, false]) {
    const took = await page.evaluate(async ({ codes, raw, native, now }) => {
      const { check } = await import('/railgate/check.js');
      const { parseText, unhex } = await import('/railgate/code.js');
      const { publicKey } = await import('/railgate/ed25519.js');
      const key = { public: await publicKey(unhex(raw)) };
      const known = { key: () => key, revoked: () => false, cutoff: () => 0, closed: () => false };
      const took = [];
      for (const text of codes) {
        const began = performance.now();
        const reason = await check(parseText(text), now, 'entry', known, { native });
        took.push(performance.now() - began);
        if (reason !== 'ok') throw new Error(reason);
      }
      return took;
    }, { codes, raw: publicOf(system), native, now: Math.floor(Date.now() / 1000) });
    figure(`verification alone, ${native ? 'WebCrypto' : 'fallback'}, slowed, p95`, quantile(took, 0.95), 'ms', { goal: native ? 5 : 100, floor: native ? 60 : 500, more: `p50 ${quantile(took, 0.5).toFixed(2)} ms` });
  }
}

/** Memory of the handheld's page over many scans. */
async function memory(t) {
  const next = passes(system);
  const page = await handheld(t);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  const used = async () => {
    for (let n = 0; n < 3; n++) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { heap: usedSize / 1e6, nodes, jsEventListeners };
  };
  await scan(page, LONG_SCANS / 5, next); // warm: caches are full
  await page.evaluate(() => { globalThis.measures = []; });
  const before = await used();
  const ms = await scan(page, LONG_SCANS, next);
  await page.evaluate(() => { globalThis.measures = []; });
  const after = await used();
  figure(`handheld: growth of the heap over ${LONG_SCANS} scans`, after.heap - before.heap, 'MB', { goal: 1, floor: 3,
    more: `${before.heap.toFixed(1)} to ${after.heap.toFixed(1)} MB, DOM nodes ${before.nodes} to ${after.nodes}, listeners ${before.jsEventListeners} to ${after.jsEventListeners}; ${(LONG_SCANS / ms * 1000).toFixed(1)} codes/s` });
}

/** Lighthouse's scores of the three pages at their addresses. */
async function lighthouse() {
  for (const { url, scores: of, lost } of await scores([{ url: system.passenger }, { url: system.desk, desktop: true }, { url: system.handheld }])) {
    const name = url === system.passenger ? 'passenger' : url === system.desk ? 'desk' : 'handheld';
    for (const [category, score] of Object.entries(of)) {
      figure(`Lighthouse, ${name}, ${category}`, score, 'of 100', { least: true, goal: 95, floor: category === 'performance' ? 50 : 95 });
    }
    if (lost.length > 0) print(`  lost points: ${lost.join('; ')}`);
  }
}

const version = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
print(`machine: ${cpus()[0].model}, ${cpus().length} cores; ${version(process.env.CHROMIUM ?? '/usr/bin/chromium', '--version')}; Node ${process.version}; viewport ${PHONE.width}×${PHONE.height}`);
print(`command: node web/test/browser/figures.js ${process.argv.slice(2).join(' ')}`.trim());
const only = process.argv.includes('-only') ? process.argv[process.argv.indexOf('-only') + 1].split(',') : null;
for (const [name, run] of Object.entries({ passenger, scans, decoding, verification, memory, lighthouse })) if (!only || only.includes(name)) await part(name, run);
for (const end of ends) await end();
if (keep) writeFileSync(keep, `${lines.join('\n')}\n`);
if (missed > 0) {
  print(`pages: ${missed} floors missed`);
  process.exitCode = 1;
}
