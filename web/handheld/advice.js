/**
 * What the staff read on a verdict: a title for the glance, and the next step for the person who holds the device.
 *
 * The text for the passenger is the one of web/railgate/reasons.js; these are not repetitions of it.
 * @module
 */

/** @typedef {readonly [zh: string, en: string]} Pair */
/** @typedef {{title: Pair, step: Pair | null}} Advice */

/** By reason; `reason/class` where a reason has two classes. */
export const ADVICE = Object.freeze(/** @type {Record<string, Advice>} */ ({
  internal_error: {
    title: ['核验设备故障', 'The check has a fault'],
    step: ['请人工核验本人与证件，并报告运维。', 'Check person and document yourself, and tell operations.'],
  },
  ok: { title: ['请通行', 'Pass'], step: null },
  malformed: {
    title: ['不是身份证明二维码', 'Not a temporary ID'],
    step: ['若旅客确已打开证明，请其擦净屏幕、调高亮度后重新扫码。', 'If the temporary ID is open, have the screen wiped and brightened, then scan again.'],
  },
  unsupported_version: {
    title: ['二维码版本过新', 'Newer kind of code'],
    step: ['请人工核验，并更新本机页面。', 'Check by hand, and update this page.'],
  },
  unknown_key: {
    title: ['暂无法核验此码', 'Cannot check this code'],
    step: ['请联网更新数据后重新扫码；仍不行的，请人工核验。', 'Go online to update the data and scan again. If that does not help, check by hand.'],
  },
  key_retired: {
    title: ['需重新实人核验', 'New face check needed'],
    step: ['不是旅客的责任，请协助其在客户端重新核验。', 'The passenger did nothing wrong: help with the new face check.'],
  },
  not_yet_valid: {
    title: ['二维码尚未生效', 'Not valid yet'],
    step: ['请稍候几秒重新扫码；多位旅客都如此时，请检查本机时间。', 'Wait some seconds and scan again. If it happens to several passengers, check the clock of this device.'],
  },
  credential_expired: {
    title: ['证明已过24小时', 'The 24 hours are over'],
    step: ['请旅客重新申请，或引导至人工窗口。', 'Have the passenger apply again, or show the way to a staffed window.'],
  },
  session_over: {
    title: ['展示已满30分钟', 'The 30 minutes are over'],
    step: ['请旅客重新实人核验，出示新码后再扫。', 'Scan again after a new face check.'],
  },
  code_stale: {
    title: ['二维码已过期', 'Code out of date'],
    step: ['请旅客点“刷新”后再扫；若是截图或照片，请其当面打开客户端。', 'Scan again after a tap on refresh. If it is a picture of a code, have the app opened in front of you.'],
  },
  code_ahead: {
    title: ['时间不一致', 'Clocks differ'],
    step: ['请旅客刷新后再扫；多位旅客都如此时，请检查本机时间。', 'Scan again after a refresh. If it happens to several passengers, check the clock of this device.'],
  },
  wrong_scope: {
    title: ['不适用于当前作业', 'Not for this use'],
    step: ['请先看作业选择是否正确；无误的，引导旅客到窗口。', 'See first that the right use is chosen. If it is, show the way to a window.'],
  },
  revoked: {
    title: ['证明已被撤销', 'Withdrawn'],
    step: ['请勿放行。旅客有新证明的，请扫新码。', 'Do not admit. If there is a newer temporary ID, scan that one.'],
  },
  session_closed: {
    title: ['二维码已关闭', 'Code was closed'],
    step: ['请旅客重新实人核验，出示新码后再扫。', 'Scan again after a new face check.'],
  },
  link_mismatch: {
    title: ['二维码不真实', 'Not genuine'],
    step: ['请核对本人与手机，联系值班员或乘警，勿反复扫码。', 'Look at person and phone, call the duty officer or the police. Do not try again and again.'],
  },
  bad_signature: {
    title: ['二维码不真实', 'Not genuine'],
    step: ['请核对本人与手机，联系值班员或乘警，勿反复扫码。', 'Look at person and phone, call the duty officer or the police. Do not try again and again.'],
  },
  no_revocation_data: {
    title: ['本机尚无核验数据', 'No data yet'],
    step: ['请联网一次以获取离线数据包，其间人工核验。', 'Go online once to fetch the offline data. Until then check by hand.'],
  },
  stale_revocation_data: {
    title: ['核验数据过旧', 'Data too old'],
    step: ['请联网更新数据，其间人工核验。', 'Go online to update the data. Until then check by hand.'],
  },
  scan_time_refused: {
    title: ['本机时间有误', 'Clock is wrong'],
    step: ['请校准本机时间并联网一次，其间人工核验。', 'Set the clock of this device and go online once. Until then check by hand.'],
  },
  'already_used/passenger': {
    title: ['已使用过', 'Used already'],
    step: ['请看下方使用时间并核对本人；确未通过的，请人工办理。', 'See below when it was used, and look at the person. If they have not passed, help them by hand.'],
  },
  'already_used/fraud': {
    title: ['已在别处使用', 'Used at another place'],
    step: ['可能有两人共用一码：请核对本人与手机，联系值班员或乘警。', 'Two people may be using one code: look at person and phone, call the duty officer or the police.'],
  },
  no_ticket: {
    title: ['未查到车票', 'No ticket found'],
    step: ['请与旅客核对订单中的证件、车次和车站；无票的，按规定办理。', 'Compare document, train and station in the booking. Without a ticket, follow your rules.'],
  },
  too_early: {
    title: ['未到检票时间', 'Too early'],
    step: ['请告知开始检票的时间和检票口。', 'Tell the passenger when and where check-in begins.'],
  },
  train_departed: {
    title: ['列车已开', 'The train has left'],
    step: ['请引导旅客改签。', 'Show the way to change the ticket.'],
  },
  no_passage_data: {
    title: ['查不到使用记录', 'No record of uses'],
    step: ['请联网后重新扫码；仍不行的，请人工核验。', 'Go online and scan again. If that does not help, check by hand.'],
  },
  no_booking_data: {
    title: ['查不到车票信息', 'No ticket data'],
    step: ['请核对所选车次；联网后重新扫码，或查验旅客订单。', 'See that the right train is chosen. Go online and scan again, or look at the booking.'],
  },
}));

