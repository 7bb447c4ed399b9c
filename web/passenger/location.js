/**
 * The phone's location and its city (rule A3): asked of the browser when the form is opened, and again by 重新定位.
 * @module
 */

import { call, explain } from '../ui/http.js';
import { update } from '../ui/page.js';

/** Bound on the browser's answer, ms; an older location than this is asked again. */
const PATIENCE = 12_000;
const MAX_AGE = 60_000;

/** @typedef {'none' | 'asking' | 'found' | 'denied' | 'unavailable' | 'slow' | 'refused'} How refused: by the server */

export const place = {
  /** @type {How} */
  how: 'none',
  /** @type {{latitude: number, longitude: number} | null} */
  at: null,
  /** @type {{zh: string, en: string} | null} city at the location */
  city: null,
  /** @type {{text: string, next: string} | null} */
  fault: null,
};

/** @type {Promise<void> | null} */
let asking = null;

/** Asks for the location and its city. One question at a time. */
export function locate() {
  return asking ??= ask().finally(() => { asking = null; });
}

async function ask() {
  place.how = 'asking';
  place.fault = null;
  update();
  try {
    const { coords } = await position();
    // A kilometre is enough for a city: finer digits are not sent.
    place.at = { latitude: round(coords.latitude), longitude: round(coords.longitude) };
  } catch (err) {
    place.at = null;
    const code = /** @type {GeolocationPositionError} */ (err).code;
    place.how = code === 1 ? 'denied' : code === 3 ? 'slow' : 'unavailable';
    update();
    return;
  }
  try {
    const { city, city_en } = await call('POST', '/v1/location', { body: place.at });
    place.city = { zh: city, en: city_en };
    place.how = 'found';
  } catch (err) {
    place.how = 'refused';
    place.fault = explain(err);
  }
  update();
}

/** @param {number} degrees */
function round(degrees) {
  return Math.round(degrees * 100) / 100;
}

/** @returns {Promise<GeolocationPosition>} */
function position() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject({ code: 2 });
      return;
    }
    navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: false, timeout: PATIENCE, maximumAge: MAX_AGE });
  });
}

/** @typedef {'ios' | 'android' | 'desktop'} Platform */

/** Returns the platform whose settings allow location and camera. @returns {Platform} */
export function platform() {
  if (/iPhone|iPad/.test(navigator.userAgent) || /Mac/.test(navigator.platform) && navigator.maxTouchPoints > 1) return 'ios';
  return /Android|HarmonyOS/.test(navigator.userAgent) ? 'android' : 'desktop';
}
