/**
 * What the views of the page share: the engine, the camera, and the scan in hand.
 * @module
 */

import { Camera } from './camera.js';
import { Frames } from './frames.js';
import { preferences } from './preferences.js';
import { update } from '../ui/page.js';

/** @typedef {import('./engine/engine.js').Engine} Engine */

/** @type {Engine} */
let opened;

/** @param {Engine} one */
export function setEngine(one) {
  opened = one;
}

/** Returns the engine, which is open before the first view. */
export function engine() {
  return opened;
}

export const video = /** @type {HTMLVideoElement} */ (document.getElementById('picture'));
export const camera = new Camera(video, update);
camera.chosen = preferences.camera;
export const frames = new Frames(video);
frames.onState = update;