/** What the state of second use says, where it is worth a look. */
export const PASSBACK_STATES = Object.freeze(/** @type {Record<string, Pair | null>} */ ({
  exact: null,
  local: ['只核对了本站的使用记录，别处刚用过的暂不知道。', 'Only uses at this station were compared: those elsewhere are not known yet.'],
  unknown: ['暂不知道此码是否在别处用过，请核对本人。', 'It is not known whether the code was used elsewhere: look at the person.'],
  full: ['使用记录已满，请核对本人并报告运维。', 'The record of uses is full: look at the person and tell operations.'],
}));

/** What the result of second use says; {0} is a time span. */
export const PASSBACK_RESULTS = Object.freeze(/** @type {Record<string, Pair | null>} */ ({
  first: null,
  held: null,
  repeated: ['{0}前刚扫过，同一次通行', 'Scanned {0} ago: the same passage'],
  used: ['{0}前已使用', 'Used {0} ago'],
  forgiven: ['{0}前用过，工作人员已准许再次通行', 'Used {0} ago; staff let that not count'],
  amnesty: ['应急放行时段，不计使用次数', 'Staff let everybody pass now: uses do not count'],
  not_counted: null,
}));

/** What the state of the ticket says where the verdict admits. */
export const TICKET_STATES = Object.freeze(/** @type {Record<string, Pair | null>} */ ({
  held: null,
  early: ['未到检票时间', 'It is too early for this train'],
  late: ['所乘列车已开或行程已结束', 'The train has left, or the journey is over'],
  none: ['未查到车票，请查验订单', 'No ticket found: look at the booking'],
  unknown: ['暂无法核对车票，请查验订单', 'The ticket cannot be looked up: look at the booking'],
}));

/** What the state of the data says: those of gateways, and of devices without a network. */
export const DATA_STATES = Object.freeze(/** @type {Record<string, Pair | null>} */ ({
  fresh: null,
  stale: ['核验数据较旧，最近的撤销可能不在其中。', 'The data is old: the latest withdrawals may be missing.'],
  expired: ['核验数据已过期，请尽快联网。', 'The data has expired: go online soon.'],
  suspect: ['核验数据正在核对，请留意。', 'The data is being compared: take a second look.'],
  booting: ['网关正在启动。', 'The gateway is starting.'],
  no_bundle: ['本机没有离线数据包。', 'This device has no offline data.'],
  clock_doubted: ['本机时间可疑，请校准。', 'The clock of this device is doubtful: set it.'],
}));
