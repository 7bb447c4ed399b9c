/**
 * The setup code of a handheld: docs/offline.md, section 8. An operator shows it as a QR code or copies it.
 * @module
 */

import { SCOPES } from '../../railgate/code.js';

/** The longest setup code, characters: a QR code that a camera reads from a screen without effort. */
export const MAX_SETUP = 1024;
/** The longest device id and station name, bytes, as in a bundle's policy. */
const MAX_NAME = 64;

const NAMES = ['v', 'device', 'credential', 'authority', 'station', 'scopes'];

/**
 * What a handheld needs to work.
 * @typedef {object} Setup
 * @property {string} device its id in the gateway's settings
 * @property {string} credential secret
 * @property {string} authority public key of the authority, 64 hexadecimal digits
 * @property {string} station as in the gateway's settings
 * @property {string[]} scopes that the device may check
 */

/**
 * The refusal of a setup code, or of a change of the setup. `reason` is one of: `form`, `version`, `too_long`, `device`,
 * `credential`, `authority`, `station`, `scopes` (the text); `uploads_waiting`, `other_tab` (the state of the handheld).
 */
export class SetupRefused extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = 'SetupRefused';
    this.reason = reason;
  }
}

/**
 * Reads a setup code: a JSON object with exactly these names, each once: `v` (1), `device`, `credential`, `authority`,
 * `station`, `scopes`.
 * @param {string} text
 * @returns {Setup}
 * @throws {SetupRefused}
 */
export function parseSetup(text) {
  if (text.length > MAX_SETUP) throw new SetupRefused('too_long');
  const fields = objectOf(text);
  if (typeof fields.v === 'number' && fields.v !== 1) throw new SetupRefused('version');
  const named = text.match(/"(?:v|device|credential|authority|station|scopes)"\s*:/g) ?? []; // JSON.parse takes the last of equal names
  if (fields.v !== 1 || Object.keys(fields).length !== NAMES.length || named.length !== NAMES.length || !NAMES.every((name) => name in fields)) {
    throw new SetupRefused('form');
  }
  const { device, credential, authority, station, scopes } = fields;
  if (!isName(device)) throw new SetupRefused('device');
  if (typeof credential !== 'string' || !/^rgd_[0-9a-f]{64}$/.test(credential)) throw new SetupRefused('credential');
  if (typeof authority !== 'string' || !/^[0-9a-f]{64}$/.test(authority)) throw new SetupRefused('authority');
  if (!isName(station)) throw new SetupRefused('station');
  if (!Array.isArray(scopes) || scopes.length === 0 || scopes.length > SCOPES.length || new Set(scopes).size !== scopes.length ||
      !scopes.every((scope) => SCOPES.includes(scope))) {
    throw new SetupRefused('scopes');
  }
  return { device, credential, authority, station, scopes: SCOPES.filter((scope) => scopes.includes(scope)) };
}

/**
 * @param {string} text
 * @returns {Record<string, any>}
 */
function objectOf(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // not JSON
  }
  throw new SetupRefused('form');
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isName(value) {
  return typeof value === 'string' && value !== '' && new TextEncoder().encode(value).length <= MAX_NAME &&
    !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|^\s|\s$/u.test(value);
}
