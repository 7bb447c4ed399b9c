/**
 * Draws QR codes.
 * @module
 */

import encodeQR from '../npm/qr/index.js';

/** Width of the white border that the standard asks for, modules. */
const BORDER = 4;

/**
 * Draws a text into a canvas: black on white, whole pixels per module, error correction M.
 * @param {HTMLCanvasElement} canvas
 * @param {string} text
 * @param {number} width wanted, device pixels; the drawing is at most this wide
 */
export function drawQR(canvas, text, width) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: BORDER });
  const scale = Math.max(1, Math.floor(width / rows.length));
  canvas.width = canvas.height = rows.length * scale;
  const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  ink.fillStyle = '#fff';
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.fillStyle = '#000';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      ink.fillRect(from * scale, y * scale, (x + 1 - from) * scale, scale);
    }
  });
}
