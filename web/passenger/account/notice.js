/**
 * 《铁路互联网购票身份核验须知》 in our own words: rules B1 to B12 as short sections, in both languages.
 * @module
 */

import { pick } from '../../ui/language.js';
import { html, nothing } from '../../ui/page.js';
import { chip, GUIDE, STATUSES } from './status.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */

/** @param {string} zh @param {string} en @returns {Bilingual} */
const both = (zh, en) => ({ zh, en });

/**
 * A section: a heading, and its points.
 * @type {{head: Bilingual, lead?: Bilingual, points: Bilingual[]}[]}
 */
export const SECTIONS = [
  {
    head: both('哪些证件可用', 'Which documents'),
    points: [
      both('二代居民身份证、护照、港澳居民来往内地通行证、台湾居民来往大陆通行证，均须在有效期内。', 'Second-generation resident ID card, passport, travel permit for Hong Kong and Macau residents, travel permit for Taiwan residents. All must be in date.'),
      both('一代身份证不再受理：请先改填二代证的18位号码。', 'First-generation ID cards are not accepted: enter the 18-character number of the second-generation card.'),
      both('窗口读卡器读不出的身份证，请先到发证机关换领。', 'A card that the reader at the window cannot read must first be replaced by the issuing authority.'),
    ],
  },
  {
    head: both('添加常用联系人', 'Adding passengers'),
    points: [
      both('居民身份证账户“已通过”后，可添加持各类证件的联系人；“待核验”“未通过”时不能添加。', 'An account with a resident ID card can add passengers with any document once it is verified, and none while it is pending or failed.'),
      both('护照、通行证账户只能添加持护照、通行证的联系人；“未通过”时不能添加。', 'An account with a passport or permit can add passengers with such documents only, and none while it is failed.'),
      both('“已通过”“请报验”“预通过”的联系人合计一般不超过100人，春运、暑运期间可能调整；其中“请报验”不超过5人。', 'Verified, to-be-submitted and pre-verified passengers are normally 100 at most, adjusted in the Spring Festival and summer seasons; at most 5 of them to be submitted.'),
      both('名单已满时，居民身份证账户仍可添加持居民身份证的联系人：先在网上填写，再带双方身份证原件到窗口或代售点核验。', 'On a full list, a resident ID account can still add resident ID passengers: enter them online, then bring the original cards of both people to a window or agency.'),
    ],
  },
  {
    head: both('删除和修改', 'Deleting and editing'),
    points: [
      both('“已通过”“请报验”“预通过”的联系人，添加满180天后才能删除；“待核验”“未通过”的随时可删。', 'Verified, to-be-submitted and pre-verified passengers can be deleted 180 days after they were added; pending and failed ones at any time.'),
      both('“请报验”的联系人购票后，信息既不能修改，也不能删除。', 'A to-be-submitted passenger for whom a ticket was bought can be neither edited nor deleted.'),
      both('护照、通行证账户名下原有的居民身份证联系人可以删除。', 'An account with a passport or permit can delete the resident ID passengers that it had before.'),
      both('“已通过”“预通过”的姓名、证件类型、号码（护照等还有国籍）不能修改；确有错误的，请本人到车站窗口更正。', 'Name, document type and number (with passports also nationality) can no longer be edited once verified or pre-verified; errors are corrected at a station window, in person.'),
    ],
  },
  {
    head: both('购票、改签和退票', 'Buying, changing, refunding'),
    points: [
      both('居民身份证账户和联系人都“已通过”，才能购票。', 'With resident ID cards, account and passenger must both be verified to buy a ticket.'),
      both('护照、通行证账户在“已通过”“预通过”“请报验”时，可为同样状态的护照、通行证联系人购票。', 'An account with a passport or permit that is verified, pre-verified or to be submitted can buy for passengers with such documents in the same statuses.'),
      both('“请报验”账户累计最多购20张；为每位“请报验”联系人最多购4张。改签、退票的也计算在内。', 'A to-be-submitted account buys at most 20 tickets in all; every account buys at most 4 for each to-be-submitted passenger. Changed and refunded tickets count.'),
      both('已购车票随时可在网上退票；联系人“未通过”或“待核验”时不能在网上改签。', 'Tickets can always be refunded online. They cannot be changed online for a failed or pending passenger.'),
      both('车站窗口可换票、改签、退票，代售点只办理换票。“请报验”的先在窗口预核验，未通过的只能退票。', 'Station windows exchange, change and refund; agencies only exchange. To-be-submitted passengers are pre-verified at the window first; if that fails, only a refund is possible.'),
      both('姓名、号码与身份证完全一致的，可在自动售（取）票机换票；特殊姓名请带证件原件和订单号到窗口或代售点。', 'Ticket machines exchange tickets for cards whose name and number match exactly. For special names, bring the original and the order number to a window or agency.'),
    ],
  },
  {
    head: both('姓名怎样填写', 'How to enter a name'),
    points: [
      both('按证件逐字填写，中间不留空格，字母不分大小写。“.”和“·”不同，请看清证件。', 'Enter it as on the document, without spaces; upper and lower case are the same. “.” and “·” differ: look closely.'),
      both('超过30个字符（一个汉字算2个）的，填写前30个字符即可。', 'Of more than 30 units (a Chinese character counts 2), the first 30 are kept.'),
      both('生僻字打不出的，用拼音或同音字代替；繁体字打不出的，用简体字代替，并勾选“有无法输入的字”。', 'Replace a rare character that cannot be entered by pinyin or a homophone, a traditional one by its simplified form, and tick the box for it.'),
      both('姓名超长、含生僻字或繁体字的，只在车站窗口核验：本人另报手机号后4位或邮箱前3位；联系人另报注册用户的证件号码。', 'Over-long, rare and traditional names are checked at station windows only: give the last 4 digits of your phone number or the first 3 characters of your e-mail address; for a passenger, the account holder’s document number.'),
    ],
  },
  {
    head: both('请人代办和儿童', 'Sending someone, and children'),
    points: [
      both('“待核验”“请报验”“未通过”的，可委托他人办理核验，须带齐双方证件原件。居民身份证可到窗口或代售点，其他证件只到窗口。', 'Someone else may have a pending, to-be-submitted or failed identity checked, with the originals of both people: resident ID cards at a window or agency, other documents at a window only.'),
      both('有证件的儿童可添加为联系人并核验；没有证件的，购票时使用同行成年人的身份信息。', 'A child with a document can be added and verified; a child without one travels on the details of the accompanying adult.'),
    ],
  },
  {
    head: both('提示“身份信息重复”', '“Identity already registered”'),
    points: [
      both('您的证件已被其他账户使用。请本人带证件原件到车站窗口办理，不能代办。', 'Another account uses your document. Go to a station window in person with the original; nobody else can do this for you.'),
    ],
  },
  {
    head: both('在网上核验', 'Verifying online'),
    points: [
      both('居民身份证“待核验”“未通过”的注册用户，完成手机核验后，可在本页面进行人证核验，不必前往车站。', 'An account holder with a pending or failed resident ID card can verify it on this page after verifying the phone, without a visit.'),
      both('姓名特殊的和持其他证件的，请到车站窗口办理。', 'Special names and other documents are checked at station windows.'),
    ],
  },
  {
    head: both('您的个人信息', 'Your personal data'),
    points: [
      both('仅用于实名制购票和乘车，加密保存和传输；所保存的内容您可随时查看。', 'They serve real-name tickets and travel only, are encrypted in storage and on the way, and you can see all of them at any time.'),
    ],
  },
];

