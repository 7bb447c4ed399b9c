/**
 * What views read from the server before they can be drawn, and requests that need the login.
 * @module
 */

import { call, explain, Problem } from '../../ui/http.js';
import { go, html, nothing, route, update } from '../../ui/page.js';
import { bearer, expired, loginState, onLogin, refresh } from '../login.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/page.js').View} View */

/**
 * One answer of the server, with its wait and its failure.
 * @template T
 */
export class Loaded {
  /** @param {() => Promise<T>} read */
  constructor(read) {
    this.read = read;
    /** @type {T | null} */
    this.value = null;
    /** @type {unknown} */
    this.failure = null;
    this.busy = false;
    this.round = 0;
    onLogin((change) => change !== 'in' && this.clear());
  }

  clear() {
    this.round++;
    this.value = this.failure = null;
    this.busy = false;
  }

  /**
   * Reads, and keeps the earlier value meanwhile.
   * @returns {Promise<T | null>} null if it failed: the view shows why
   */
  async load() {
    const round = ++this.round;
    this.busy = true;
    this.failure = null;
    update();
    try {
      const value = await this.read();
      if (round === this.round) this.value = value;
      return value;
    } catch (err) {
      if (round === this.round && !expired(err)) this.failure = err;
      return null;
    } finally {
      if (round === this.round) {
        this.busy = false;
        update();
      }
    }
  }

  /**
   * Draws the value, the wait for it, or its failure with a button to try again.
   * @param {(value: T) => unknown} view
   */
  show(view) {
    if (this.failure) {
      const why = explain(this.failure);
      return html`<div class="notice bad" role="alert"><p>${why.text}</p>${why.next ? html`<p>${why.next}</p>` : nothing}${why.contact ? html`<p>${why.contact}</p>` : nothing}</div>
        <button type="button" class="wide" @click=${() => this.load()}>${t('retry')}</button>`;
    }
    if (this.value != null) return view(this.value);
    return html`<div class="waiting" role="status"><span class="unseen">${t('loading')}</span><i></i><i></i><i></i></div>`;
  }
}

/**
 * Sends a request with the login.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function ask(method, path, body) {
  await loginState();
  return call(method, path, { body, bearer: bearer() });
}

/** @type {string | null} the view that waits for the consent to a new policy */
let consenting = null;

/**
 * Wraps the action of a form of a logged-in person: an ended login and a new privacy policy lead to their views, which
 * return to this one. The form keeps its values.
 * @param {(values: Record<string, string>) => Promise<void>} action
 */
export function withLogin(action) {
  return async (/** @type {Record<string, string>} */ values) => {
    try {
      await action(values);
    } catch (err) {
      if (expired(err)) return;
      if (err instanceof Problem && err.code === 'consent_required' && (await refresh())?.account.consent_due) return askConsent();
      throw err;
    }
  };
}

/** Opens the view in which the person agrees to the active policy. */
function askConsent() {
  consenting = route().join('/');
  go('consent', { replace: true });
}

/** Returns the view that waited for the consent, once. */
export function afterConsent() {
  const to = consenting;
  consenting = null;
  return to ?? 'account';
}

/**
 * Opens a view for logged-in people, or the login.
 * @returns {Promise<boolean>} false: there is no login
 */
export async function requireLogin() {
  try {
    if (await loginState()) return true;
  } catch (err) {
    if (!expired(err)) return true; // no network: the view reports it, when it reads
    return false;
  }
  wanted = location.hash.slice(1);
  go('login', { replace: true });
  return false;
}

/** The view that asked for the login. */
let wanted = '';

/** Returns the view that asked for the login, once. */
export function afterLogin() {
  const to = wanted || 'account';
  wanted = '';
  return to;
}

/** Views that are remembered. */
const WAY = 12;

/** The views before the present one in the browser's history, the nearest last. @type {string[]} */
let way = history.state?.way ?? [];

addEventListener('hashchange', ({ oldURL }) => {
  if (history.state?.way) way = history.state.way;
  else if (oldURL) way = [...way, new URL(oldURL).hash.slice(1)].slice(-WAY);
  if (!history.state) history.replaceState({ way }, '');
});

/**
 * Leaves a form that is done: goes back to the view if the person came from it, so that the back button does not return
 * to the form.
 * @param {string} view
 */
export function leaveTo(view) {
  const at = way.lastIndexOf(view);
  if (at < 0) go(view, { replace: true });
  else history.go(at - way.length);
}

/** @type {string} */
let said = '';

/**
 * Shows a text above the next view, until the view after it.
 * @param {string} text
 */
export function say(text) {
  said = text;
}

/** Takes the text for the view that is entered. */
export function takeSaid() {
  const text = said;
  said = '';
  return text;
}
