/**
 * The worker that finds codes in pictures: the browser's own reader where it has one, and zxing.
 *
 * It receives `{id, picture, thorough}` and answers `{id, text}`, with null if there is no code. The first message that
 * it sends is `{ready: true}`: the reader is compiled before the first picture.
 * @module
 */

import { prepareZXingModule, readBarcodes } from '../npm/zxing-wasm/es/reader/index.js';

/** How codes of the railway begin. They are preferred where a picture has several codes. */
const OURS = 'RG1:';

/** @typedef {{text: string, x: number, y: number}} Found */

const canvas = new OffscreenCanvas(1, 1);
const ink = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true, alpha: false }));

/** @type {any} BarcodeDetector; null: missing or broken */
let native = null;
/** @type {'' | 'native' | 'zxing'} method of the last success */
let last = '';

const compiled = prepareZXingModule({
  overrides: { locateFile: () => new URL('../npm/zxing-wasm/zxing_reader.wasm', import.meta.url).href },
  fireImmediately: true,
});

/** Finds out whether the browser reads QR codes itself. */
async function openNative() {
  const Detector = /** @type {any} */ (self).BarcodeDetector;
  try {
    if (Detector && (await Detector.getSupportedFormats()).includes('qr_code')) native = new Detector({ formats: ['qr_code'] });
  } catch {
    native = null;
  }
}

/**
 * Reads with the browser's reader.
 * @param {ImageBitmap} picture
 * @returns {Promise<Found[]>}
 */
async function readNative(picture) {
  if (!native) return [];
  try {
    /** @type {{rawValue: string, boundingBox: DOMRectReadOnly}[]} */
    const all = await native.detect(picture);
    return all.map(({ rawValue, boundingBox: b }) => ({ text: rawValue, x: b.x + b.width / 2, y: b.y + b.height / 2 }));
  } catch {
    native = null; // a phone without the service behind it
    return [];
  }
}

/**
 * Reads with zxing.
 * @param {ImageBitmap} picture
 * @param {boolean} thorough
 * @returns {Promise<Found[]>}
 */
async function readZXing(picture, thorough) {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  ink.drawImage(picture, 0, 0);
  const all = await readBarcodes(ink.getImageData(0, 0, canvas.width, canvas.height), {
    formats: ['QRCode'], textMode: 'Plain', maxNumberOfSymbols: 4,
    tryHarder: thorough, tryRotate: false, tryInvert: thorough, tryDownscale: thorough,
  });
  return all.map(({ text, position: { topLeft: a, bottomRight: b } }) => ({ text, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }));
}

/**
 * Returns the text of the code that is meant: the railway's before others, then the one nearest to the middle.
 * @param {Found[]} all
 * @param {number} width
 * @param {number} height
 */
function meant(all, width, height) {
  const far = (/** @type {Found} */ f) => Math.hypot(f.x - width / 2, f.y - height / 2) + (f.text.startsWith(OURS) ? 0 : 1e6);
  all.sort((a, b) => far(a) - far(b));
  return all[0]?.text || null;
}

addEventListener('message', async ({ data: { id, picture, thorough } }) => {
  let text = null;
  try {
    await compiled;
    let all = await readNative(picture);
    if (all.length > 0) last = 'native';
    else if (!native || thorough || last !== 'native') {
      all = await readZXing(picture, thorough);
      if (all.length > 0) last = 'zxing';
    }
    text = meant(all, picture.width, picture.height);
  } finally {
    picture.close();
    postMessage({ id, text });
  }
});

Promise.all([compiled, openNative()]).then(() => postMessage({ ready: true }), () => postMessage({ failed: true }));
