/**
 * Codes of invented passengers in any number, signed with the key that the demo announces for load tests.
 * @module
 */
import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';

import { chainOf } from '../../railgate/chain.js';
import { assemble, BODY_SIZE, CREDENTIAL_LIFE, dayOf, PASS_SIZE } from '../../railgate/code.js';

/** What RFC 8410 puts before an Ed25519 seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const [PERIOD, LENGTH, ALL_SCOPES] = [60, 30, 127];
const FIRST_INDEX = 3_000_000_000; // the demo's own credentials have low ones

/** @param {import('./system.js').System} system */
const keyOf = ({ loadKey }) => createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(loadKey.seed, 'hex')]), format: 'der', type: 'pkcs8' });

/**
 * Returns the public key of `passes`, hexadecimal.
 * @param {import('./system.js').System} system
 */
export function publicOf(system) {
  return createPublicKey(keyOf(system)).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

/**
 * Returns a function that makes the code of another passenger at each call, valid from now.
 * @param {import('./system.js').System} system
 */
export function passes(system) {
  const { loadKey } = system;
  const key = keyOf(system);
  let index = FIRST_INDEX + Math.floor(Math.random() * 1e9);
  return async () => {
    const now = Math.floor(Date.now() / 1000);
    const pass = Buffer.alloc(PASS_SIZE);
    pass[0] = 1;
    pass.writeUInt16BE(loadKey.id, 1);
    pass.writeUInt16BE(dayOf(now), 3);
    pass.writeUInt32BE(index++, 5);
    randomBytes(8).copy(pass, 9); // the subject
    pass.writeUInt32BE(now, 17);
    pass.writeUInt32BE(now + CREDENTIAL_LIFE, 21);
    pass.set([PERIOD, LENGTH, ALL_SCOPES], 25);
    const { links, anchor } = await chainOf(randomBytes(16), LENGTH, pass.subarray(3, 9));
    pass.set(anchor, 28);
    sign(null, Buffer.concat([Buffer.from('RGP'), pass.subarray(0, BODY_SIZE)]), key).copy(pass, BODY_SIZE);
    return assemble(pass, 0, links[0]);
  };
}
