/**
 * Pictures for the fake camera of Chromium: https://wiki.multimedia.cx/index.php/YUV4MPEG2
 * @module
 */
import { closeSync, openSync, writeSync, ftruncateSync } from 'node:fs';

import encodeQR from '../../npm/qr/index.js';

export const WIDTH = 640;
export const HEIGHT = 480;
const HEADER = `YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`;
const [DARK, LIGHT, GREY] = [16, 235, 128];

/**
 * A grey picture, 0 to 255 for each pixel.
 * @typedef {{width: number, height: number, luma: Uint8Array}} Picture
 */

/**
 * Draws the QR code of a text.
 * @param {string} text
 * @returns {Picture}
 */
export function pictureOf(text) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const scale = Math.floor(HEIGHT / rows.length);
  const size = rows.length * scale;
  const luma = new Uint8Array(size * size).fill(LIGHT);
  rows.forEach((row, y) => row.forEach((dark, x) => {
    if (dark) for (let i = 0; i < scale; i++) luma.fill(DARK, (y * scale + i) * size + x * scale, (y * scale + i) * size + (x + 1) * scale);
  }));
  return { width: size, height: size, luma };
}

/**
 * Returns one frame, with the picture in the middle, reduced if it is larger.
 * @param {Picture} picture
 */
function frame({ width, height, luma }) {
  const plane = new Uint8Array(WIDTH * HEIGHT).fill(180);
  const factor = Math.max(1, width / WIDTH, height / HEIGHT);
  const [w, h] = [Math.floor(width / factor), Math.floor(height / factor)];
  const [left, top] = [(WIDTH - w) >> 1, (HEIGHT - h) >> 1];
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) plane[(top + y) * WIDTH + left + x] = area(luma, width, height, x * factor, y * factor, factor);
  return Buffer.concat([Buffer.from('FRAME\n'), plane, new Uint8Array(WIDTH * HEIGHT / 2).fill(GREY)]);
}

/** Returns the mean of the pixels of a square, as a camera's sensor does. */
function area(luma, width, height, x, y, size) {
  const [right, bottom] = [Math.min(width, Math.ceil(x + size)), Math.min(height, Math.ceil(y + size))];
  let sum = 0;
  let n = 0;
  for (let v = Math.floor(y); v < bottom; v++) for (let u = Math.floor(x); u < right; u++, n++) sum += luma[v * width + u];
  return sum / n;
}

const NOTHING = { width: WIDTH, height: HEIGHT, luma: new Uint8Array(WIDTH * HEIGHT).fill(110) };

/**
 * Shows pictures to the camera, also while it is in use: the file is overwritten in place, and the camera reads it again from
 * its start after the last picture.
 * @param {string} path of the camera's file
 * @param {(string | Picture | null)[]} pictures a text is shown as QR code, null is an empty wall
 * @param {number} [frames] of each picture; there are 10 in a second
 */
export function film(path, pictures, frames = 1) {
  const bytes = pictures.map((one) => frame(one === null ? NOTHING : typeof one === 'string' ? pictureOf(one) : one));
  const file = openSync(path, 'a+');
  closeSync(file);
  const out = openSync(path, 'r+');
  let at = writeSync(out, HEADER, 0);
  for (const one of bytes) for (let n = 0; n < frames; n++) at += writeSync(out, one, 0, one.length, at);
  ftruncateSync(out, at);
  closeSync(out);
}
