/**
 * The addresses of workers that a page may load: trusted types require a policy for them.
 * @module
 */

/**
 * Makes the policy of the page, which may be made once, and returns the function that gives an address to a worker.
 * @template {string} Path
 * @param {Path[]} paths the scripts of the page's workers
 * @returns {(path: Path) => string} throws TypeError for another address
 */
export function scripts(paths) {
  const rules = { createScriptURL: (/** @type {Path} */ path) => {
    if (!paths.includes(path)) throw new TypeError('not a script of this page');
    return path;
  } };
  const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('railgate', rules) ?? rules;
  return (path) => policy.createScriptURL(path);
}
