/**
 * One scan after the other: from the text of a code to the verdict on the screen and its end.
 * @module
 */

import { announce, update } from '../ui/page.js';
import { measure } from './frames.js';
import { Once } from './once.js';
import { preferences } from './preferences.js';
import { signal } from './sound.js';
import { engine, frames } from './state.js';
import { one } from './texts.js';
import { wordsOf } from './verdict.js';

/** Time between readings while a verdict is open, ms: enough to notice that its code leaves the picture. */
const SLOW = 200;
/** Time without a code after which readings are rarer, and the time between them, ms: it saves the battery of a waiting device. */
const [QUIET, RARE] = [20_000, 100];
/** Time after which a tap or key can be meant for a verdict, ms. */
const SUDDEN = 150;
/** Bound of the verdicts that can be looked at again. */
export const RECENT = 30;

/** @typedef {import('./engine/engine.js').Verdict} Verdict */
/** @typedef {import('./verdict.js').Words} Words */
/** @typedef {{verdict: Verdict, words: Words, text: string, since: number, closes: boolean}} Shown since: ms of the steady clock; closes: by itself */

/** The scan in hand. */
export const judging = {
  /** @type {Shown | null} */
  shown: null,
  /** ms of the steady clock at which the running check began; 0: none */
  busy: 0,
  failed: false,
  /** @type {{verdict: Verdict, words: Words}[]} the latest first */
  recent: [],
};

const once = new Once();
let lastCode = performance.now();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Takes what the camera sees.
 * @param {string | null} text
 * @param {number} taken ms of the steady clock
 */
export function see(text, taken) {
  if (text !== null || judging.shown) lastCode = taken;
  if (!judging.shown) frames.pause = taken - lastCode > QUIET ? RARE : 0;
  if (!once.fresh(text, performance.now()) || text === null || judging.busy) return;
  if (judging.shown && judging.shown.words.light !== 'green') return; // it waits for the staff
  judge(text, taken);
}

/**
 * Judges a text and shows the verdict.
 * @param {string} text
 * @param {number} [taken] when the picture was taken, ms of the steady clock
 */
export async function judge(text, taken = performance.now()) {
  if (judging.busy) return;
  judging.busy = performance.now();
  judging.failed = false;
  close();
  once.acted(text, judging.busy);
  setTimeout(update, 400); // shows that a check takes long
  try {
    const verdict = await engine().scan(text);
    measure('verify', judging.busy);
    present(verdict, text, taken);
  } catch (err) {
    console.error('fault of a check:', err instanceof Error ? err.name : 'unknown');
    judging.failed = true;
    once.forget(text);
    signal('red', preferences);
  } finally {
    judging.busy = 0;
    update();
  }
}

/**
 * @param {Verdict} verdict
 * @param {string} text
 * @param {number} taken
 */
function present(verdict, text, taken) {
  const words = wordsOf(verdict);
  const closing = words.light === 'green' && preferences.close > 0;
  judging.shown = { verdict, words, text, since: performance.now(), closes: closing };
  judging.recent.unshift({ verdict, words });
  judging.recent.length = Math.min(judging.recent.length, RECENT);
  frames.pause = words.light === 'green' ? 0 : SLOW;
  if (closing) timer = setTimeout(dismiss, preferences.close);
  signal(words.light, preferences);
  announce(`${one(words.order)}. ${one(words.title)}. ${words.text ? one(words.text) : ''}`, { urgent: true });
  requestAnimationFrame(() => measure('scan', taken));
}

/** Closes the verdict without drawing. */
function close() {
  clearTimeout(timer);
  if (judging.shown) once.closed(judging.shown.text, performance.now());
  judging.shown = null;
  frames.pause = 0;
}

/** Closes the verdict. */
export function dismiss() {
  close();
  judging.failed = false;
  update();
}

/** Reports whether a verdict was shown just now: a tap or key of this moment was meant for the view before it. */
function sudden() {
  return judging.shown !== null && performance.now() - judging.shown.since < SUDDEN;
}

/** Closes the verdict for a person. */
export function next() {
  if (!sudden()) dismiss();
}

/** Closes the verdict and lets its code be judged again. */
export function rescan() {
  if (sudden()) return;
  const text = judging.shown?.text;
  dismiss();
  if (text) once.forget(text);
}
