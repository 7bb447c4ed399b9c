/**
 * Secrets at rest: values in IndexedDB, encrypted with a key that scripts cannot read, erased when their time is over.
 *
 * Where a browser has no IndexedDB (private windows of some), values live as long as the page.
 * @module
 */

import { openDatabase, result } from './database.js';

/** @typedef {{until: number, iv: Uint8Array<ArrayBuffer>, data: ArrayBuffer}} Entry */

const KEY = { name: 'AES-GCM', length: 256 };

export class Vault {
  /**
   * @param {IDBDatabase | null} db null: memory only
   * @param {CryptoKey | null} key
   */
  constructor(db, key) {
    this.db = db;
    this.key = key;
    /** @type {Map<string, {until: number, value: unknown}>} */
    this.memory = new Map();
  }

  /**
   * Opens a vault and erases what is over.
   * @param {string} name
   */
  static async open(name) {
    try {
      const db = await openDatabase(name, ['key', 'values']);
      const made = await crypto.subtle.generateKey(KEY, false, ['encrypt', 'decrypt']);
      const change = db.transaction('key', 'readwrite').objectStore('key'); // two tabs: the first key stays
      const key = (await result(change.get('key'))) ?? (await result(change.put(made, 'key')), made);
      const vault = new Vault(db, key);
      await vault.sweep();
      return vault;
    } catch {
      return new Vault(null, null);
    }
  }

  /** Reports whether values outlive the page. */
  get lasting() {
    return this.db !== null;
  }

  /** @param {IDBTransactionMode} mode */
  values(mode) {
    return /** @type {IDBDatabase} */ (this.db).transaction('values', mode).objectStore('values');
  }

  /**
   * Keeps a value. A full disk leaves it in memory.
   * @param {string} name
   * @param {unknown} value that JSON can represent
   * @param {number} until Unix ms by the phone's clock; it is erased then
   */
  async put(name, value, until) {
    this.memory.set(name, { until, value });
    if (!this.db || !this.key) return;
    try {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const data = await crypto.subtle.encrypt({ name: KEY.name, iv }, this.key, new TextEncoder().encode(JSON.stringify(value)));
      await result(this.values('readwrite').put({ until, iv, data }, name));
    } catch {
      this.db = null;
    }
  }

  /**
   * Returns a value, or undefined if there is none or its time is over.
   * @param {string} name
   * @returns {Promise<any>}
   */
  async get(name) {
    const near = this.memory.get(name);
    if (!this.db || !this.key) return near && near.until > Date.now() ? near.value : undefined;
    /** @type {Entry | undefined} */
    const entry = await result(this.values('readonly').get(name));
    if (!entry) return undefined;
    if (entry.until <= Date.now()) return void (await this.drop(name));
    try {
      const text = await crypto.subtle.decrypt({ name: KEY.name, iv: entry.iv }, this.key, entry.data);
      return JSON.parse(new TextDecoder().decode(text));
    } catch {
      return undefined;
    }
  }

  /**
   * Erases a value.
   * @param {string} name
   */
  async drop(name) {
    this.memory.delete(name);
    if (this.db) await result(this.values('readwrite').delete(name));
  }

  /** Erases all values. */
  async wipe() {
    this.memory.clear();
    if (this.db) await result(this.values('readwrite').clear());
  }

  /** Erases the values whose time is over. */
  async sweep() {
    const values = this.values('readwrite');
    const names = await result(values.getAllKeys());
    const entries = await result(values.getAll());
    await Promise.all(names.filter((_, i) => entries[i].until <= Date.now()).map((name) => result(values.delete(name))));
  }
}
