/**
 * Reads QR codes in the test's process, with the reader that the pages use.
 * @module
 */
import { readFileSync } from 'node:fs';

import { prepareZXingModule, readBarcodes } from '../../npm/zxing-wasm/es/reader/index.js';

prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(new URL('../../npm/zxing-wasm/zxing_reader.wasm', import.meta.url))).buffer } });

/**
 * Returns the texts of the QR codes in a picture.
 * @param {import('./camera.js').Picture} picture
 * @returns {Promise<string[]>}
 */
export async function read({ width, height, luma }) {
  const data = new Uint8ClampedArray(width * height * 4);
  luma.forEach((value, i) => data.fill(value, 4 * i, 4 * i + 3).fill(255, 4 * i + 3, 4 * i + 4));
  const found = await readBarcodes(/** @type {any} */ ({ data, width, height, colorSpace: 'srgb' }), { formats: ['QRCode'] });
  return found.map(({ text }) => text);
}
