/**
 * A running system for a test: the demo with free ports, and clients of its servers.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const START_MS = 120_000;
const STOP_MS = 30_000;

/** Returns the path of the built demo. $RAILGATE_DEMO names one that is already built. */
export function demo() {
  if (process.env.RAILGATE_DEMO) return process.env.RAILGATE_DEMO;
  const path = join(tmpdir(), `railgate-demo-of-${userInfo().uid}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`); // one for each working tree
  const { status } = spawnSync('go', ['build', '-o', path, './cmd/demo'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('go build ./cmd/demo failed');
  return path;
}

/**
 * Sends a request and returns the JSON of its answer; a busy server is asked again.
 * @param {string} method
 * @param {string} url
 * @param {{bearer?: string, body?: unknown}} [how] body: an object is sent as JSON, a string as text
 */
export async function call(method, url, { bearer, body } = {}) {
  const text = typeof body === 'string';
  const headers = { ...(body === undefined ? {} : { 'Content-Type': text ? 'text/plain' : 'application/json' }), ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) };
  for (let left = 60; ; left--) {
    const answer = await fetch(url, { method, headers, body: text || body === undefined ? body : JSON.stringify(body) });
    if (answer.ok) return answer.status === 204 ? null : JSON.parse(await answer.text() || 'null');
    if ((answer.status !== 429 && answer.status !== 503) || left === 0) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    await sleep(500);
  }
}

/**
 * A running demo. `passenger`, `desk` and `handheld` are the addresses of the pages.
 * @typedef {object} System
 * @property {string} passenger
 * @property {string} desk
 * @property {string} handheld
 * @property {string} issuer URL without path
 * @property {string} gateway URL without path
 * @property {string} admin URL of the issuer's admin listener, without path
 * @property {string} staff credential of a staff member with the roles that start got
 * @property {Record<string, string>} byRole credentials of staff members with one role each: window, agency, police, operator, authority
 * @property {string} device credential of the entry gate
 * @property {string} turnstile credential of the turnstile, which admits a code once
 * @property {{gateway: string, device: string}} second a gateway of another station, and a turnstile there
 * @property {string} held credential of the handheld
 * @property {string} authority public key, hexadecimal
 * @property {{id: number, seed: string}} loadKey with which a test can sign codes
 * @property {Map<number, string>} keys public issuer keys, hexadecimal, by id
 * @property {() => string} output of the demo
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the demo. The caller must stop it.
 * @param {{roles?: string, more?: string[]}} [how] roles of the staff credential, with commas; further arguments
 * @returns {Promise<System>}
 */
export async function startSystem({ roles = 'window,police,operator,ticketing,authority', more = [] } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'railgate-web-'));
  const ports = ['gateway', 'gateway-admin', 'issuer', 'issuer-admin', 'handheld'].flatMap((name) => [`-${name}`, '127.0.0.1:0']);
  const child = spawn(demo(), ['-serve', '-no-story', '-staff-roles', roles, ...ports, ...more], { env: { ...process.env, TMPDIR: scratch, NO_COLOR: '1' } });
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { out += data; });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  const atExit = () => child.kill('SIGKILL');
  process.on('exit', atExit);
  const stop = async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    process.off('exit', atExit);
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    for (const bound = Date.now() + START_MS; !/step +\d+: RG1:.*\n/.test(out); await sleep(50)) {
      if (child.exitCode !== null || Date.now() > bound) throw new Error(`the demo did not start\n${out}`);
    }
    const [folder] = readdirSync(scratch).filter((name) => name.startsWith('railgate-demo-') && !name.includes('data'));
    const target = JSON.parse(readFileSync(join(scratch, folder, 'target.json'), 'utf8'));
    const find = (pattern) => {
      const found = pattern.exec(out);
      if (!found) throw new Error(`the demo did not print ${pattern}\n${out}`);
      return found[1];
    };
    return {
      passenger: find(/^ *passenger +(\S+)$/m), desk: find(/^ *desk +(\S+)$/m), handheld: find(/^ *handheld +(\S+)$/m),
      issuer: target.issuer, gateway: target.gateway, admin: find(/metrics \S+ and (\S+)\/metrics/),
      staff: target.staff, device: target.device, turnstile: target.passback, second: { gateway: target.second_gateway, device: target.second },
      held: find(/Bearer (rgd_[0-9a-f]{64})' --data-binary "\$CODE" '[^']*receipt=1'/),
      authority: find(/authority key\s+([0-9a-f]{64})/),
      byRole: Object.fromEntries([...out.matchAll(/^ *(window|agency|police|operator|authority) +(rgs_[0-9a-f]{64})$/gm)].map(([, role, secret]) => [role, secret])),
      loadKey: target.load_key,
      keys: new Map([...out.matchAll(/ (\d+)=([0-9a-f]{64})\b/g)].map(([, id, key]) => [Number(id), key])),
      output: () => out, stop,
    };
  } catch (err) {
    await stop();
    throw err;
  }
}

/**
 * Checks a code at the gateway and returns its answer.
 * @param {System} system
 * @param {string} text
 * @param {string} [scope]
 * @param {string} [device] credential; default the entry gate's, which does not notice a second use
 */
export function gate(system, text, scope = 'entry', device = system.device) {
  return call('POST', `${system.gateway}/v1/check?scope=${scope}`, { bearer: device, body: text });
}

/**
 * Returns the code that the sandbox sent to a phone last.
 * @param {System} system
 * @param {string} phone
 * @returns {Promise<string>}
 */
export async function phoneCode(system, phone) {
  return (await call('POST', `${system.admin}/sandbox/phone-code`, { body: { phone } })).code;
}
