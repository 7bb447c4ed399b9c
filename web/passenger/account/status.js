/**
 * The statuses of an identity in words: what each means, what to do next, and what it allows (rules B2 to B7).
 *
 * The issuer's answers contain the next step for the entry, with its special names; it is shown where it is known.
 * @module
 */

import { html, nothing } from '../../ui/page.js';
import { language, pick } from '../../ui/language.js';
import { kindOf } from './person.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */
/** @typedef {'verified' | 'pending' | 'to_be_submitted' | 'pre_verified' | 'failed'} Status */
/** @typedef {'resident' | 'other'} Kind */

/**
 * @param {string} zh
 * @param {string} en
 * @returns {Bilingual}
 */
const both = (zh, en) => ({ zh, en });

/**
 * The name of a status and its tone. The mark keeps statuses apart where colours cannot.
 * @type {Record<Status, {name: Bilingual, tone: 'good' | 'warn' | 'bad', mark: string}>}
 */
export const STATUSES = {
  verified: { name: both('已通过', 'Verified'), tone: 'good', mark: '✓' },
  pending: { name: both('待核验', 'Pending'), tone: 'warn', mark: '○' },
  to_be_submitted: { name: both('请报验', 'To be submitted'), tone: 'warn', mark: '!' },
  pre_verified: { name: both('预通过', 'Pre-verified'), tone: 'good', mark: '◔' },
  failed: { name: both('未通过', 'Failed'), tone: 'bad', mark: '✕' },
};

/** Statuses that count for the length of a list and that keep a passenger on it (rules B3 and B4). */
export const COUNTED = ['verified', 'to_be_submitted', 'pre_verified'];

/** The numbers of rules B2 to B5. The issuer can change them: views say “normally”. */
export const LIMITS = { listed: 100, toBeSubmitted: 5, keptDays: 180, ticketsInAll: 20, ticketsEach: 4 };

/**
 * @typedef {object} Guide
 * @property {Bilingual} meaning
 * @property {Bilingual} next
 * @property {Bilingual} where
 * @property {Bilingual} bring the originals; empty: none
 * @property {Bilingual} holder what an account with this status can do
 * @property {Bilingual} passenger what can be done for a passenger with this status
 */

const NOWHERE = both('无需前往车站', 'Nowhere: no visit is needed');
const COUNTER = both('车站售票窗口或铁路客票代售点', 'A station ticket window or a railway ticket agency');
const WINDOW = both('车站售票窗口（代售点不办理）', 'A station ticket window (agencies cannot do it)');
const CARD = both('二代居民身份证原件', 'The original second-generation resident ID card');
const PAPER = both('填写的护照或通行证原件，须在有效期内', 'The original passport or permit in the entry, in date');
const NOTHING = both('', '');

/** @type {Record<Kind, Partial<Record<Status, Guide>>>} */
export const GUIDE = {
  resident: {
    verified: {
      meaning: both('身份信息已核验一致。姓名、证件类型和号码不可修改。', 'The identity was checked and matches. Name, document type and number can no longer be changed.'),
      next: both('无需办理。', 'No action is needed.'), where: NOWHERE, bring: NOTHING,
      holder: both('可添加常用联系人，可为“已通过”的联系人购票、改签、退票。', 'You can add passengers, and buy, change and refund tickets for verified passengers.'),
      passenger: both('可购票、改签、退票；添加后180天内不能删除。', 'Tickets can be bought, changed and refunded; the passenger stays on the list for 180 days.'),
    },
    pending: {
      meaning: both('身份信息尚未核验。', 'The identity has not been checked yet.'),
      next: both('请持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验。', 'Have it checked with the original card at a station ticket window or a ticket agency.'),
      where: COUNTER, bring: CARD,
      holder: both('暂不能添加联系人和购票；已购车票可在网上退票。', 'You cannot add passengers or buy tickets yet; tickets already bought can be refunded online.'),
      passenger: both('暂不能为其购票和网上改签；可随时删除。', 'No tickets can be bought, or changed online, for this passenger yet; the entry can be deleted at any time.'),
    },
    failed: {
      meaning: both('核验结果与证件不符。', 'The check found that the entry differs from the document.'),
      next: both('请按证件原件修改并保存，状态变为“待核验”后再办理核验；信息本来无误的，可直接持原件办理。', 'Correct the entry to match the original and save it; once it is pending, have it checked. If it was right all along, bring the original directly.'),
      where: COUNTER, bring: CARD,
      holder: both('暂不能添加联系人和购票；已购车票可在网上退票。', 'You cannot add passengers or buy tickets; tickets already bought can be refunded online.'),
      passenger: both('不能为其购票和网上改签；可随时删除。', 'No tickets can be bought, or changed online, for this passenger; the entry can be deleted at any time.'),
    },
  },
  other: {
    verified: {
      meaning: both('已通过国家身份认证权威部门核验。姓名、国籍、证件类型和号码不可修改。', 'The national identity authority confirmed the identity. Name, nationality, document type and number can no longer be changed.'),
      next: both('无需办理。', 'No action is needed.'), where: NOWHERE, bring: NOTHING,
      holder: both('可添加持护照、通行证的联系人并为其购票。', 'You can add passengers with passports or permits and buy tickets for them.'),
      passenger: both('可购票、改签、退票；添加后180天内不能删除。', 'Tickets can be bought, changed and refunded; the passenger stays on the list for 180 days.'),
    },
    to_be_submitted: {
      meaning: both('身份信息尚未核验，需到车站报验。', 'The identity has not been checked; the document must be shown at a station.'),
      next: both('请持填写的证件原件到车站售票窗口办理预核验。', 'Show the original document at a station ticket window for pre-verification.'), where: WINDOW, bring: PAPER,
      holder: both('可添加持护照、通行证的联系人并为其购票，累计不超过20张（含已改、已退）。', 'You can add passengers with passports or permits and buy at most 20 tickets in all, changed and refunded ones included.'),
      passenger: both('每人限购4张（含已改、已退）；购票后信息不能修改和删除；添加后180天内不能删除。', 'At most 4 tickets, changed and refunded ones included; after a purchase the entry can be neither edited nor deleted; it stays on the list for 180 days.'),
    },
    pre_verified: {
      meaning: both('已在车站窗口预核验，等待权威部门核验。姓名、国籍、证件类型和号码不可修改。', 'A window has checked the document; the national authority checks it next. Name, nationality, document type and number can no longer be changed.'),
      next: both('无需办理，请等待核验结果。', 'No action is needed: wait for the result.'), where: NOWHERE, bring: NOTHING,
      holder: both('可添加持护照、通行证的联系人并为其购票。', 'You can add passengers with passports or permits and buy tickets for them.'),
      passenger: both('可购票、改签、退票；添加后180天内不能删除。', 'Tickets can be bought, changed and refunded; the passenger stays on the list for 180 days.'),
    },
    failed: {
      meaning: both('核验结果与证件不符。', 'The check found that the entry differs from the document.'),
      next: both('请按证件原件修改并保存，状态变为“请报验”后到车站窗口办理；信息本来无误的，可直接持原件办理。', 'Correct the entry to match the original and save it; once it is to be submitted, go to a station window. If it was right all along, bring the original directly.'),
      where: WINDOW, bring: PAPER,
      holder: both('不能添加联系人和购票；已购车票可在网上退票。', 'You cannot add passengers or buy tickets; tickets already bought can be refunded online.'),
      passenger: both('不能为其购票和网上改签；可随时删除。', 'No tickets can be bought, or changed online, for this passenger; the entry can be deleted at any time.'),
    },
  },
};

