/**
 * Reads the code that a page shows, from a picture of it and with the reader of the handheld's page.
 * @module
 */
import { readFileSync } from 'node:fs';

import { prepareZXingModule, readBarcodes } from '../../npm/zxing-wasm/es/reader/index.js';
import { photograph } from './harness.js';

prepareZXingModule({ overrides: { wasmBinary: readFileSync(new URL('../../npm/zxing-wasm/zxing_reader.wasm', import.meta.url)).buffer } });

/**
 * Returns the text of the QR code in an element, or undefined if there is none.
 * @param {import('playwright-core').Locator} element
 * @returns {Promise<string | undefined>}
 */
export async function readCode(element) {
  const { width, height, luma } = await photograph(element);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  luma.forEach((value, i) => data.fill((value - 16) * 255 / 219, i * 4, i * 4 + 3));
  const [found] = await readBarcodes(/** @type {any} */ ({ width, height, data, colorSpace: 'srgb' }), { formats: ['QRCode'] });
  return found?.text;
}
