/**
 * What a handheld keeps over restarts: four areas of values by key, changed together or not at all.
 *
 * Where a browser denies IndexedDB (private windows of some), values live as long as the page.
 * @module
 */

import { openDatabase, result, stored } from '../../ui/database.js';

/** The areas: small values, bytes of bundles, own scans, and results of uploads that people look at. */
export const AREAS = ['state', 'bundles', 'scans', 'findings'];
const DATABASE = 'railgate-handheld';
/** How long a change may take, ms. A disk that is slower counts as one that stores nothing. */
const PATIENCE = 3000;

/**
 * A change of one value; without `value` it is erased.
 * @typedef {{area: string, key: string, value?: any}} Change
 */

/**
 * The storage of a handheld.
 * @typedef {object} Storage
 * @property {boolean} lasting values outlive the page
 * @property {boolean} failing the last change was not stored: the disk is full, or does not answer
 * @property {(area: string, key: string) => Promise<any>} get undefined if there is none
 * @property {(area: string) => Promise<[key: string, value: any][]>} list in the order of the keys
 * @property {(changes: Change[]) => Promise<void>} write all changes or none; rejects if they are not stored
 * @property {() => Promise<void>} clear
 */

/** Keeps values in memory: for tests, and where nothing else is allowed. */
export class MemoryStorage {
  lasting = false;
  failing = false;
  /** @type {Map<string, Map<string, any>>} */
  areas = new Map(AREAS.map((area) => [area, new Map()]));

  /** @param {string} name */
  area(name) {
    return /** @type {Map<string, any>} */ (this.areas.get(name));
  }

  /**
   * @param {string} area
   * @param {string} key
   */
  async get(area, key) {
    return this.area(area).get(key);
  }

  /**
   * @param {string} area
   * @returns {Promise<[string, any][]>}
   */
  async list(area) {
    return [...this.area(area)].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** @param {Change[]} changes */
  async write(changes) {
    for (const { area, key, value } of changes) {
      if (value === undefined) this.area(area).delete(key);
      else this.area(area).set(key, value);
    }
  }

  async clear() {
    for (const area of this.areas.values()) area.clear();
  }
}

/** Keeps values in IndexedDB. */
export class DatabaseStorage {
  /** @param {IDBDatabase} db */
  constructor(db) {
    this.db = db;
    this.lasting = true;
    this.failing = false;
    db.onclose = () => { this.lasting = false; }; // people cleared the browser's data
    db.onversionchange = () => { db.close(); this.lasting = false; };
  }

  /**
   * @param {string} area
   * @param {string} key
   */
  get(area, key) {
    return within(result(this.db.transaction(area).objectStore(area).get(key)));
  }

  /**
   * @param {string} area
   * @returns {Promise<[string, any][]>}
   */
  async list(area) {
    const store = this.db.transaction(area).objectStore(area);
    const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
    return keys.map((key, i) => [String(key), values[i]]);
  }

  /**
   * Resolves when the changes are on the disk: a battery that is taken out then loses none of them.
   * @param {Change[]} changes
   */
  async write(changes) {
    if (changes.length === 0) return;
    this.failing = true;
    const transaction = this.db.transaction([...new Set(changes.map(({ area }) => area))], 'readwrite', { durability: 'strict' });
    for (const { area, key, value } of changes) {
      const store = transaction.objectStore(area);
      if (value === undefined) store.delete(key);
      else store.put(value, key);
    }
    await within(stored(transaction));
    this.failing = false;
  }

  async clear() {
    const transaction = this.db.transaction(AREAS, 'readwrite', { durability: 'strict' });
    for (const area of AREAS) transaction.objectStore(area).clear();
    await within(stored(transaction));
  }
}

/**
 * Opens the storage of this browser: IndexedDB, or memory where it is denied.
 * @returns {Promise<Storage>}
 */
export async function openStorage() {
  try {
    return new DatabaseStorage(await within(openDatabase(DATABASE, AREAS)));
  } catch {
    return new MemoryStorage();
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function within(work) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const bound = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('the storage does not answer')), PATIENCE); });
  return /** @type {Promise<T>} */ (Promise.race([work, bound])).finally(() => clearTimeout(timer));
}
