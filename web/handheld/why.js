/**
 * Why a handheld checks online or offline, and what it means for the work.
 * @module
 */

/** @typedef {import('./advice.js').Pair} Pair */

/** By the engine's key. */
export const WHY = Object.freeze(/** @type {Record<string, Pair>} */ ({
  starting: ['正在连接网关', 'Connecting to the gateway'],
  recovered: ['网络正常', 'The gateway answers'],
  no_network: ['没有网络', 'There is no network'],
  gateway_slow: ['网关答复太慢', 'The gateway answers too slowly'],
  gateway_down: ['网关没有答复', 'The gateway does not answer'],
  overloaded: ['网关繁忙', 'The gateway is overloaded'],
  not_ready: ['网关正在启动', 'The gateway is starting'],
  unauthorized: ['网关不认识本机，请联系运维', 'The gateway does not know this device: tell operations'],
  not_allowed: ['本机无权做此项核验，请联系运维', 'This device may not check this: tell operations'],
  defect: ['本机程序有缺陷，请联系运维', 'This page has a defect: tell operations'],
  no_data: ['没有网络，也没有离线数据，暂不能核验', 'Neither network nor offline data: no check is possible'],
}));

const OFFLINE = /** @type {Pair} */ (['连不上网关', 'The gateway cannot be reached']);

/**
 * Returns why the mode is as it is.
 * @param {{mode: 'online' | 'offline', why: string}} status
 * @returns {Pair}
 */
export function whyOf({ mode, why }) {
  return WHY[why] ?? (mode === 'online' ? WHY.recovered : OFFLINE);
}

/** What the modes mean. */
export const MEANING = Object.freeze(/** @type {Record<'online' | 'offline', Pair>} */ ({
  online: ['每次扫码由网关判定，撤销、车票和各站的使用记录都是最新的。', 'The gateway judges each scan with the latest withdrawals, tickets and uses at all stations.'],
  offline: ['扫码由本机用离线数据包判定，照常工作。其他地方刚刚用过的码、刚刚的撤销，本机暂不知道；扫码记录联网后自动上传。',
    'This device judges by its offline data; go on working. It does not know uses elsewhere and withdrawals of the last minutes. Scans are uploaded when the network is back.'],
}));
