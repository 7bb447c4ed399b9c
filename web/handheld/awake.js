/**
 * Keeps the screen on while codes are scanned.
 * @module
 */

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;

async function take() {
  if (!wanted || lock || document.visibilityState !== 'visible') return;
  try {
    const got = await navigator.wakeLock?.request('screen');
    if (!got) return;
    if (!wanted) return void got.release();
    lock = got;
    got.addEventListener('release', () => { lock = null; });
  } catch {
    // The battery is low, or the browser has none: the screen goes out by its own rule.
  }
}

/** @param {boolean} on */
export function keepAwake(on) {
  if (wanted === on) return;
  wanted = on;
  if (on) take();
  else lock?.release().catch(() => {});
}

document.addEventListener('visibilitychange', take);
