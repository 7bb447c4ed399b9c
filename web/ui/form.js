/**
 * Forms: labelled fields, each refusal beside its field, one request for two taps.
 * @module
 */

import { html, nothing, update } from './page.js';
import { explain, Problem } from './http.js';
import { live } from '../npm/lit-html/directives/live.js';

/**
 * How a field looks.
 * @typedef {object} Look
 * @property {string} label
 * @property {string} [hint]
 * @property {string} [type] of the input; default text
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {boolean} [optional]
 * @property {boolean} [readonly]
 * @property {number} [max] characters
 * @property {[value: string, text: string][]} [options] makes a choice from a list
 * @property {number} [rows] makes a text of several lines
 */

/** The state of one form. */
export class Form {
  /**
   * @param {Record<string, string>} values by field
   * @param {Record<string, string>} [places] the field beside which a problem is shown, by its code; others are shown above the button
   */
  constructor(values, places = {}) {
    this.values = { ...values };
    this.places = places;
    /** @type {Record<string, {text: string, next: string, contact?: string, from?: string}>} by field; '' is the whole form */
    this.faults = {};
    this.busy = false;
    /** @type {unknown} the failure of the last submission */
    this.failure = null;
  }

  /**
   * Draws a field with its label, hint and fault.
   * @param {string} name
   * @param {Look} look
   */
  field(name, look) {
    const fault = this.faults[name];
    const described = [look.hint ? `${name}-hint` : '', fault ? `${name}-fault` : ''].filter(Boolean).join(' ') || nothing;
    const set = (/** @type {Event} */ e) => {
      this.values[name] = /** @type {HTMLInputElement} */ (e.target).value;
    };
    const invalid = fault ? 'true' : nothing;
    const control = look.options
      ? html`<select id=${name} name=${name} .value=${live(this.values[name])} ?disabled=${look.readonly} aria-describedby=${described} aria-invalid=${invalid} @change=${(/** @type {Event} */ e) => { set(e); update(); }}>
          ${look.options.map(([value, text]) => html`<option value=${value} ?selected=${value === this.values[name]}>${text}</option>`)}</select>`
      : look.rows
        ? html`<textarea id=${name} name=${name} rows=${look.rows} maxlength=${look.max ?? nothing} ?required=${!look.optional} ?readonly=${look.readonly} aria-describedby=${described} aria-invalid=${invalid} .value=${live(this.values[name])} @input=${set}></textarea>`
        : html`<input id=${name} name=${name} type=${look.type ?? 'text'} autocomplete=${/** @type {any} */ (look.autocomplete ?? 'off')} inputmode=${/** @type {any} */ (look.inputmode ?? nothing)} maxlength=${look.max ?? nothing} ?required=${!look.optional} ?readonly=${look.readonly} aria-describedby=${described} aria-invalid=${invalid} .value=${live(this.values[name])} @input=${set}>`;
    return html`<div class="field"><label for=${name}>${look.label}</label>${control}
      ${look.hint ? html`<p class="hint" id="${name}-hint">${look.hint}</p>` : nothing}
      ${fault ? html`<p class="fault" id="${name}-fault">${fault.text} ${fault.next} ${fault.from} ${fault.contact}</p>` : nothing}</div>`;
  }

  /** Draws the failure that belongs to no field. */
  fault() {
    const fault = this.faults[''];
    return fault ? html`<div class="notice bad" role="alert"><p>${fault.text}</p>${fault.next || fault.from ? html`<p>${fault.next} ${fault.from}</p>` : nothing}${fault.contact ? html`<p>${fault.contact}</p>` : nothing}</div>` : nothing;
  }

  /**
   * Puts a fault beside a field.
   * @param {string} name
   * @param {string} text
   * @param {string} [next]
   */
  refuse(name, text, next = '') {
    this.faults[name] = { text, next };
    update();
  }

  /**
   * Returns the submit listener of the form. While an action runs, further submissions are ignored.
   * @param {(values: Record<string, string>) => Promise<void>} action
   */
  submit(action) {
    return async (/** @type {SubmitEvent} */ e) => {
      e.preventDefault();
      if (this.busy) return;
      const form = /** @type {HTMLFormElement} */ (e.currentTarget);
      await this.run(() => action({ ...this.values }));
      await Promise.resolve(); // the drawing
      /** @type {HTMLElement | null} */ (form.querySelector(':is(input, select, textarea)[aria-invalid=true], [role=radiogroup][aria-invalid=true] input'))?.focus();
    };
  }

  /**
   * Runs an action as a submission.
   * @param {() => Promise<void>} action
   */
  async run(action) {
    if (this.busy) return;
    this.busy = true;
    this.faults = {};
    this.failure = null;
    update();
    try {
      await action();
    } catch (err) {
      this.failure = err;
      const place = err instanceof Problem ? this.places[err.code] ?? '' : '';
      this.faults[place] = explain(err);
    } finally {
      this.busy = false;
      update();
    }
  }
}
