/**
 * 售票系统授权码: a one-time code that tells a ticketing system which account this is, for 60 seconds.
 * @module
 */

import { Problem } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { html, nothing, update } from '../../ui/page.js';
import { drawQR } from '../../ui/qr.js';
import { onLogin } from '../login.js';
import { Countdown } from './code-entry.js';
import { ask, withLogin } from './load.js';
import { t } from './texts.js';

const form = new Form({ client: '', challenge: '' }, { client_unknown: 'client', challenge_invalid: 'challenge' });

/** @type {{text: string, until: Countdown, picture: HTMLCanvasElement} | null} */
let code = null;
let copied = false;

onLogin((change) => change !== 'in' && forgetCode());

/** Erases the code: its view is left, or the login has ended. */
export function forgetCode() {
  code = null;
  copied = false;
}

/** @param {string} text */
function picture(text) {
  const canvas = document.createElement('canvas');
  canvas.className = 'qr';
  canvas.setAttribute('role', 'img');
  drawQR(canvas, text, 480);
  return canvas;
}

async function copy() {
  if (!code) return;
  try {
    await navigator.clipboard.writeText(code.text);
    copied = true;
  } catch {
    copied = false; // the text can be selected
  }
  update();
}

/** @param {HTMLCanvasElement} canvas */
function labelled(canvas) {
  canvas.setAttribute('aria-label', t('accountCodeImage'));
  return canvas;
}

/** Draws the form, and the code while it can be redeemed. */
export function accountCodeView() {
  if (code?.until.over) forgetCode();
  const shown = code;
  return html`<h1>${t('accountCode')}</h1><p>${t('accountCodeWhat')}</p>
    ${shown ? html`<section class="card centre" aria-label=${t('accountCode')}>
        ${labelled(shown.picture)}
        <p class="number" role="timer">${t('accountCodeLeft', shown.until.text())}</p>
        <p class="actions middle"><button type="button" class="second" @click=${copy}>${t(copied ? 'copied' : 'copy')}</button>
        <button type="button" class="quiet" @click=${() => { forgetCode(); update(); }}>${t('accountCodeOther')}</button></p>
        <p class="hint">${t('accountCodeHint')}</p></section>` : nothing}
    ${shown ? nothing : html`<form class="card" novalidate @submit=${form.submit(withLogin(async (values) => {
      const client = values.client.trim();
      const challenge = values.challenge.trim();
      if (!client) return form.refuse('client', t('clientMissing'));
      let made;
      try {
        made = await ask('POST', '/v1/account/codes', { client, ...(challenge ? { challenge } : {}) });
      } catch (err) {
        if (err instanceof Problem && err.code === 'client_unknown') return form.refuse('client', t('clientUnknown'));
        throw err;
      }
      code = { text: made.code, until: new Countdown(made.expires_at), picture: picture(made.code) };
    }))}>
      ${form.field('client', { label: t('client'), hint: t('clientHint'), max: 64 })}
      <details class="reading"><summary>${t('challengeMore')}</summary>${form.field('challenge', { label: t('challenge'), hint: t('challengeHint'), max: 43, optional: true })}</details>
      ${form.fault()}<button class="wide" aria-busy=${form.busy}>${t('accountCodeGet')}</button>
    </form>`}`;
}
