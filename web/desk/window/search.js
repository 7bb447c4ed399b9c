/**
 * The search of an entry by its document: the first step of the views that compare an original with an entry.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, nothing } from '../../ui/page.js';
import { findEntries, foundList } from './entries.js';
import { documentFields, documentMissing, documentOf, documentPlaces, noDocument, placed } from './fields.js';
import { t } from './texts.js';

/** @typedef {import('./entries.js').Found} Found */
/** @typedef {import('../../ui/page.js').View} View */

export class Search {
  /**
   * @param {import('./entries.js').Purpose} purpose
   * @param {{leave: () => void, choose: (f: Found) => Promise<void>}} view leave: forgets the chosen entry; choose: continues with a found one
   */
  constructor(purpose, { leave, choose }) {
    this.purpose = purpose;
    this.leave = leave;
    this.choose = choose;
    this.form = new Form(noDocument, documentPlaces);
    /** @type {Found[] | null} */
    this.found = null;
  }

  /** Forgets the input and what was found. */
  clear() {
    this.form.values = { ...noDocument };
    this.form.faults = {};
    this.found = null;
    this.leave();
  }

  /**
   * Searches, and continues at once with the only entry found.
   * @param {Record<string, string>} values
   */
  async find(values) {
    this.found = null;
    this.leave();
    if (documentMissing(this.form, values)) return;
    try {
      this.found = await findEntries(documentOf(values), this.purpose);
    } catch (err) {
      throw placed(this.form, err);
    }
    if (this.found.length === 1) await this.choose(this.found[0]);
  }

  /**
   * Draws the form and what was found.
   * @param {{label?: string, notice?: View | typeof nothing, none: View}} words label of the number; notice above the button; none: nothing was found
   */
  draw({ label, notice = nothing, none }) {
    const { form, found } = this;
    return html`<form class="card" novalidate @submit=${form.submit((values) => this.find(values))}>${documentFields(form, label)}${form.fault()}
        ${notice}
        <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('find')}</button></div></form>
      ${found?.length === 0 ? html`<div class="notice warn" role="status">${none}</div>` : nothing}
      ${found?.length ? html`<section class="card"><h2>${t('found')}</h2>${foundList(found, (f) => void form.run(() => this.choose(f)))}</section>` : nothing}`;
  }
}
