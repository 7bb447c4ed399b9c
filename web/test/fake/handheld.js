/**
 * A handheld without a screen beside a fake gateway, with a clock that tests move.
 * @module
 */
import { Engine } from '../../handheld/engine/engine.js';
import { MemoryStorage } from '../../handheld/engine/storage.js';
import { CREDENTIAL, FakeGateway } from './gateway.js';
import { Signer } from './signer.js';

/** Bound on a check in tests, ms. */
export const BOUND = 250;

/** A storage of which a test says when it fails. It counts as lasting. */
export class FakeStorage extends MemoryStorage {
  lasting = true;
  full = false;
  writes = 0;
  /** @type {(changes: import('../../handheld/engine/storage.js').Change[]) => void} */
  before = () => {};

  async write(changes) {
    this.before(changes);
    this.failing = this.full;
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.writes++;
    await super.write(structuredClone(changes.map(({ value, ...rest }) => ({ ...rest, value }))));
  }
}

/** Returns the setup code of a handheld of a signer's authority. */
export const setupOf = (signer, changes = {}) => JSON.stringify({ v: 1, device: 'handheld-1', credential: CREDENTIAL, authority: signer.pinned,
  station: '北京南', scopes: ['entry', 'exit', 'onboard'], ...changes });

/**
 * Makes a handheld and its gateway. `wait` moves the clock and lets the background work run once a second.
 * @param {{provisioned?: boolean, bound?: number, storage?: import('../../handheld/engine/storage.js').Storage, signer?: Signer}} [how]
 */
export async function handheld({ provisioned = true, bound = BOUND, storage = new FakeStorage(), signer = new Signer() } = {}) {
  const time = { wall: 1_796_000_000_000, steady: 50_000 };
  const gateway = new FakeGateway(signer, { now: () => time.wall });
  const deps = { fetch: gateway.fetch, storage, wall: () => time.wall, steady: () => time.steady, locks: null, bounds: { check: bound, batch: 4 * bound, bundle: 4 * bound }, random: () => 0.5 };
  const open = () => Engine.open(deps);
  const world = {
    time, gateway, signer, storage, deps, engine: await open(),
    holder: () => signer.holder(time.wall - 1000),
    async wait(ms) {
      for (let left = ms; left > 0; left -= 1000) {
        time.wall += Math.min(1000, left);
        time.steady += Math.min(1000, left);
        await world.engine.tick();
        await world.engine.handheld?.bundles.running;
      }
    },
    /** The page is closed at once, and opened again later; the steady clock begins anew. */
    async restart(after = 5000) {
      time.wall += after;
      time.steady = 100;
      world.engine = await open();
    },
  };
  if (provisioned) {
    await world.engine.provision(setupOf(signer));
    await world.wait(2000);
  }
  return world;
}
