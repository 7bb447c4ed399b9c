/**
 * One tab at a time: two tabs that act for one person could send the same thing twice.
 *
 * The tab that is used has a Web Lock. Another tab reports it and can take the lock over; the first one then reports that. A tab's
 * mark tells a reload, or a tab that the phone closed to save memory and opens again, from a page that was closed.
 * @module
 */

import { update } from '../ui/page.js';

const LOCK = 'railgate-passenger';
const MARK = 'railgate.tab';

/** @typedef {'waiting' | 'own' | 'other'} Place whether this tab is the one that is used */

/** @type {Place} */
let place = 'waiting';

/** Returns whether this tab is used, or another. */
export function tabPlace() {
  return place;
}

/** The mark of this tab, which is not secret; empty if the browser stores nothing. */
export const mark = readMark();

function readMark() {
  try {
    const old = sessionStorage.getItem(MARK);
    if (old) return old;
    const made = crypto.randomUUID();
    sessionStorage.setItem(MARK, made);
    return made;
  } catch {
    return '';
  }
}

/**
 * Takes the lock, runs an action and keeps the lock until the page ends or another tab takes it.
 * @param {() => void} action
 * @param {() => void} lost runs when another tab has taken the lock
 * @param {boolean} take take the lock from the tab that has it
 */
export function useTab(action, lost, take) {
  if (!navigator.locks) { // old browsers: their tabs are not told apart
    place = 'own';
    action();
    return;
  }
  /** @type {LockOptions} */
  const how = take ? { steal: true } : { ifAvailable: true };
  navigator.locks.request(LOCK, how, (lock) => {
    if (!lock) {
      place = 'other';
      update();
      return undefined;
    }
    place = 'own';
    action();
    return new Promise(() => {});
  }).catch(() => {
    place = 'other';
    lost();
    update();
  });
}
