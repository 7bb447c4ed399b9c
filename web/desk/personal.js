/**
 * The present passenger: what the desk shows of a person, and for how long.
 *
 * Personal data leave the screen on 下一位, two minutes after the last input, and ten minutes after they came, whatever
 * happens. Both are our choice: longer than a comparison takes, shorter than a queue stares at a screen.
 * @module
 */

import { update } from '../ui/page.js';

/** Time without input, and in all, ms. */
export const QUIET = 2 * 60_000;
export const LONGEST = 10 * 60_000;

/** Remaining time at which the desk warns, seconds. */
const WARN = 30;

let since = 0;
let last = 0;
let ended = false;

/** @type {Set<() => void>} */
const clears = new Set();

/**
 * Registers what erases a view's personal data, input included.
 * @param {() => void} clear
 */
export function onNext(clear) {
  clears.add(clear);
}

/** Notes that personal data came onto the screen. */
export function expose() {
  ended = false;
  last = Date.now();
  since ||= last;
}

/** Notes an input: the data stay longer. */
export function stay() {
  if (since) last = Date.now();
}

/** Erases all personal data of the page: the next passenger. */
export function next() {
  since = 0;
  ended = false;
  for (const clear of clears) clear();
  update();
  queueMicrotask(() => { // after the drawing, if the focused element is gone
    if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (document.querySelector('main :is([data-scan] input, .field input)'))?.focus();
  });
}

/** Returns the seconds until the data are erased, or null if there are none. */
export function secondsLeft() {
  if (!since) return null;
  return Math.max(0, Math.ceil((Math.min(last + QUIET, since + LONGEST) - Date.now()) / 1000));
}

/** Reports whether the time ended the last passenger's turn. */
export function wasErased() {
  return ended;
}

/**
 * Erases the data if their time is over.
 * @param {(seconds: number) => void} warn is called once a second while little time is left
 */
export function tick(warn) {
  const left = secondsLeft();
  if (left === null) return;
  if (left === 0) {
    next();
    ended = true;
    update();
  } else if (left <= WARN) {
    warn(left);
  }
}
