/**
 * The words of the registry and of tickets, as clerks say them.
 * @module
 */

import { texts } from '../../ui/language.js';

export const documentName = texts({
  resident_id: ['居民身份证', 'Resident ID card'],
  passport: ['护照', 'Passport'],
  hk_macau_permit: ['港澳居民来往内地通行证', 'Permit for Hong Kong and Macau residents'],
  taiwan_permit: ['台湾居民来往大陆通行证', 'Permit for Taiwan residents'],
});

export const statusName = texts({
  verified: ['已通过', 'Verified'],
  pending: ['待核验', 'Pending'],
  to_be_submitted: ['请报验', 'To be submitted'],
  pre_verified: ['预通过', 'Pre-verified'],
  failed: ['未通过', 'Failed'],
});

export const purposeName = texts({
  sale: ['售票', 'Sale'],
  refund: ['退票', 'Refund'],
  change: ['改签', 'Change'],
  verify: ['核验身份', 'Check of identity'],
});

export const scopeName = texts({
  sale: ['售票', 'sale'],
  refund: ['退票', 'refund'],
  change: ['改签', 'change'],
  verify: ['核验', 'checks'],
  entry: ['进站', 'entry'],
  exit: ['出站', 'exit'],
  onboard: ['乘车', 'on board'],
});

export const serviceName = texts({
  exchange: ['换取纸质车票', 'Paper ticket'],
  change: ['改签', 'Change'],
  refund: ['退票', 'Refund'],
});

export const ticketState = texts({
  valid: ['有效', 'Valid'],
  changed: ['已改签', 'Changed'],
  refunded: ['已退票', 'Refunded'],
  cancelled: ['列车停运', 'Train cancelled'],
});

export const forgiveReason = texts({
  gate_fault: ['闸机故障或误判', 'The gate failed or was wrong'],
  wrong_gate: ['旅客走错闸机', 'The passenger used the wrong gate'],
  staff: ['工作人员放行', 'Staff let the passenger through'],
});

export const revokeReason = texts({
  lost_phone: ['手机丢失', 'The phone was lost'],
  fraud: ['冒用或造假', 'Fraud'],
  superseded: ['已换发新证明', 'Replaced by a newer one'],
  staff: ['工作人员决定', 'Decision of staff'],
});

/**
 * Returns the options of a list of words.
 * @template {string} K
 * @param {(key: K) => string} word
 * @param {K[]} keys
 * @returns {[string, string][]}
 */
export function options(word, keys) {
  return keys.map((key) => [key, word(key)]);
}

/** The chip's class for a status of the registry. */
export const statusTone = /** @type {Record<string, string>} */ ({ verified: 'good', pre_verified: 'good', pending: 'warn', to_be_submitted: 'warn', failed: 'bad' });
