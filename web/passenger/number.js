/**
 * The number of a resident ID card, checked before it is sent so that a slip is shown at once: GB 11643, rule A4.
 * @module
 */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = '10X98765432';

/**
 * Returns a number as the card has it: without spaces, full-width digits as ASCII, x as X.
 * @param {string} entered
 */
export function cleanNumber(entered) {
  return entered.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
}

/**
 * Reports whether a number has 18 characters and the right check digit. The issuer checks region and birth date.
 * @param {string} number as {@link cleanNumber} returns it
 */
export function isNumber(number) {
  if (!/^[1-9]\d{16}[\dX]$/.test(number)) return false;
  const sum = WEIGHTS.reduce((all, weight, i) => all + weight * Number(number[i]), 0);
  return CHECKS[sum % 11] === number[17];
}
