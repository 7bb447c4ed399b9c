/**
 * How the person who holds the device wants it. Nothing of it is secret.
 * @module
 */

/**
 * @typedef {object} Preferences
 * @property {number} close time after which a green verdict closes, ms; 0: only by a tap
 * @property {number} volume 0 to 100
 * @property {boolean} vibrate
 * @property {'left' | 'right'} hand side of the buttons
 * @property {string} camera id of the chosen camera
 * @property {string[]} trains chosen before, the latest first
 */

const PLACE = 'railgate.handheld';
/** Bound of the trains that are offered again. */
const TRAINS = 4;

/** @type {Preferences} */
export const preferences = { close: 2000, volume: 80, vibrate: true, hand: 'right', camera: '', trains: [], ...stored() };

/** @returns {Partial<Preferences>} */
function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? '{}');
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {};
  }
}

/** @param {Partial<Preferences>} changes */
export function prefer(changes) {
  Object.assign(preferences, changes);
  try {
    localStorage.setItem(PLACE, JSON.stringify(preferences));
  } catch {
    // The choice lasts until the page is closed.
  }
}

/**
 * Offers a train again.
 * @param {string} train
 */
export function rememberTrain(train) {
  prefer({ trains: [train, ...preferences.trains.filter((t) => t !== train)].slice(0, TRAINS) });
}
