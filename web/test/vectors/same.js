/**
 * Comparison that works in Node and in browsers.
 * @module
 */

/** Returns the JSON of a value with its keys in order. */
const normal = (value) => JSON.stringify(value, (_, v) => v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);

/** Fails if two values of JSON differ. */
export function same(got, wanted, name) {
  if (normal(got) !== normal(wanted)) throw new Error(`${name}: got ${normal(got)}, want ${normal(wanted)}`);
}

/** Fails if a condition does not hold. */
export function holds(condition, name) {
  if (!condition) throw new Error(name);
}
