/**
 * The views of police desks and operators.
 * @module
 */

/** @type {import('../shell.js').DeskView[]} */
export const views = [];
