/**
 * The privacy policy: reading it, and the consent that forms ask for (rules B12 and G34).
 * @module
 */

import { call } from '../../ui/http.js';
import { pick } from '../../ui/language.js';
import { live } from '../../npm/lit-html/directives/live.js';
import { go, html, nothing } from '../../ui/page.js';
import { Form } from '../../ui/form.js';
import { refresh } from '../login.js';
import { afterConsent, ask, Loaded, say, withLogin } from './load.js';
import { markdown } from './markdown.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */

/** The active policy with its version. */
export const policy = new Loaded(async () => /** @type {{version: string, text: Bilingual}} */ (await call('GET', '/v1/privacy-policy')));

/** How to reach customer service. */
export const contact = new Loaded(async () => /** @type {{text: Bilingual}} */ (await call('GET', '/v1/contact')));

/**
 * Returns the consent for a request, or shows beside the box that it is missing.
 * @param {Form} form
 * @returns {Promise<string | null>} the version of the policy
 */
export async function agreed(form) {
  if (form.values.policy !== 'yes') {
    form.refuse('policy', t('consentMissing'));
    return null;
  }
  return (policy.value ?? (await policy.load()))?.version ?? null;
}

/**
 * Reads the policy again after a refusal of its version: the person agrees to the new one.
 * @param {Form} form
 */
export function policyChanged(form) {
  form.values.policy = '';
  void policy.load();
}

/**
 * Draws the box of the consent.
 * @param {Form} form
 * @param {string} label
 * @param {{shown?: boolean}} [how] shown: the view shows the policy already
 */
export function consentField(form, label, { shown = false } = {}) {
  const fault = form.faults.policy;
  return html`<div class="field">
    <label class="check spaced"><input type="checkbox" id="policy" name="policy" .checked=${live(form.values.policy === 'yes')} aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? 'policy-fault' : nothing}
      @change=${(/** @type {Event} */ e) => { form.values.policy = /** @type {HTMLInputElement} */ (e.target).checked ? 'yes' : ''; }}> <span>${label}</span></label>
    ${fault ? html`<p class="fault" id="policy-fault">${fault.text} ${fault.next}</p>` : nothing}
    ${shown ? nothing : html`<details class="reading"><summary>${t('readPolicy')}${policy.value ? html` <span class="soft">${t('version', policy.value.version)}</span>` : nothing}</summary>
      ${policy.show((p) => html`<div class="prose" tabindex="0" role="region" aria-label=${t('privacy')}>${markdown(pick(p.text).replace(/^# .*\n/, ''))}</div>`)}</details>`}
  </div>`;
}

const form = new Form({ policy: '' }, { consent_required: 'policy' });

/** The page of the policy, for everyone. */
export function privacyView() {
  return html`${policy.show((p) => html`<article class="prose card">${markdown(pick(p.text))}<p class="soft">${t('version', p.version)}</p></article>`)}
    ${policy.value ? nothing : html`<h1 class="unseen">${t('privacy')}</h1>`}
    ${contact.value ? html`<p class="soft">${pick(contact.value.text)}</p>` : nothing}`;
}

/** The view in which a logged-in person agrees to a new policy. */
export function consentView() {
  return html`<h1>${t('consentTitle')}</h1>
    <p>${t('consentWhy')}</p>
    <form class="card" novalidate @submit=${form.submit(withLogin(async () => {
      const version = await agreed(form);
      if (!version) return;
      await ask('POST', '/v1/account/consent', { policy: version });
      form.values.policy = '';
      await refresh();
      say(t('consentDone'));
      go(afterConsent(), { replace: true });
    }))}>
      ${policy.show((p) => html`<div class="prose reading-box" tabindex="0" role="region" aria-label=${t('privacy')}>${markdown(pick(p.text).replace(/^# .*\n/, ''))}</div><p class="soft">${t('version', p.version)}</p>`)}
      ${consentField(form, t('consentOwn'), { shown: true })}${form.fault()}
      <button class="wide" aria-busy=${form.busy}>${t('agree')}</button>
      <p class="hint">${t('consentElse')} <a href="#close">${t('close')}</a></p>
    </form>`;
}

/** Reads what the views of this module show. */
export function enterPolicy() {
  if (!policy.value) void policy.load();
  if (!contact.value) void contact.load();
}