/**
 * Returns the facts of a status with a document type.
 * @param {string} type
 * @param {string} [status]
 * @returns {Guide | undefined}
 */
export function guideOf(type, status) {
  return GUIDE[kindOf(type)][/** @type {Status} */ (status)];
}

/**
 * Draws a status: word, mark and colour.
 * @param {string} [status]
 */
export function chip(status) {
  const known = STATUSES[/** @type {Status} */ (status)];
  if (!known) return html``;
  return html`<span class="chip ${known.tone}"><span aria-hidden="true">${known.mark}</span> ${pick(known.name)}</span>`;
}

const HEADS = { meaning: ['状态说明', 'Meaning'], next: ['下一步', 'Next step'], where: ['办理地点', 'Where'], bring: ['携带证件', 'Bring'], can: ['可办业务', 'What is possible'], special: ['特殊姓名', 'Special name'], both: ['双方证件', 'Both originals'] };

/**
 * @typedef {object} Entry an identity with its status, of the profile or the list
 * @property {string} document_type
 * @property {string} [status]
 * @property {Bilingual} [next_step]
 * @property {Bilingual} [contact]
 * @property {boolean} [name_cut]
 * @property {boolean} [name_uncommon]
 * @property {boolean} [substituted]
 * @property {boolean} [holder_original_needed]
 */

/**
 * Reports whether only a station window checks the name (rule B1).
 * @param {Entry} entry
 */
export function windowOnly(entry) {
  return Boolean(entry.name_cut || entry.name_uncommon || entry.substituted);
}

/**
 * Draws what a status means, what it allows and what to do next.
 * @param {Entry} entry
 * @param {{own: boolean}} whose own: of the account holder
 */
export function guidance(entry, { own }) {
  const guide = guideOf(entry.document_type, entry.status);
  if (!guide) return html``;
  const done = !guide.bring.zh;
  const head = (/** @type {keyof typeof HEADS} */ key) => HEADS[key][language() === 'zh' ? 0 : 1];
  const special = !done && windowOnly(entry);
  return html`<dl class="facts stacked">
    <dt>${head('meaning')}</dt><dd>${pick(guide.meaning)}</dd>
    <dt>${head('next')}</dt><dd><strong>${pick(entry.next_step ?? guide.next)}</strong></dd>
    ${done ? nothing : html`<dt>${head('where')}</dt><dd>${pick(special ? WINDOW : guide.where)}</dd><dt>${head('bring')}</dt><dd>${pick(guide.bring)}</dd>`}
    ${entry.holder_original_needed && !done ? html`<dt>${head('both')}</dt><dd>${pick(both('名单已满，须同时携带注册用户和该联系人的居民身份证原件。', 'The list is full: bring the original resident ID cards of both the account holder and this passenger.'))}</dd>` : nothing}
    ${special ? html`<dt>${head('special')}</dt><dd>${pick(own
      ? both('姓名超长或含生僻字、繁体字，仅限车站窗口办理；请另报手机号后4位或邮箱前3位。', 'Over-long, rare and traditional names: station windows only. Also give the last 4 digits of your phone number or the first 3 characters of your e-mail address.')
      : both('姓名超长或含生僻字、繁体字，仅限车站窗口办理；请另报注册用户的证件号码。', 'Over-long, rare and traditional names: station windows only. Also give the account holder’s document number.'))}</dd>` : nothing}
    <dt>${head('can')}</dt><dd>${pick(own ? guide.holder : guide.passenger)}</dd>
  </dl>${entry.contact ? html`<p class="soft">${pick(entry.contact)}</p>` : nothing}`;
}
