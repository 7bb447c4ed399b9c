/**
 * The state of the handheld, for its screen.
 * @module
 */

/** @typedef {import('./verdict.js').Verdict} Verdict */

/**
 * @typedef {object} Status
 * @property {'online' | 'offline'} mode
 * @property {import('./link.js').Why | 'no_data' | 'unprovisioned' | 'other_tab'} why `no_data`: offline, and there is no bundle, so
 * every code is refused; otherwise the cause of the mode
 * @property {import('./link.js').Why} cause as `why`, without `no_data`
 * @property {number} since of the mode, Unix ms
 * @property {{made: number, watermark: number, age: number, state: Verdict['state'], size: number, train: string, station: string} | null}
 * bundle times in Unix ms, age in ms, size in bytes; train: whose bookings it has, '' for none
 * @property {string | null} fault why the last bundle was not accepted, null after a good one
 * @property {{waiting: number, oldest: number | null, refused: number, running: boolean}} queue scans to be reported; oldest in
 * Unix ms; refused: those that the gateway refused and that are not acknowledged
 * @property {{lasting: boolean, why: 'denied' | 'failing' | null}} storage
 * @property {number} conflicts that are not acknowledged
 */

/**
 * Returns the state of a handheld.
 * @param {import('./handheld.js').Handheld | null} handheld null: there is none
 * @param {string} state of the page
 * @param {import('./storage.js').Storage} storage
 * @returns {Status}
 */
export function statusOf(handheld, state, storage) {
  const lasting = storage.lasting && !storage.failing && !handheld?.scans.unsaved.length;
  /** @type {Status['storage']} */
  const kept = { lasting, why: lasting ? null : storage.lasting ? 'failing' : 'denied' };
  if (!handheld) {
    const why = state === 'other_tab' ? 'other_tab' : 'unprovisioned';
    return { mode: 'offline', why, cause: 'starting', since: 0, bundle: null, fault: null, queue: { waiting: 0, oldest: null, refused: 0, running: false }, storage: kept, conflicts: 0 };
  }
  const { link, device: { newest }, bundles, scans, findings } = handheld;
  const { waiting } = scans;
  const { age, state: of } = handheld.now();
  return {
    mode: link.mode, why: link.mode === 'offline' && !newest ? 'no_data' : link.why, cause: link.why, since: link.since,
    bundle: newest && {
      made: newest.made, watermark: newest.watermark, age: age ?? 0, state: of, size: bundles.size,
      train: newest.content.bookings?.train ?? '', station: newest.content.policy.station,
    },
    fault: bundles.fault,
    queue: { waiting: waiting.length, oldest: waiting[0]?.at ?? null, refused: findings.undecided('refusal'), running: scans.running !== null },
    storage: kept, conflicts: findings.undecided('conflict'),
  };
}
