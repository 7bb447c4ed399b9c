/**
 * The views of station windows and agencies.
 * @module
 */

/** @type {import('../shell.js').DeskView[]} */
export const views = [];
