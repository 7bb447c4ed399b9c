/**
 * The script addresses that this page may load.
 * @module
 */

const PATHS = ['/handheld/reader.js', '/handheld/sw.js'];

/** @param {string} path */
function constant(path) {
  if (!PATHS.includes(path)) throw new TypeError('not a script of this page');
  return path;
}

const factory = /** @type {any} */ (self).trustedTypes;
const policy = factory ? factory.createPolicy('railgate', { createScriptURL: constant }) : { createScriptURL: constant };

/**
 * Returns an address that workers accept where the page requires trusted types.
 * @param {'/handheld/reader.js' | '/handheld/sw.js'} path
 * @returns {string}
 */
export function scriptURL(path) {
  return policy.createScriptURL(path);
}
