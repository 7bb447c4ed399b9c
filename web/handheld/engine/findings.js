/**
 * What the gateway found in the scans that a handheld reported: conflicts, and scans that it refuses. People look at them.
 * @module
 */

/** The most findings, and how long they are kept, ms: serials are personal data, and gateways forget a passage earlier. */
const MOST = 200;
const KEPT = 48 * 3600 * 1000;

/**
 * A code that this handheld admitted and that was used elsewhere, too. The gateway names neither place nor time of the other
 * use, only the gap: `there.place` is `station` if the newest bundles have a passage at this station that is as far away,
 * `elsewhere` if they have all passages of this station for that time and none is, else `unknown`.
 * @typedef {object} Conflict
 * @property {string} id upload key of the scan
 * @property {string} serial
 * @property {'entry' | 'exit'} way
 * @property {{at: number, place: string}} here Unix ms; the station of this handheld
 * @property {{at: number | null, place: 'station' | 'elsewhere' | 'unknown'}} there at: Unix ms, if known
 * @property {number} gap between both uses, ms
 * @property {number | null} decided when staff acknowledged it, Unix ms
 */

/**
 * A scan that this handheld admitted and that the gateway refuses now: `revoked` since, or too old (`scan_time_refused`).
 * @typedef {object} Refusal
 * @property {string} id upload key of the scan
 * @property {string} serial
 * @property {'entry' | 'exit'} way
 * @property {{at: number, place: string}} here
 * @property {string} reason
 * @property {string} class
 * @property {number | null} decided
 */

/** @typedef {{kind: 'conflict', item: Conflict} | {kind: 'refusal', item: Refusal}} Finding */

export class Findings {
  /**
   * @param {import('./storage.js').Storage} storage
   * @param {import('./sealed.js').Seal} seal
   */
  constructor(storage, seal) {
    this.storage = storage;
    this.seal = seal;
    /** @type {Map<string, Finding>} by id, oldest first */
    this.all = new Map();
  }

  async restore() {
    const entries = await this.storage.list('findings');
    const opened = await Promise.all(entries.map(async ([key, text]) => /** @type {const} */ ([key, await this.seal.open(text)])));
    this.all = new Map(opened.filter(([, finding]) => finding).sort(([, a], [, b]) => a.item.here.at - b.item.here.at));
  }

  /**
   * Adds findings and returns how the storage changes. The same finding again changes nothing. Beyond the limit the oldest
   * one goes, one that staff decided before others.
   * @param {Finding[]} found
   * @returns {Promise<import('./storage.js').Change[]>}
   */
  async add(found) {
    /** @type {import('./storage.js').Change[]} */
    const changes = [];
    for (const finding of found) {
      const key = finding.item.id;
      if (this.all.has(key)) continue;
      this.all.set(key, finding);
      changes.push({ area: 'findings', key, value: await this.seal.close(finding) });
    }
    while (this.all.size > MOST) {
      const ids = [...this.all.values()];
      const { id } = (ids.find(({ item }) => item.decided !== null) ?? ids[0]).item;
      changes.push(...this.drop([id]));
    }
    return changes;
  }

  /**
   * @param {string[]} ids
   * @returns {import('./storage.js').Change[]}
   */
  drop(ids) {
    for (const id of ids) this.all.delete(id);
    return ids.map((key) => ({ area: 'findings', key }));
  }

  /**
   * Drops findings whose time is over.
   * @param {number} now Unix ms
   */
  async prune(now) {
    const over = [...this.all.values()].filter(({ item }) => item.here.at < now - KEPT).map(({ item }) => item.id);
    if (over.length > 0) await this.storage.write(this.drop(over)).catch(() => {});
  }

  /**
   * Notes that staff saw a finding.
   * @param {string} id
   * @param {number} now Unix ms
   */
  async acknowledge(id, now) {
    const finding = this.all.get(id);
    if (!finding || finding.item.decided !== null) return;
    finding.item.decided = now;
    await this.storage.write([{ area: 'findings', key: id, value: await this.seal.close(finding) }]).catch(() => {});
  }

  /**
   * Returns how many findings are not acknowledged.
   * @param {Finding['kind']} of
   */
  undecided(of) {
    let count = 0;
    for (const { kind, item } of this.all.values()) if (kind === of && item.decided === null) count++;
    return count;
  }

  /** @returns {Conflict[]} newest first */
  conflicts() {
    return [...this.all.values()].flatMap(({ kind, item }) => (kind === 'conflict' ? [structuredClone(item)] : [])).reverse();
  }

  /** @returns {Refusal[]} newest first */
  refusals() {
    return [...this.all.values()].flatMap(({ kind, item }) => (kind === 'refusal' ? [structuredClone(item)] : [])).reverse();
  }
}

/**
 * Returns where the other use of a code was, as far as the bundles tell.
 * @param {import('../../railgate/device.js').Device} device
 * @param {import('../../railgate/device.js').Upload} scan
 * @param {number} gap ms
 * @returns {Conflict['there']}
 */
export function placeOf(device, { at, passage: { serial, way } }, gap) {
  const known = device.passages;
  if (!known) return { at: null, place: 'unknown' };
  const other = known.list.find((p) => `${p.day}-${p.index}` === serial && p.way === way && Math.abs(p.at - at) === gap);
  if (other && gap > 0) return { at: other.at, place: 'station' };
  return { at: null, place: known.since <= at - gap && known.reach > 0 ? 'elsewhere' : 'unknown' };
}