const TITLE = both('铁路互联网购票身份核验须知', 'Identity verification for online tickets: what to know');
const LEAD = both('网上购票实行实名制。请先让账户和乘车人的身份信息通过核验；看一看自己的状态，再按提示办理。', 'Tickets are sold to named people. The identity of the account and of each passenger is verified first: find your status below and follow its next step.');
const KINDS = { resident: both('居民身份证', 'Resident ID card'), other: both('护照、港澳台通行证', 'Passports and permits') };
const STATUS_HEAD = both('核验状态', 'Statuses');

/** Draws the notice. */
export function noticeView() {
  return html`<article class="notice-page"><h1>${pick(TITLE)}</h1><p class="lead">${pick(LEAD)}</p>
    <section class="card"><h2 class="first">${pick(STATUS_HEAD)}</h2>${['resident', 'other'].map((kind) => html`
      <h3>${pick(KINDS[/** @type {'resident' | 'other'} */ (kind)])}</h3>
      <ul class="rows">${Object.keys(STATUSES).map((status) => {
        const guide = GUIDE[/** @type {'resident' | 'other'} */ (kind)][/** @type {import('./status.js').Status} */ (status)];
        return guide ? html`<li>${chip(status)}<p class="small">${pick(guide.meaning)} ${guide.bring.zh ? pick(guide.next) : nothing}</p></li>` : nothing;
      })}</ul>`)}</section>
    ${SECTIONS.map((section) => html`<section class="card"><h2 class="first">${pick(section.head)}</h2><ul class="prose">${section.points.map((point) => html`<li>${pick(point)}</li>`)}</ul></section>`)}
    <p class="soft">${t('noticeOurs')}</p></article>`;
}

