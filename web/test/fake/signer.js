/**
 * An authority, an issuer key and a gateway key, with which tests sign control batches, bundles and codes.
 * @module
 */
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';

import { chainOf } from '../../railgate/chain.js';
import { assemble, BODY_SIZE, CREDENTIAL_LIFE, dayOf, hex, PASS_SIZE, SCOPES } from '../../railgate/code.js';

/** What RFC 8410 puts before an Ed25519 seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

const keyOf = (seed) => createPrivateKey({ key: Buffer.concat([PKCS8, sha256(seed)]), format: 'der', type: 'pkcs8' });
const publicOf = (key) => Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url');

const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
const leb = (n) => {
  const out = [];
  for (; n >= 128; n = Math.floor(n / 128)) out.push(n % 128 + 128);
  return Buffer.from([...out, n]);
};
const text = (s) => Buffer.concat([Buffer.from([Buffer.byteLength(s)]), Buffer.from(s)]);
/** Bytes of a set of scopes. */
const bits = (scopes) => scopes.reduce((all, scope) => all | 1 << SCOPES.indexOf(scope), 0);

export const [DENY, FLAG, SERVE] = [0, 1, 2];
export const [OFF, MARK, ENFORCE] = [0, 1, 2];

/** Keys of one authority and one gateway. */
export class Signer {
  /** @param {string} [name] other names have other keys */
  constructor(name = 'test') {
    this.authority = keyOf(`${name} authority`);
    this.issuer = keyOf(`${name} issuer`);
    this.gateway = keyOf(`${name} gateway`);
    this.id = sha256(publicOf(this.authority)).subarray(0, 4);
    this.index = 1;
  }

  /** Public key of the authority, hexadecimal. */
  get pinned() {
    return hex(publicOf(this.authority));
  }

  /** Returns a signed control batch with one record. */
  batch(kind, fields, number, at) {
    const signed = Buffer.concat([Buffer.from('RGC1'), this.id, u64(1), u16(0), u16(1), u64(number), u64(at), u64(at),
      Buffer.from([kind, 8 + fields.length]), u64(at), fields]);
    return Buffer.concat([signed, sign(null, signed, this.authority)]);
  }

  /** The batches that announce the issuer's key 1 and gateway 7. */
  announcements(at) {
    return [this.batch(3, Buffer.concat([u16(1), publicOf(this.issuer)]), 1, at), this.batch(9, Buffer.concat([u16(7), publicOf(this.gateway)]), 2, at)];
  }

  /** The batch that withdraws gateway 7 at a time, Unix ms. */
  withdrawal(at) {
    return this.batch(10, Buffer.concat([u16(7), u32(Math.floor(at / 1000))]), 3, at);
  }

  /**
   * Returns a signed bundle.
   * @param {object} b
   * @param {number} b.made Unix ms
   * @param {number} [b.watermark] default: made
   * @param {number} [b.since] 0: full
   * @param {string} [b.device]
   * @param {string} [b.station]
   * @param {string[]} [b.scopes]
   * @param {object} [b.policy] actions and modes that differ from the defaults
   * @param {number[]} [b.revoked] indexes of today's credentials
   * @param {{since: number, reach: number, list: {day: number, index: number, way: number, step: number, at: number}[]}} [b.passages]
   * @param {Buffer[]} [b.batches] more proofs
   * @param {number} [b.epoch]
   */
  bundle({ made, watermark = made, since = 0, device = 'handheld-1', station = '北京南', scopes = ['entry', 'exit', 'onboard'], policy = {}, revoked = [], passages, batches = [], epoch = 1 }) {
    const p = { stale: SERVE, expired: DENY, doubted: FLAG, passback: ENFORCE, window: 125, local: SERVE, unknown: FLAG, ticket: OFF, ...policy };
    const proofs = [...this.announcements(1_700_000_000_000), ...batches];
    const sections = [
      [1, Buffer.concat([leb(proofs.length), ...proofs.flatMap((b) => [leb(b.length), b])])],
      [2, Buffer.concat([text(device), text(station), Buffer.from([bits(scopes)]), u32(600), u32(21600), Buffer.from([p.stale, p.expired, p.doubted]),
        Buffer.from([p.passback]), u32(p.passback === OFF ? 0 : p.window), Buffer.from([p.local, p.unknown]), Buffer.from([p.ticket]), u32(7200), Buffer.from([FLAG])])],
    ];
    if (revoked.length > 0) {
      const sorted = [...revoked].sort((a, b) => a - b);
      sections.push([3, Buffer.concat([leb(1), leb(dayOf(made / 1000)), leb(0), leb(0), Buffer.from([0]), leb(sorted.length - 1), ...sorted.map((n, i) => leb(i === 0 ? n : n - sorted[i - 1] - 1))])]);
    }
    if (passages) sections.push([10, this.passages(passages)]);
    const signed = Buffer.concat([Buffer.from('RGO1'), u16(7), this.id, u64(epoch), u64(made), u64(watermark), u64(since), Buffer.from([sections.length]),
      ...sections.flatMap(([kind, body]) => [Buffer.from([kind]), u32(body.length), sha256(body)])]);
    return new Uint8Array(Buffer.concat([signed, sign(null, signed, this.gateway), ...sections.map(([, body]) => body)]));
  }

  passages({ since, reach, list }) {
    const head = (p) => p.way << 7 | p.step;
    const sorted = [...list].sort((a, b) => a.day - b.day || a.index - b.index || head(a) - head(b) || a.at - b.at);
    const days = [...new Set(sorted.map(({ day }) => day))];
    return Buffer.concat([u64(since), Buffer.from([reach]), leb(days.length), ...days.flatMap((day, i) => {
      const own = sorted.filter((p) => p.day === day);
      return [leb(i === 0 ? day : day - days[i - 1] - 1), leb(own.length - 1),
        ...own.map((p, j) => Buffer.concat([leb(j === 0 ? p.index : p.index - own[j - 1].index), Buffer.from([head(p)]), leb(p.at - since)]))];
    })]);
  }

  /**
   * Opens a session of another passenger and returns how its codes are made.
   * @param {number} now Unix ms
   */
  async holder(now) {
    const start = Math.floor(now / 1000);
    const day = dayOf(start);
    const index = this.index++;
    const pass = Buffer.alloc(PASS_SIZE);
    pass[0] = 1;
    pass.writeUInt16BE(1, 1);
    pass.writeUInt16BE(day, 3);
    pass.writeUInt32BE(index, 5);
    randomBytes(8).copy(pass, 9);
    pass.writeUInt32BE(start, 17);
    pass.writeUInt32BE(start + CREDENTIAL_LIFE, 21);
    pass.set([60, 30, 127], 25);
    const { links, anchor } = await chainOf(randomBytes(16), 30, pass.subarray(3, 9));
    pass.set(anchor, 28);
    sign(null, Buffer.concat([Buffer.from('RGP'), pass.subarray(0, BODY_SIZE)]), this.issuer).copy(pass, BODY_SIZE);
    return { day, index, serial: `${day}-${index}`, code: (step = 0) => assemble(pass, step, links[step]) };
  }

  /** Public key of the issuer. */
  get issuerKey() {
    return publicOf(this.issuer);
  }
}
