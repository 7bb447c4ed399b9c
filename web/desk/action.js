/**
 * Actions: each says what it does before it is sent, asks for the reason that the interface wants, is sent once, and
 * shows its answer. If the answer is lost, the desk looks before it sends again.
 * @module
 */

import { explain, Problem, Unreachable } from '../ui/http.js';
import { html, nothing, update } from '../ui/page.js';
import { when } from '../ui/language.js';
import { closeModal, openModal } from './modal.js';
import { onNext } from './personal.js';
import { t } from './texts.js';

/** @typedef {import('../ui/page.js').View} View */

/**
 * An action as its dialog explains it.
 * @typedef {object} Action
 * @property {string} title
 * @property {string | View} object what or whom it concerns
 * @property {string} effect
 * @property {string} told who learns of it
 * @property {string} undo whether it can be undone, and by which role
 * @property {[value: string, text: string][]} [reasons] the interface's closed list; the dialog asks for one
 * @property {string} [confirm] text of the button
 * @property {boolean} [danger]
 * @property {(reason: string) => Promise<any>} send
 * @property {(answer: any) => string | View} done the answer as people read it
 * @property {(err: Problem) => boolean} [beside] reports a refusal that the view shows beside a field: the dialog closes
 * @property {() => Promise<string>} [look] finds out whether an action without an answer was done, and says it
 * @property {boolean} [repeatable] sending it again changes nothing
 */

/** Closes the open dialog: what it shows belongs to the passenger before. */
let dismiss = () => {};
onNext(() => dismiss());

/** Says, without personal data, that the outcome of the passenger before stayed unknown. */
function remind() {
  openModal({
    view: () => html`<h2 id="modal-title">${t('unknownTitle')}</h2><div class="notice warn"><p>${t('unknownBefore')}</p></div>
      <div class="actions"><button type="button" @click=${closeModal}>${t('ok')}</button></div>`,
  });
}

/** @typedef {'ask' | 'sending' | 'done' | 'refused' | 'unknown'} Stage */

/**
 * Asks for confirmation, sends the action and shows its answer.
 * @param {Action} action
 * @returns {Promise<any>} the answer when the dialog is closed; undefined if the action was not done
 * @throws {Problem} a refusal that the view shows
 */
export function act(action) {
  /** @type {Stage} */
  let stage = 'ask';
  let reason = '';
  let missing = false;
  let looked = '';
  let looking = false;
  /** @type {any} */
  let answer;
  /** @type {Problem | null} */
  let problem = null;

  return new Promise((resolve, reject) => {
    async function send() {
      missing = action.reasons !== undefined && !reason;
      if (missing || stage === 'sending') return update();
      stage = 'sending';
      update();
      try {
        answer = (await action.send(reason)) ?? {};
        stage = 'done';
      } catch (err) {
        if (err instanceof Problem && action.beside?.(err)) {
          reject(err);
          return closeModal();
        }
        problem = err instanceof Problem ? err : null;
        stage = err instanceof Unreachable ? 'unknown' : 'refused';
      }
      looked = '';
      update();
    }

    async function look() {
      if (looking || !action.look) return;
      looking = true;
      update();
      try {
        looked = await action.look();
      } catch (err) {
        looked = explain(err).text;
      }
      looking = false;
      update();
    }

    const reasons = () => html`<div class="field"><label for="reason">${t('reason')}</label>
      <select id="reason" aria-describedby="reason-hint ${missing ? 'reason-fault' : ''}" aria-invalid=${missing ? 'true' : nothing}
        @change=${(/** @type {Event} */ e) => { reason = /** @type {HTMLSelectElement} */ (e.target).value; missing = false; update(); }}>
        <option value="" ?selected=${!reason}>${t('reasonChoose')}</option>
        ${action.reasons?.map(([value, text]) => html`<option value=${value} ?selected=${value === reason}>${text}</option>`)}</select>
      <p class="hint" id="reason-hint">${t('reasonHint')}</p>${missing ? html`<p class="fault" id="reason-fault" role="alert">${t('reasonMissing')}</p>` : nothing}</div>`;

    const buttons = () => {
      if (stage === 'done') return html`<button type="button" @click=${closeModal}>${t('ok')}</button>`;
      const busy = stage === 'sending';
      const mustLook = stage === 'unknown' && action.look && !looked;
      return html`${stage === 'refused' && !problem?.retryAt ? nothing : html`
          ${stage === 'unknown' && action.look ? html`<button type="button" aria-busy=${looking} ?disabled=${looking} @click=${look}>${t('look')}</button>` : nothing}
          <button type="button" class=${stage === 'unknown' && action.look ? 'second' : action.danger ? 'danger' : ''} aria-busy=${busy} ?disabled=${busy || mustLook} @click=${send}>
            ${busy ? t('sending') : stage === 'ask' ? action.confirm ?? t('confirm') : t('again')}</button>`}
        <button type="button" class="second" ?disabled=${busy} @click=${closeModal}>${stage === 'ask' || busy ? t('cancel') : t('close')}</button>`;
    };

    dismiss = () => {
      if (stage === 'sending') return;
      const unknown = stage === 'unknown';
      closeModal();
      if (unknown) remind();
    };
    openModal({
      view: () => html`<h2 id="modal-title">${stage === 'unknown' ? t('unknownTitle') : stage === 'done' ? t('done') : action.title}</h2>
        ${stage === 'done' ? html`<div class="notice good" role="status"><p>${action.done(answer)}</p></div>` : summary(action)}
        ${stage === 'refused' ? refusal(problem) : nothing}
        ${stage === 'unknown' ? html`<div class="notice warn" role="alert"><p>${t('unknown')}</p>
          <p>${action.look ? t('unknownLook') : action.repeatable ? t('unknownRepeat') : t('unknownNoLook')}</p></div>` : nothing}
        ${looked ? html`<div class="notice" role="status"><p><strong>${t('looked')}</strong></p><p>${looked}</p></div>` : nothing}
        ${action.reasons && (stage === 'ask' || stage === 'sending') ? reasons() : nothing}
        <div class="actions">${buttons()}</div>`,
      mayClose: () => stage !== 'sending',
      closed: () => {
        dismiss = () => {};
        resolve(stage === 'done' ? answer : undefined);
      },
    });
  });
}

/** @param {Action} action */
function summary(action) {
  return html`<dl class="facts effect"><dt>${t('confirmObject')}</dt><dd>${action.object}</dd><dt>${t('confirmEffect')}</dt><dd>${action.effect}</dd>
    <dt>${t('confirmTold')}</dt><dd>${action.told}</dd><dt>${t('confirmUndo')}</dt><dd>${action.undo}</dd></dl>`;
}

/**
 * Draws a refusal with its next step.
 * @param {unknown} err null: a fault of the page
 */
export function refusal(err) {
  const { text, next, contact } = explain(err);
  return html`<div class="notice bad" role="alert"><p><strong>${text}</strong></p>${next ? html`<p>${next}</p>` : nothing}${contact ? html`<p>${contact}</p>` : nothing}
    ${err instanceof Problem && err.retryAt ? html`<p>${t('retryAt', when(err.retryAt))}</p>` : nothing}</div>`;
}

/**
 * Says that a record on the control stream was accepted, and when gates act on it.
 * @param {{accepted_at_ms: number}} answer
 */
export function accepted(answer) {
  return t('effective', when(answer.accepted_at_ms / 1000, { hour: '2-digit', minute: '2-digit', second: '2-digit' }));
}
