// Tests the harness: what the cameras show, and that faults of pages are found.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axe, photograph, start } from './harness.js';

const { open, show } = await start();

const blank = async (page) => page.route('**/handheld/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><canvas></canvas></main></html>',
  headers: { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'" } }));

/** Returns the text that the camera shows now, read with the pages' own reader. */
const seen = (page) => page.evaluate(async () => {
  const { prepareZXingModule, readBarcodes } = await import('/npm/zxing-wasm/es/reader/index.js');
  prepareZXingModule({ overrides: { locateFile: () => '/npm/zxing-wasm/zxing_reader.wasm' } });
  const stream = globalThis.stream ??= await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const ink = new OffscreenCanvas(640, 480).getContext('2d', { willReadFrequently: true });
  for (const end = performance.now() + 3000; performance.now() < end; await new Promise((r) => setTimeout(r, 100))) {
    ink.drawImage(video, 0, 0);
    const [found] = await readBarcodes(ink.getImageData(0, 0, 640, 480), { formats: ['QRCode'] });
    if (found && found.text !== globalThis.before) return globalThis.before = found.text;
  }
  return null;
});

test('a camera in use sees each picture that is shown', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'handheld', { before: blank });
  const first = `RG1:${'A'.repeat(188)}`;
  show(first);
  assert.equal(await seen(page), first);
  show('SECOND');
  assert.equal(await seen(page), 'SECOND');
  await page.evaluate(async () => {
    const { drawQR } = await import('/ui/qr.js');
    drawQR(document.querySelector('canvas'), 'THIRD', 300);
  });
  show(await photograph(page.locator('canvas')));
  assert.equal(await seen(page), 'THIRD');
  await axe(page);
});

for (const [camera, name] of [['denied', 'NotAllowedError'], ['none', 'NotFoundError']]) {
  test(`a camera that is ${camera}`, { timeout: 60_000 }, async (t) => {
    const page = await open(t, 'handheld', { before: blank, camera });
    assert.equal(await page.evaluate(() => navigator.mediaDevices.getUserMedia({ video: true }).catch((err) => err.name)), name);
  });
}

test('faults of a page fail its test', { timeout: 60_000 }, async () => {
  const hooks = [];
  const page = await open({ after: (hook) => hooks.push(hook) }, 'handheld', { before: blank });
  await page.evaluate(() => {
    console.error('of the page');
    setTimeout(() => { throw new Error('thrown'); });
    document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }));
    fetch('http://127.0.0.1:9/elsewhere').catch(() => {});
  });
  await page.waitForTimeout(500);
  await assert.rejects(hooks[0], (err) => ['console: of the page', 'thrown', 'Content Security Policy', 'another origin'].every((part) => err.actual.some((fault) => fault.includes(part))));
});
