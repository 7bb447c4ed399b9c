/**
 * Invented people, and what they do through the API: tests of one page need not go through the others.
 * @module
 */
import { randomBytes } from 'node:crypto';

import { serialBytes } from '../../passenger/session.js';
import { chainOf } from '../../railgate/chain.js';
import { assemble, hex, unhex } from '../../railgate/code.js';
import { call } from './system.js';

const REGION = '110106';
const NAMES = ['测试甲', '测试乙', '测试丙', '测试丁', '测试戊'];
/** The password of all accounts of `register`. */
export const PASSWORD = 'kuaiche-fuxing-4711';

/**
 * Returns the n-th invented person with a resident ID card. The date of birth is in 1900 to 1909, so the number belongs to
 * no living person. A person has 3 applications a day: use another n in each test.
 * @param {number} n
 */
export function person(n) {
  const digits = `${REGION}19${String(n % 10).padStart(2, '0')}0${1 + Math.floor(n / 10) % 9}0${1 + Math.floor(n / 90) % 9}${String(100 + n).padStart(3, '0')}`;
  const sum = [...digits].reduce((all, digit, i) => all + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i], 0);
  return { name: NAMES[n % NAMES.length], document_type: 'resident_id', document_number: digits + '10X98765432'[sum % 11] };
}

/** @param {import('./system.js').System} system */
const policy = async (system) => (await call('GET', `${system.issuer}/v1/privacy-policy`)).version;

/**
 * Applies for a person without a login, passes the face check and opens a session.
 * @param {import('./system.js').System} system
 * @param {number} n
 */
export async function holder(system, n) {
  const who = person(n);
  const applied = await call('POST', `${system.issuer}/v1/applications`, { body: { ...who, city: '北京', location: { latitude: 39.865, longitude: 116.378 }, policy: await policy(system) } });
  const path = `${system.issuer}/v1/applications/${applied.application}`;
  const bearer = applied.access_token;
  const { check, application } = await call('POST', `${path}/checks`, { bearer, body: { evidence: 'sandbox:pass' } });
  const { links, anchor } = await chainOf(randomBytes(16), 30, serialBytes(application.serial));
  const opened = await call('POST', `${path}/sessions`, { bearer, body: { check, mode: 'anchor', anchor: hex(anchor) } });
  const pass = unhex(opened.pass);
  return {
    ...who,
    serial: application.serial,
    /** Returns the code that the phone shows now, or that of a step. */
    code: (step = Math.max(0, Math.floor((Date.now() / 1000 - opened.start_at) / opened.period_seconds))) => assemble(pass, step, links[step]),
  };
}

/**
 * Registers an account for a person, and a window verifies the person by the original document.
 * @param {import('./system.js').System} system its staff credential needs the role window
 * @param {number} n
 */
export async function register(system, n) {
  const phone = `1380001${String(n).padStart(4, '0')}`;
  const login = `traveller_${n}`;
  const { account } = await call('POST', `${system.issuer}/v1/accounts`, { body: { ...person(n), login_name: login, password: PASSWORD, phone, policy: await policy(system) } });
  const entry = { account, passenger: 'holder' };
  const { version } = await call('POST', `${system.issuer}/v1/counter/looks`, { bearer: system.staff, body: entry });
  await call('POST', `${system.issuer}/v1/counter/verifications`, { bearer: system.staff, body: { ...entry, version, original: true, in_date: true, readable: true, matches: true } });
  return { account, login, phone };
}

/**
 * Sells the holder of an account a ticket from Beijing South, the station of the demo's gateway.
 * @param {import('./system.js').System} system its staff credential needs the role ticketing
 * @param {string} account
 * @param {{train?: string, coach?: string, seat?: string, inSeconds?: number}} [journey]
 */
export async function sell(system, account, { train = 'G101', coach = '05', seat = '12F', inSeconds = 7200 } = {}) {
  const departs = Math.floor(Date.now() / 1000) + inSeconds;
  const reference = `E${randomBytes(6).toString('hex')}`;
  await call('POST', `${system.issuer}/v1/tickets`, { bearer: system.staff, body: { kind: 'bought', account, order: `O-${reference}`, issued: [
    { reference, passenger: 'holder', ends_at: departs + 18000, journey: { train, from: '北京南', to: '上海虹桥', departs_at: departs, arrives_at: departs + 18000, coach, seat } }] } });
}

/**
 * Revokes a credential.
 * @param {import('./system.js').System} system its staff credential needs the role police
 * @param {string} serial
 */
export async function revoke(system, serial) {
  await call('POST', `${system.issuer}/v1/credentials/${serial}/revoke`, { bearer: system.staff, body: { reason: 'lost_phone' } });
}

/**
 * Returns the text that sets a handheld's page up: docs/offline.md, section 8.
 * @param {import('./system.js').System} system
 * @param {{device?: string, credential?: string, scopes?: string[]}} [how] default: the demo's handheld, which may work offline
 */
export function setupText(system, { device = 'handheld', credential = system.held, scopes = ['entry', 'onboard'] } = {}) {
  return JSON.stringify({ v: 1, device, credential, authority: system.authority, station: '北京南', scopes });
}
