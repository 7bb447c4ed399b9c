/**
 * The worker that finds codes in pictures: the browser's own reader where it has one, and zxing.
 *
 * It receives `{id, picture}` and answers `{id, text}`, with null if there is no code, and `unreadable` if the picture could
 * not be read. The first message that it sends is `{ready: true}`: the reader is compiled before the first picture.
 * @module
 */

import { prepareZXingModule, readBarcodes } from '../npm/zxing-wasm/es/reader/index.js';
import { region } from './region.js';

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
 * Draws the part of a picture that an attempt reads.
 * @param {VideoFrame | ImageBitmap} picture
 * @param {number} attempt
 * @returns {boolean} whether the attempt is thorough
 */
function draw(picture, attempt) {
  const [width, height] = 'displayWidth' in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
  const part = region(width, height, attempt);
  if (canvas.width !== part.toWidth || canvas.height !== part.toHeight) {
    canvas.width = part.toWidth;
    canvas.height = part.toHeight;
  }
  ink.drawImage(picture, part.x, part.y, part.width, part.height, 0, 0, part.toWidth, part.toHeight);
  return part.thorough;
}

/** Reads the drawing with the browser's reader. */
async function readNative() {
  if (!native) return [];
  try {
    /** @type {{rawValue: string, boundingBox: DOMRectReadOnly}[]} */
    const all = await native.detect(canvas);
    return all.map(({ rawValue, boundingBox: b }) => ({ text: rawValue, x: b.x + b.width / 2, y: b.y + b.height / 2 }));
  } catch {
    native = null; // a phone without the service behind it
    return [];
  }
}

/**
 * Reads the drawing with zxing.
 * @param {boolean} thorough
 * @returns {Promise<Found[]>}
 */
async function readZXing(thorough) {
  const all = await readBarcodes(ink.getImageData(0, 0, canvas.width, canvas.height), {
    formats: ['QRCode'], textMode: 'Plain', maxNumberOfSymbols: 4,
    tryHarder: thorough, tryRotate: false, tryInvert: thorough, tryDownscale: thorough,
  });
  return all.map(({ text, position: { topLeft: a, bottomRight: b } }) => ({ text, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }));
}

/**
 * Returns the text of the code that is meant: the railway's before others, then the one nearest to the middle.
 * @param {Found[]} all
 */
function meant(all) {
  const far = (/** @type {Found} */ f) => Math.hypot(f.x - canvas.width / 2, f.y - canvas.height / 2) + (f.text.startsWith(OURS) ? 0 : 1e6);
  all.sort((a, b) => far(a) - far(b));
  return all[0]?.text || null;
}

addEventListener('message', async ({ data: { id, picture } }) => {
  let text = null;
  let unreadable = false;
  try {
    await compiled;
    const thorough = draw(picture, id);
    picture.close();
    let all = await readNative();
    if (all.length > 0) last = 'native';
    else if (!native || thorough || last !== 'native') {
      all = await readZXing(thorough);
      if (all.length > 0) last = 'zxing';
    }
    text = meant(all);
  } catch {
    unreadable = true;
  } finally {
    picture.close();
    postMessage({ id, text, unreadable });
  }
});

Promise.all([compiled, openNative()]).then(() => postMessage({ ready: true }), () => postMessage({ failed: true }));
