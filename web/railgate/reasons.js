/**
 * Reasons of verdicts and their texts: docs/token-format.md, section 11.
 * @module
 */

/**
 * The party that can act.
 * @typedef {'ok' | 'passenger' | 'issuer' | 'verifier' | 'fraud'} Class
 */

/**
 * Reason, class, text in English and in Chinese.
 * @type {ReadonlyArray<[string, Class, string, string]>}
 */
export const REASONS = Object.freeze(/** @type {[string, Class, string, string][]} */ ([
  ['internal_error', 'verifier',
    'This gate has a fault. Please use the staffed channel.',
    '本通道设备故障，请走人工通道。'],
  ['ok', 'ok',
    'Please pass.',
    '请通行。'],
  ['malformed', 'passenger',
    'This is not an electronic temporary ID. Please open it in the railway app and scan again.',
    '未识别到电子临时乘车身份证明，请在铁路客户端打开后重新扫码。'],
  ['unsupported_version', 'verifier',
    'This gate cannot read this version of the code. Please use the staffed channel.',
    '本通道暂不支持该版本的二维码，请走人工通道。'],
  ['unknown_key', 'verifier',
    'This gate cannot check this code. Please use the staffed channel.',
    '本通道无法核验该二维码，请走人工通道。'],
  ['key_retired', 'issuer',
    'This code is no longer accepted through no fault of yours. Please pass the face check again in the app.',
    '因系统原因，该二维码已停用，请在客户端重新进行实人核验。'],
  ['not_yet_valid', 'verifier',
    'This code is not valid yet. Please wait a moment and scan again.',
    '二维码尚未生效，请稍后重新扫码。'],
  ['credential_expired', 'passenger',
    'The 24 hours of this temporary ID are over. Please apply again, or use the staffed channel.',
    '电子临时乘车身份证明已过24小时有效期，请重新申请或走人工通道。'],
  ['session_over', 'passenger',
    'The code was shown for 30 minutes. Please pass the face check again in the app.',
    '二维码展示已满30分钟，请在客户端重新进行实人核验。'],
  ['code_stale', 'passenger',
    'This code is out of date. Please tap refresh and scan again.',
    '二维码已过期，请刷新后重新扫码。'],
  ['code_ahead', 'verifier',
    'The clocks of the phone and the gate differ. Please tap refresh and scan again.',
    '手机时间与本通道不一致，请刷新二维码后重新扫码。'],
  ['wrong_scope', 'passenger',
    'This temporary ID is not valid for this use. Please ask at a station window.',
    '该证明不适用于当前业务，请到车站窗口咨询。'],
  ['revoked', 'passenger',
    'This temporary ID was withdrawn. Please show your newest one, or go to the station police window.',
    '该证明已被撤销，请出示最新申请的证明，或到车站公安制证窗口办理。'],
  ['session_closed', 'passenger',
    'This code\'s page was closed, or the account was logged out. Please pass the face check again in the app.',
    '二维码页面已关闭或账号已退出登录，请在客户端重新进行实人核验。'],
  ['link_mismatch', 'fraud',
    'This code is not genuine. Please see the staff.',
    '二维码核验未通过，请联系工作人员。'],
  ['bad_signature', 'fraud',
    'This code is not genuine. Please see the staff.',
    '二维码核验未通过，请联系工作人员。'],
  ['no_revocation_data', 'verifier',
    'This gate is starting. Please use the staffed channel.',
    '本通道正在启动，请走人工通道。'],
  ['stale_revocation_data', 'verifier',
    'This gate is cut off from the network. Please use the staffed channel.',
    '本通道网络中断，请走人工通道。'],
  ['scan_time_refused', 'verifier',
    'The device\'s clock is wrong, or this scan is too old to be checked. Please use the staffed channel.',
    '设备时间有误或扫码记录已超时，无法核验，请走人工通道。'],
  ['already_used', 'passenger',
    'This code has already been used. If you have not passed, please see the staff.',
    '该二维码已使用过，如您尚未通过，请联系工作人员。'],
  ['already_used', 'fraud',
    'This code has already been used at another place. Please see the staff.',
    '该二维码已在其他地点使用过，请联系工作人员。'],
  ['no_ticket', 'passenger',
    'No ticket for this station was found under this temporary ID. Please check your booking in the app, or go to a ticket window.',
    '未查询到您在本站的车票，请在客户端核对订单，或到售票窗口办理。'],
  ['too_early', 'passenger',
    'The gates for your train are not open yet. Please scan again when check-in begins.',
    '您乘坐的车次尚未开始检票，请在开始检票后重新扫码。'],
  ['train_departed', 'passenger',
    'Your train has left. Please change your ticket in the app or at a ticket window.',
    '您乘坐的车次已开出，请在客户端或到售票窗口办理改签。'],
  ['no_passage_data', 'verifier',
    'This gate cannot check whether the code was used before. Please use the staffed channel.',
    '本通道暂无法核验该二维码是否已使用，请走人工通道。'],
  ['no_booking_data', 'verifier',
    'This gate cannot look up tickets now. Please use the staffed channel.',
    '本通道暂无法核验车票，请走人工通道。'],
]));

/**
 * Returns the text of a reason.
 * @param {string} reason
 * @param {string} language `zh` or another one, which gets English
 * @param {string} [of] class, for reasons that have two; otherwise the first one counts
 */
export function textOf(reason, language, of) {
  const all = REASONS.filter((r) => r[0] === reason);
  const one = all.find((r) => r[1] === of) ?? all[0] ?? REASONS[0];
  return language.startsWith('zh') ? one[3] : one[2];
}
