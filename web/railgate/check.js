/**
 * The check of a code: docs/token-format.md, sections 9 and 10.
 * @module
 */

import { linkHolds } from './chain.js';
import { BODY_SIZE, SCOPES } from './code.js';
import { verify } from './ed25519.js';

/** Earlier steps that are accepted. */
const PREVIOUS_STEPS = 1;
/** Seconds before its start from which a step is accepted. */
const AHEAD = 5;

const DOMAIN = new TextEncoder().encode('RGP');

/**
 * An issuer key.
 * @typedef {object} IssuerKey
 * @property {import('./ed25519.js').PublicKey} public
 * @property {number} [cutoff] first session start that is refused, Unix seconds; missing while the key is in service
 * @property {(code: import('./code.js').Code) => boolean} [exempt] serials to which the cutoff does not apply
 */

/**
 * What a gate knows. Its functions must answer at once.
 * @typedef {object} Knowledge
 * @property {(id: number) => IssuerKey | undefined} key
 * @property {(code: import('./code.js').Code) => boolean} revoked by serial
 * @property {(subject: string) => number} cutoff earliest start at which a subject's passes are valid; 0: none
 * @property {(code: import('./code.js').Code) => boolean} closed by serial and start of the session
 */

/**
 * Checks a code at a time, for one scope. Cheap checks come first.
 * @param {import('./code.js').Code} code
 * @param {number} now Unix seconds, a whole number
 * @param {string} scope one of SCOPES
 * @param {Knowledge} known
 * @param {{native?: boolean}} [options] of ed25519.verify
 * @returns {Promise<string>} the reason; only `ok` admits, and only then the code's fields are proven
 */
export async function check(code, now, scope, known, options) {
  const key = known.key(code.key);
  if (!key) return 'unknown_key';
  if (key.cutoff !== undefined && code.start >= key.cutoff && !key.exempt?.(code)) return 'key_retired';
  const fault = timeFault(code, now);
  if (fault) return fault;
  const bit = SCOPES.indexOf(scope);
  if (bit < 0 || !(code.scopes >> bit & 1)) return 'wrong_scope';
  if (known.revoked(code) || code.start < known.cutoff(code.subject)) return 'revoked';
  if (known.closed(code)) return 'session_closed';
  if (!await linkHolds(code)) return 'link_mismatch';
  const message = new Uint8Array(DOMAIN.length + BODY_SIZE);
  message.set(DOMAIN);
  message.set(code.wire.subarray(0, BODY_SIZE), DOMAIN.length);
  return await verify(key.public, message, code.signature, options) ? 'ok' : 'bad_signature';
}

/**
 * Returns why a code is not valid at a time, or null.
 * @param {import('./code.js').Code} code
 * @param {number} now Unix seconds
 */
function timeFault(code, now) {
  if (now >= code.expiry) return 'credential_expired';
  if (now < code.start - AHEAD) return 'not_yet_valid';
  const begins = code.start + code.step * code.period;
  if (now < begins - AHEAD) return 'code_ahead';
  if (now >= begins + (1 + PREVIOUS_STEPS) * code.period) {
    return now >= code.start + code.length * code.period ? 'session_over' : 'code_stale';
  }
  return null;
}

/**
 * Returns the step that a phone shows at a time, or null outside the session.
 * @param {Pick<import('./code.js').Code, 'start' | 'period' | 'length' | 'expiry'>} pass
 * @param {number} now Unix seconds; may have a fraction
 */
export function currentStep(pass, now) {
  const step = Math.floor((now - pass.start) / pass.period);
  return step >= 0 && step < pass.length && now < pass.expiry ? step : null;
}
