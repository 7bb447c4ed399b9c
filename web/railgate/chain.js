/**
 * The hash chain of a session: docs/token-format.md, section 6.
 * @module
 */

const DOMAIN = new TextEncoder().encode('railgate/link/v1');
const LINK_SIZE = 16;

/**
 * Returns the link of step - 1, or the anchor for step 0, from the link of a step.
 * @param {Uint8Array} link 16 bytes
 * @param {number} step of the link
 * @param {Uint8Array} serial day and index as on the wire, 6 bytes
 * @returns {Promise<Uint8Array>} 16 bytes
 */
export async function back(link, step, serial) {
  const input = new Uint8Array(DOMAIN.length + serial.length + 1 + LINK_SIZE);
  input.set(DOMAIN);
  input.set(serial, DOMAIN.length);
  input[DOMAIN.length + serial.length] = step;
  input.set(link, DOMAIN.length + serial.length + 1);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', input), 0, LINK_SIZE);
}

/**
 * Returns the links of all steps, step 0 first, and the anchor.
 * @param {Uint8Array} seed 16 random bytes
 * @param {number} length number of steps
 * @param {Uint8Array} serial day and index as on the wire, 6 bytes
 * @returns {Promise<{links: Uint8Array[], anchor: Uint8Array}>}
 */
export async function chainOf(seed, length, serial) {
  const links = new Array(length);
  let link = seed;
  for (let step = length - 1; step >= 0; step--) {
    links[step] = link;
    link = await back(link, step, serial);
  }
  return { links, anchor: link };
}

/**
 * Reports whether the link of a code leads to its anchor.
 * @param {import('./code.js').Code} code
 */
export async function linkHolds(code) {
  let link = code.link;
  for (let step = code.step; step >= 0; step--) {
    link = await back(link, step, code.wire.subarray(3, 9));
  }
  return link.every((byte, i) => byte === code.anchor[i]);
}
