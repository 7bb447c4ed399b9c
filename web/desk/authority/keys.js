/**
 * The keys: issuer keys with their states and next steps, gateway keys.
 * @module
 */

import { now } from '../../ui/clock.js';
import { html, nothing, update } from '../../ui/page.js';
import { refusal } from '../action.js';
import { ask } from '../login.js';
import { digits, exactly } from './parts.js';
import { t } from './texts.js';

/**
 * An issuer key: docs/openapi/issuer.yaml, IssuerKey.
 * @typedef {object} IssuerKey
 * @property {number} key
 * @property {string} public_key
 * @property {'announced' | 'waiting' | 'active' | 'overlap' | 'inactive' | 'distrusted' | 'retired'} state
 * @property {number} ordered_at
 * @property {number} [published_at]
 * @property {number} [use_from]
 * @property {number} [deactivated_at]
 * @property {number} [cutoff]
 * @property {number} [retire_from]
 * @property {number} [retired_at]
 * @property {number} running_sessions
 * @property {boolean} here
 */

/** @typedef {{gateway: number, public_key: string, announced_at: number, cutoff?: number}} GatewayKey */

/** Most gateways on the screen; the filter finds the others. */
const ROWS = 200;

/** @type {{issuer_keys: IssuerKey[], gateway_keys: GatewayKey[]} | null} */
let keys = null;

/** @type {unknown} */
let failure = null;
let loading = false;
let filter = '';

async function load() {
  if (loading) return;
  loading = true;
  update();
  try {
    keys = await ask('GET', '/v1/keys');
    failure = null;
  } catch (err) {
    failure = err;
  }
  loading = false;
  update();
}

const LOOKS = { announced: 'soft', waiting: 'soft', active: 'good', overlap: 'good', inactive: 'soft', distrusted: 'bad', retired: 'soft' };
const STATES = /** @type {const} */ ({ announced: 'stateAnnounced', waiting: 'stateWaiting', active: 'stateActive', overlap: 'stateOverlap', inactive: 'stateInactive', distrusted: 'stateDistrusted', retired: 'stateRetired' });
const NEXT = /** @type {const} */ ({ announced: 'nextAnnounced', waiting: 'nextWaiting', active: 'nextActive', overlap: 'nextOverlap', inactive: 'nextInactive', distrusted: 'nextInactive', retired: 'nextRetired' });

/** @param {IssuerKey} k */
function times(k) {
  const all = /** @type {const} */ ([['announcedAt', k.ordered_at], ['publishedAt', k.published_at], ['useFrom', k.use_from], ['deactivatedAt', k.deactivated_at], ['cutoffAt', k.cutoff], ['retiredAt', k.retired_at]]);
  return html`<dl class="facts">${all.map(([name, at]) => at ? html`<dt>${t(name)}</dt><dd class="number">${exactly(at)}</dd>` : nothing)}</dl>`;
}

/** @param {IssuerKey} k */
function issuerKey(k) {
  const from = k.retire_from && k.retire_from > now() / 1000 ? exactly(k.retire_from) : t('now');
  return html`<li class="key card"><div class="headline"><h3 class="number">${t('key')} ${k.key}</h3><span class="chip ${LOOKS[k.state]}">${t(STATES[k.state])}</span>
      ${k.here ? nothing : html`<span class="chip warn">${t('notHere')}</span>`}</div>
    <div class="pair">${times(k)}<div><p><span class="soft">${t('nextStep')}</span><br>${t(NEXT[k.state], k.key, from)}</p>
      <p class="soft">${t('sessions')} <span class="number">${k.running_sessions}</span></p></div></div>
    <p class="soft">${t('publicKey')}<br>${digits(k.public_key)}</p></li>`;
}

/** @param {GatewayKey[]} all */
function gateways(all) {
  const wanted = filter.trim().toLowerCase();
  const found = wanted ? all.filter((g) => String(g.gateway) === wanted || g.public_key.startsWith(wanted)) : all;
  return html`${all.length > 10 ? html`<div class="field"><label for="gateway-filter">${t('filter')}</label><input id="gateway-filter" autocomplete="off" .value=${filter}
      @input=${(/** @type {Event} */ e) => { filter = /** @type {HTMLInputElement} */ (e.target).value; update(); }}></div>` : nothing}
    ${found.length ? html`<div class="wide"><table><thead><tr><th scope="col">${t('gateway')}</th><th scope="col">${t('status')}</th><th scope="col">${t('since')}</th><th scope="col">${t('publicKey')}</th></tr></thead>
      <tbody>${found.slice(0, ROWS).map((g) => html`<tr><td class="number">${g.gateway}</td>
        <td>${g.cutoff ? html`<span class="chip bad">${t('withdrawn')}</span>` : html`<span class="chip good">${t('inUse')}</span>`}</td>
        <td class="number">${t('announcedAt')} ${exactly(g.announced_at)}${g.cutoff ? html`<br>${t('withdrawnFrom')} ${exactly(g.cutoff)}` : nothing}</td><td>${digits(g.public_key)}</td></tr>`)}</tbody></table></div>
      ${found.length > ROWS ? html`<p class="hint">${t('onlyFirst', ROWS)}</p>` : nothing}` : html`<p class="soft">${t('keyNone')}</p>`}`;
}

function content() {
  if (failure) return refusal(failure);
  if (!keys) return html`<p class="soft" role="status">${t('loading')}</p>`;
  const active = keys.issuer_keys.some((k) => k.state === 'active');
  return html`${active ? nothing : html`<div class="notice bad" role="alert"><p><strong>${t('keyNoneActive')}</strong></p><p>${t('keyNoneActiveNext')}</p></div>`}
    <h2>${t('issuerKeys')}</h2><ul class="plainlist">${[...keys.issuer_keys].reverse().map(issuerKey)}</ul>
    <h2>${t('gatewayKeys')} <span class="soft number">${keys.gateway_keys.length}</span></h2>${gateways(keys.gateway_keys)}`;
}

/** @type {import('../shell.js').DeskView} */
export const keysView = {
  id: 'keys',
  title: () => t('keys'),
  about: () => t('keysAbout'),
  group: () => t('groupSystem'),
  operations: ['list_keys'],
  roles: ['operator'],
  enter: () => void load(),
  view: () => html`<div class="headline"><h1>${t('keys')}</h1><button type="button" class="quiet" aria-busy=${loading} @click=${load}>${t('reload')}</button></div>
    <p class="hint">${t('keysNote')}</p>${content()}`,
};
