/**
 * The part of a picture that is read, and how closely.
 *
 * Most codes are held into the finder, so two of three attempts read the square in the middle, fast. Each third attempt
 * reads the whole picture with all methods of the reader.
 * @module
 */

/** Longest side of the square after scaling, pixels: a code that fills half of it has 6 pixels a module. */
const FAST = 640;
/** Longest side of the whole picture after scaling, pixels. */
const THOROUGH = 1024;

/**
 * Returns what an attempt reads.
 * @param {number} width of the picture, pixels
 * @param {number} height
 * @param {number} attempt counts from 0
 * @returns {{x: number, y: number, width: number, height: number, toWidth: number, toHeight: number, thorough: boolean}}
 */
export function region(width, height, attempt) {
  const thorough = attempt % 3 === 2;
  const side = Math.min(width, height);
  const w = thorough ? width : side;
  const h = thorough ? height : side;
  const scale = Math.min(1, (thorough ? THOROUGH : FAST) / Math.max(w, h));
  return {
    x: Math.round((width - w) / 2), y: Math.round((height - h) / 2), width: w, height: h,
    toWidth: Math.max(1, Math.round(w * scale)), toHeight: Math.max(1, Math.round(h * scale)), thorough,
  };
}
