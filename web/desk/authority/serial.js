/**
 * Serials as people give them: a scanned code, or typed.
 * @module
 */

import { CREDENTIAL_LIFE, dayOf, parseText, Refused } from '../../railgate/code.js';

const SERIAL = /^(0|[1-9][0-9]{0,4})-(0|[1-9][0-9]{0,9})$/;
const MAX_DAY = 65535;
const MAX_INDEX = 2 ** 31 - 1;

/**
 * Returns the serial in a text, or why there is none: `code` for a code that cannot be read, `form` for other texts.
 * @param {string} text
 * @returns {{serial: string, fault?: undefined} | {serial?: undefined, fault: 'code' | 'form' | 'empty'}}
 */
export function serialOf(text) {
  const plain = text.normalize('NFKC').trim();
  if (!plain) return { fault: 'empty' };
  if (/^RG[0-9]:/i.test(plain)) {
    try {
      return { serial: parseText(plain).serial };
    } catch (err) {
      if (err instanceof Refused) return { fault: 'code' };
      throw err;
    }
  }
  const [, day, index] = SERIAL.exec(plain.replace(/[‐-―−]/g, '-').replace(/\s*-\s*/, '-')) ?? [];
  if (day === undefined || Number(day) > MAX_DAY || Number(index) > MAX_INDEX) return { fault: 'form' };
  return { serial: `${day}-${index}` };
}

/**
 * Reports whether the credentials of a serial's day have all expired, or its day is still to come.
 * @param {string} serial
 * @param {number} now Unix seconds
 * @returns {'over' | 'future' | null}
 */
export function untimely(serial, now) {
  const day = Number(serial.split('-')[0]);
  if (day > dayOf(now) + 1) return 'future'; // a day of tolerance for this machine's clock
  return day < dayOf(now - CREDENTIAL_LIFE) - 1 ? 'over' : null;
}
