/**
 * Logging in at the desk, and unlocking it.
 * @module
 */

import { Form } from '../ui/form.js';
import { html, languageButton, nothing, update } from '../ui/page.js';
import { lockedDesk, logIn, MalformedCredential } from './login.js';
import { openScanner } from './scan.js';
import { t } from './texts.js';

const form = new Form({ credential: '' }, { staff_unauthorized: 'credential', staff_credential_expired: 'credential' });

/** @param {string} text */
async function enter(text) {
  try {
    await logIn(text);
    form.values.credential = '';
  } catch (err) {
    if (!(err instanceof MalformedCredential)) throw err;
    form.refuse('credential', t('credentialMalformed'), t('credentialMalformedNext'));
  }
}

function scan() {
  openScanner({
    title: t('scanCredential'), anyone: true,
    read: (text) => {
      form.values.credential = text;
      void form.run(() => enter(text));
    },
  });
}

/** Draws the log-in view. */
export function entry() {
  const { name, cause } = lockedDesk();
  const why = { idle: t('lockedIdle'), hand: t('lockedHand'), refused: t('lockedRefused'), shift: t('lockedShift') };
  return html`<header class="top plain"><span class="brand">railgate ${t('desk')}</span><div class="tools">${languageButton()}</div></header>
    <main class="entry"><div class="card">
      <h1>${name ? t('lockedTitle') : t('logIn')}</h1>
      ${name ? html`<div class="notice warn"><p>${why[cause ?? 'hand']}</p><p>${t('lockedDesk', name)}</p></div>` : html`<p class="soft">${t('logInHint')}</p>`}
      <form novalidate @submit=${form.submit((values) => enter(values.credential))}>
        <div data-scan>${form.field('credential', { label: t('credential'), hint: t('credentialHint'), type: 'password' })}</div>
        ${form.fault()}
        <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('enter')}</button>
          <button type="button" class="second" @click=${scan}>${t('scan')}</button></div>
      </form></div></main>`;
}

/** Draws what is shown before the page's modules have arrived. */
export function opening(/** @type {boolean} */ failed, /** @type {() => void} */ retry) {
  return html`<main class="entry"><h1>${t('desk')}</h1>${failed
    ? html`<div class="notice bad"><p>${t('notLoaded')}</p></div><button type="button" @click=${() => { retry(); update(); }}>${t('retry')}</button>`
    : html`<p class="soft">${t('loading')}</p>`}${nothing}</main>`;
}
