/**
 * One page of a browser is the handheld: two would have two memories of what was used.
 * @module
 */

const LOCK = 'railgate-handheld';

/** The right to be the handheld. */
export class Only {
  /** @param {LockManager | null | undefined} locks without them no other page can be noticed */
  constructor(locks) {
    this.locks = locks;
    /** Gives the right to the next page. */
    this.release = () => {};
  }

  /**
   * Takes the right, or waits for it.
   * @param {() => Promise<void>} later is called when another page, which has it now, is closed
   * @returns {Promise<boolean>} whether this page has it
   */
  take(later) {
    const { locks } = this;
    if (!locks) return Promise.resolve(true);
    const held = () => new Promise((release) => { this.release = () => release(undefined); });
    return new Promise((resolve) => {
      void locks.request(LOCK, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock) return held();
        void locks.request(LOCK, async () => {
          await later();
          await held();
        });
      });
    });
  }
}
