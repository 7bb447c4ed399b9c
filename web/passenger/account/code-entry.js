/**
 * Entering a code that was sent to a phone, with the time that is left for it.
 * @module
 */

import { now } from '../../ui/clock.js';
import { html, update } from '../../ui/page.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/form.js').Form} Form */

/** The time until an end by the server's clock. While it is shown, it draws itself each second. */
export class Countdown {
  /** @param {number} at Unix seconds */
  constructor(at) {
    this.at = at;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.next = undefined;
  }

  get left() {
    return Math.max(0, Math.ceil(this.at - now() / 1000));
  }

  get over() {
    return this.left === 0;
  }

  /** Returns the time left as minutes and seconds. */
  text() {
    const left = this.left;
    if (left > 0 && !this.next) {
      this.next = setTimeout(() => {
        this.next = undefined;
        update();
      }, 1000);
    }
    return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  }
}

/**
 * Returns a number without the spaces and hyphens that people type.
 * @param {string} text
 */
export function digits(text) {
  return text.normalize('NFKC').replace(/[\s()-]/g, '');
}

/**
 * Draws the field of a code of six digits.
 * @param {Form} form
 * @param {Countdown} until
 */
export function codeField(form, until) {
  return html`${form.field('code', { label: t('code'), max: 12, inputmode: 'numeric', autocomplete: 'one-time-code', hint: t('codeHint') })}
    <p class="soft number" role="timer">${until.over ? t('codeOver') : t('codeLeft', until.text())}</p>`;
}
