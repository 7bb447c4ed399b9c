/**
 * Texts of the handheld's page. Verdicts have theirs in advice.js, in both languages at once.
 * @module
 */

import { language, texts } from '../ui/language.js';
import { html } from '../ui/page.js';

/** @typedef {import('./advice.js').Pair} Pair */

export const t = texts({
  name: ['手持核验', 'Handheld'],
  back: ['返回', 'Back'],
  menu: ['菜单', 'Menu'],
  scanTitle: ['扫码核验', 'Scan'],
  aim: ['请将二维码对准框内', 'Hold the code into the frame'],
  starting: ['正在启动相机…', 'The camera is starting…'],
  allowHint: ['浏览器询问时，请选择“允许”。', 'When the browser asks, choose “Allow”.'],
  readerStarting: ['正在准备识码…', 'The reader is starting…'],
  readerFailed: ['识码组件未能启动', 'The reader did not start'],
  readerFailedNext: ['请刷新页面；仍不行的，请用“粘贴文字”核验，并报告运维。', 'Reload the page. If that does not help, use “Paste text” and tell operations.'],
  reload: ['刷新页面', 'Reload'],
  checking: ['核验中…', 'Checking…'],
  tapForSound: ['点一下屏幕，开启提示音', 'Tap the screen to switch the sound on'],
  torchOn: ['开灯', 'Light on'], torchOff: ['关灯', 'Light off'], torch: ['补光灯', 'Light'],
  otherCamera: ['换相机', 'Camera'], paste: ['粘贴', 'Paste'],
  nearer: ['拉近', 'Nearer'], farther: ['拉远', 'Farther'],

  denied: ['相机未获允许', 'The camera is not allowed'],
  deniedNext: ['请点地址栏左侧的图标，将“相机”改为“允许”；已安装到桌面的，请在系统设置的应用权限中允许相机。改好后会自动打开。',
    'Tap the icon beside the address and set “Camera” to “Allow”. If the page is installed, allow it in the system’s app permissions. The camera then opens by itself.'],
  absent: ['未找到相机', 'No camera found'],
  absentNext: ['请接上相机；也可用扫码枪，或“粘贴文字”核验。', 'Connect a camera, use a scanner, or use “Paste text”.'],
  cameraBusy: ['相机被占用', 'The camera is in use'],
  cameraBusyNext: ['请关闭正在使用相机的其他应用，再点“重试”。', 'Close other apps that use the camera, then try again.'],
  insecure: ['此地址不能使用相机', 'No camera at this address'],
  insecureNext: ['浏览器只在加密地址（https）下开放相机，请向运维索取正确地址。', 'Browsers give the camera only to https addresses. Ask operations for the right one.'],
  cameraFailed: ['相机未能打开', 'The camera did not open'],
  cameraFailedNext: ['请重试；仍不行的，请重启本机。', 'Try again. If that does not help, restart the device.'],
  lost: ['相机画面已中断', 'The picture has ended'],
  lostNext: ['其他应用可能占用了相机，请点“重试”。', 'Another app may have taken the camera. Try again.'],
  again: ['重试', 'Try again'],
  pasteInstead: ['粘贴文字核验', 'Paste text instead'],

  online: ['联机', 'Online'], offline: ['离线', 'Offline'],
  ageOf: ['数据{0}前', 'Data {0} old'],
  noData: ['无离线数据', 'No offline data'], onlineOnly: ['仅联机核验', 'Online only'],
  onlineOnlyText: ['本机未获准离线核验：没有网络时请人工核验。如需离线核验，请联系运维。', 'This device may check online only: without a network, check by hand. Operations can change that.'],
  waitingCount: ['待上传 {0}', '{0} to upload'],
  conflictCount: ['冲突 {0}', 'Conflicts: {0}'],
  statusLabel: ['联网状态与数据', 'Network and data'],

  offlineSince: ['{0} 起由本机判定，记录联网后自动上传', 'Since {0} this device judges; scans are uploaded later'],
  offlineEmpty: ['{0} 起无法判定，请人工核验', 'No check since {0}: check by hand'],
  onlineAgain: ['网络已恢复，由网关判定', 'The network is back: the gateway judges'],

  trainMissing: ['未选车次，无法核对车票', 'No train chosen: tickets cannot be looked up'],
  chooseTrain: ['选择车次', 'Choose train'],

  duty: ['作业', 'Duty'],
  dutyTitle: ['选择作业', 'Choose your duty'],
  dutyHint: ['只列出本机获准的用途。', 'Only the uses of this device are listed.'],
  entry: ['进站检票', 'Entry'], exit: ['出站检票', 'Exit'], onboard: ['车上查验', 'On board'], verify: ['实名核验', 'Identity check'],
  sale: ['售票', 'Sale'], refund: ['退票', 'Refund'], change: ['改签', 'Change'],
  train: ['车次', 'Train'],
  trainHint: ['字母和数字，如 G101。用于核对车票；留空则不核对。', 'Letters and digits, such as G101. It is needed to look up tickets; leave it empty for none.'],
  trainBad: ['车次只含字母和数字，最多8位。', 'A train has letters and digits, at most 8.'],
  begin: ['开始扫码', 'Begin to scan'],

  setupTitle: ['启用这台手持机', 'Set up this device'],
  setupText: ['这台手持机还没有启用。请向车站管理员索取启用码：一个二维码，或一段文字。', 'This device is not set up. Ask the station’s administrator for its setup code: a QR code or a text.'],
  setupSecret: ['启用码含本机凭据，只给这台机器使用，请勿拍照或转发。', 'The setup code contains the credential of this device alone. Do not photograph or forward it.'],
  setupScan: ['扫描启用码', 'Scan the setup code'],
  setupPaste: ['粘贴启用文字', 'Paste the setup text'],
  setupAim: ['请将启用码对准框内', 'Hold the setup code into the frame'],
  setupLabel: ['启用文字', 'Setup text'],
  setupDo: ['启用', 'Set up'],
  setupDone: ['已启用：{0}', 'Set up: {0}'],
  setupStop: ['不扫了', 'Stop'],
  setup_form: ['这不是启用码。', 'This is not a setup code.'],
  setup_version: ['启用码版本过新，请先更新本机页面。', 'The setup code is of a newer version: update this page first.'],
  setup_too_long: ['这段文字太长，不是启用码。', 'This text is too long for a setup code.'],
  setup_field: ['启用码内容有误（{0}）。', 'The setup code has a fault ({0}).'],
  setup_other_tab: ['已在另一个标签页打开，请关闭那一页后再试。', 'The page is open in another tab. Close that tab first.'],
  setup_uploads_waiting: ['还有扫码记录未上传，请先联网上传。', 'Some scans are not uploaded yet. Go online and upload them first.'],
  setupAsk: ['请管理员重新生成启用码。', 'Ask the administrator for a new setup code.'],

  status: ['网络与数据', 'Network and data'],
  nowOnline: ['联机核验', 'Checking online'],
  nowOffline: ['离线核验', 'Checking offline'],
  since: ['{0} 起', 'since {0}'],
  bundle: ['离线数据包', 'Offline data'],
  bundleNone: ['本机还没有离线数据包：没有网络时无法核验。联网后会自动获取。', 'This device has no offline data: it cannot check without a network. It is fetched when there is one.'],
  bundleAge: ['数据截至', 'Data as of'],
  bundleTrain: ['车票车次', 'Tickets of train'],
  bundleSize: ['大小', 'Size'],
  bundleState: ['状态', 'State'],
  state_fresh: ['最新', 'Fresh'], state_stale: ['较旧，请尽快联网', 'Old: go online soon'],
  state_expired: ['已过期，请立即联网', 'Expired: go online now'],
  state_clock_doubted: ['本机时间可疑', 'The clock is doubtful'], state_no_bundle: ['没有', 'None'],
  fetch: ['立即更新', 'Update now'], fetched: ['已更新。', 'Updated.'],
  notLasting: ['浏览器不允许本页保存数据：关闭页面后，未上传的扫码记录会丢失。请勿使用无痕窗口。',
    'The browser does not let this page store data: scans that are not uploaded are lost when it is closed. Do not use a private window.'],

  notStored: ['本机存不下新的记录：请清理存储空间；联网上传前请勿关闭本页。', 'The device cannot store new scans: free some space, and keep this page open until they are uploaded.'],
  notFetched: ['未能更新：{0}。稍后会自动重试。', 'Not updated: {0}. It is tried again.'],
  bundleRefused: ['收到的数据包不可用（{0}），仍用原有数据。请报告运维。', 'The data that arrived cannot be used ({0}). The device keeps what it has: tell operations.'],

  queue: ['上传队列', 'Uploads'],
  queueText: ['离线时的扫码记录在联网后自动上传，每条只计一次。', 'Scans that were made offline are uploaded when there is a network. Each counts once.'],
  queueEmpty: ['没有待上传的记录。', 'Nothing waits.'],
  waiting: ['待上传', 'Waiting'], oldest: ['最早一条：{0}前', 'Oldest: {0} ago'], ago: ['{0}前', '{0} ago'], refused: ['未被接受', 'Not accepted'],
  refusedText: ['网关后来判定这些扫码不能放行。旅客可能已经通过，请按车站规定处理。', 'The gateway judged later that these scans do not admit. The passengers may have passed: follow the rules of your station.'],
  upload: ['立即上传', 'Upload now'], uploading: ['正在上传…', 'Uploading…'], uploaded: ['已全部上传。', 'All uploaded.'],
  uploadStuck: ['还有 {0} 条未能上传，联网后会自动重试。', '{0} could not be uploaded. They are tried again when there is a network.'],

  conflicts: ['冲突', 'Conflicts'],
  conflictsText: ['同一证明的两次通行不应同时存在。网络恢复后才能发现，请逐条核查。', 'Two passages with one temporary ID that should not both exist. They are found when the network returns. Look at each.'],
  conflictsNone: ['没有待处理的冲突。', 'No conflict waits.'],
  doneList: ['已处理 {0} 条', 'Done: {0}'],
  serial: ['序列号', 'Serial'], here: ['本机', 'This device'], elsewhere: ['另一处', 'Another place'],
  gap: ['相隔', 'Apart'],
  conflictNext: ['请回忆或调看当时的旅客；无法确认的，把序列号报给值班员或乘警。', 'Recall or look up the passenger of that time. If in doubt, give the serial to the duty officer or the police.'],
  place_station: ['本站其他通道', 'Another gate of this station'], place_elsewhere: ['其他车站', 'Another station'], place_unknown: ['地点未知', 'Place unknown'],
  acknowledge: ['标为已处理', 'Mark as done'], acknowledged: ['{0} 已处理', 'Done {0}'], done: ['已处理', 'Done'],

  pasteTitle: ['粘贴文字核验', 'Check a pasted text'],
  pasteText: ['相机读不出时，可粘贴由扫码枪等读出的二维码全文（以 RG1: 开头）。', 'If the camera cannot read a code, paste its whole text from a scanner. It begins with RG1:.'],
  pasteLabel: ['二维码全文', 'Text of the code'],
  pasteSerial: ['这是序列号，不是二维码。它不能说明证明是否有效，不能凭它放行。', 'This is a serial, not a code. A serial proves nothing and admits nobody.'],
  pasteSerialNext: ['旅客屏幕损坏的，请引导至人工窗口或公安制证窗口。', 'If the passenger’s screen is broken, show the way to a staffed or police window.'],
  pasteEmpty: ['请先粘贴文字。', 'Paste a text first.'],
  check: ['核验', 'Check'],

  recent: ['最近核验', 'Recent checks'],
  recentText: ['只在本页打开期间保留，最多 {0} 条，不含旅客信息。', 'Kept while this page is open, at most {0}, without personal data.'],
  recentNone: ['还没有核验记录。', 'No checks yet.'],

  settings: ['设置', 'Settings'],
  sound: ['提示音', 'Sound'], volume: ['音量', 'Volume'], tryGreen: ['放行音', 'Admit'], tryAmber: ['核查音', 'Look'], tryRed: ['拒绝音', 'Refuse'],
  mute: ['静音', 'Mute'], vibrate: ['振动', 'Vibration'],
  closing: ['绿色结果自动关闭', 'Green closes by itself'],
  seconds: ['{0}秒', '{0} s'], byTap: ['点按关闭', 'By a tap'],
  hand: ['按钮位置', 'Side of the buttons'], left: ['左手', 'Left hand'], right: ['右手', 'Right hand'],
  camera: ['相机', 'Camera'], cameraAuto: ['自动（后置）', 'Automatic (at the back)'], cameraName: ['相机 {0}', 'Camera {0}'],
  device: ['本机', 'This device'], deviceName: ['终端', 'Device'], station: ['车站', 'Station'], uses: ['用途', 'Uses'],
  forget: ['停用本机', 'Retire this device'],
  forgetText: ['将清除本机的凭据、离线数据和设置。再次使用须重新启用。', 'This erases credential, offline data and settings. The device must be set up again.'],
  forgetWaiting: ['还有 {0} 条扫码记录未上传，停用后会丢失。请先联网上传。', '{0} scans are not uploaded and would be lost. Upload them first.'],
  forgetSure: ['确认停用', 'Retire it'], forgetForce: ['仍要停用，丢弃记录', 'Retire it and lose them'], cancel: ['取消', 'Cancel'],

  otherTab: ['已在另一个标签页打开', 'Open in another tab'],
  otherTabNext: ['同一台手持机只能开一页，否则记录会重复。请关闭那一页，本页会自动接上。', 'A device works in one tab only, so that no scan counts twice. Close the other tab; this one then goes on.'],

  coach: ['{0}车', 'Coach {0}'], departs: ['{0}开', 'dep. {0}'],
  next: ['下一位', 'Next'], rescan: ['重扫此码', 'Scan it again'],
  verdictLabel: ['核验结果', 'Verdict'],
  broken: ['页面未能启动', 'The page did not start'],
  brokenNext: ['请刷新页面；仍不行的，请人工核验并报告运维。', 'Reload the page. If that does not help, check by hand and tell operations.'],
  scanFailed: ['本次核验未能完成', 'This check did not finish'],
});

/**
 * Shows a text in both languages: the page's large, the other below.
 * @param {Pair} pair
 */
export function both([zh, en]) {
  const first = language() === 'zh';
  return html`<span class="main" lang=${first ? 'zh-CN' : 'en'}>${first ? zh : en}</span><span class="other" lang=${first ? 'en' : 'zh-CN'}>${first ? en : zh}</span>`;
}

/**
 * Returns the text of a pair in the page's language.
 * @param {Pair} pair
 */
export function one(pair) {
  return pair[language() === 'zh' ? 0 : 1];
}
