/**
 * The names of the audit log's actions and objects, and the texts of its views.
 * @module
 */

import { texts } from '../../ui/language.js';

const actions = /** @type {const} */ ({
  verify_resident: ['核验居民身份证', 'Verify a resident ID card'],
  verify_rare_name: ['核验生僻姓名', 'Verify a rare name'],
  pre_verify: ['核验其他证件', 'Check another document'],
  verify_delegated: ['代办核验', 'Verify for a delegate'],
  resolve_duplicate: ['处理身份被占用', 'Resolve a duplicate identity'],
  correct_identity: ['更正身份信息', 'Correct an identity'],
  exchange_ticket: ['换票', 'Exchange a ticket'],
  change_ticket: ['改签', 'Change a ticket'],
  refund_ticket: ['退票', 'Refund a ticket'],
  revoke: ['撤销证明', 'Revoke'],
  unrevoke: ['恢复证明', 'Unrevoke'],
  issue_paper_proof: ['登记纸质证明', 'Record a paper proof'],
  look_up_credential: ['查询证明', 'Look up a temporary ID'],
  read_object_audit_log: ['读取对象的审计日志', 'Read the audit log of an object'],
  forgive: ['再次放行', 'Forgive passages'],
  declare_amnesty: ['设置放行时段', 'Declare an amnesty'],
  declare_amnesty_everywhere: ['设置全部车站放行', 'Declare an amnesty everywhere'],
  end_amnesty: ['提前结束放行时段', 'End an amnesty'],
  end_amnesty_everywhere: ['提前结束全部放行', 'End an amnesty everywhere'],
  list_amnesties: ['查看放行时段', 'List amnesties'],
  identify: ['扫码核对身份', 'Identify by code'],
  read_audit_log: ['读取审计日志', 'Read the audit log'],
  verify_audit_log: ['验证审计日志', 'Verify the audit log'],
  archive_audit_log: ['归档审计日志', 'Archive the audit log'],
  list_keys: ['查看密钥', 'List keys'],
  read_streams: ['查看控制流', 'Read the streams'],
  generate_key: ['创建签发密钥', 'Generate a key'],
  announce_key: ['公布签发密钥', 'Announce a key'],
  use_key_from: ['启用签发密钥', 'Activate a key'],
  deactivate_key: ['停用签发密钥', 'Deactivate a key'],
  retire_key: ['退役签发密钥', 'Retire a key'],
  distrust_key: ['停止信任密钥', 'Distrust a key'],
  cut_off_key: ['停止信任密钥', 'Distrust a key'],
  revoke_subject: ['撤销主体', 'Revoke a subject'],
  announce_gateway: ['公布网关密钥', 'Announce a gateway'],
  withdraw_gateway: ['撤回网关密钥', 'Withdraw a gateway'],
  new_field_key: ['创建字段密钥', 'New field key'],
  re_encrypt: ['重新加密', 'Re-encrypt'],
  drop_field_key: ['删除字段密钥', 'Drop a field key'],
  backup: ['备份', 'Back up'],
  restore: ['恢复备份', 'Restore'],
  republish: ['重新发布', 'Republish'],
  erase: ['删除到期数据', 'Erase'],
  clear_lockout: ['解除锁定', 'Clear a lockout'],
  verify_online: ['人证核验', 'Verify online'],
  reset_password: ['重置密码', 'Reset a password'],
  ask_decision: ['查询购票许可', 'Ask for a decision'],
  report_ticket: ['上报车票', 'Report a ticket'],
  derive_subjects: ['查询主体标识', 'Derive subjects'],
  redeem_account_code: ['兑换账户码', 'Redeem an account code'],
  settle_foreign: ['登记外籍证件结果', 'Settle a foreign document'],
});

const kinds = /** @type {const} */ ({
  credential: ['证明', 'temporary ID'],
  application: ['申请', 'application'],
  account: ['账户', 'account'],
  passenger: ['乘车人', 'passenger'],
  ticket: ['车票', 'ticket'],
  key: ['签发密钥', 'issuer key'],
  gateway: ['网关', 'gateway'],
  station: ['车站', 'station'],
  subject: ['主体', 'subject'],
  stream: ['控制流', 'stream'],
  audit_log: ['审计日志', 'audit log'],
  lock: ['锁定', 'lockout'],
  paper_proof: ['纸质证明', 'paper proof'],
  database: ['数据库', 'database'],
});

const action = texts(actions);
const kind = texts(kinds);

/** The kinds of objects, for a choice. */
export const KINDS = /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds));

/**
 * Returns the name of an action; one that this page does not know keeps its word.
 * @param {string} word
 */
export function actionName(word) {
  return word in actions ? action(/** @type {keyof typeof actions} */ (word)) : word;
}

/**
 * Returns the name of a kind of objects.
 * @param {string} word
 */
export function kindName(word) {
  return word in kinds ? kind(/** @type {keyof typeof kinds} */ (word)) : word;
}

const reasons = /** @type {const} */ ({
  lost_phone: ['手机丢失', 'phone lost'],
  fraud: ['冒用或造假', 'fraud'],
  superseded: ['已换发新证明', 'superseded'],
  staff: ['工作人员决定', 'decision of staff'],
  gate_fault: ['闸机故障', 'gate fault'],
  wrong_gate: ['走错闸机', 'wrong gate'],
  quota_used_up: ['本月次数已用完', 'quota used up'],
  not_approved: ['未获批准', 'not approved'],
  document_not_supported: ['证件类型不支持', 'document not supported'],
  no_phone: ['没有可用的手机', 'no phone'],
});

const reason = texts(reasons);

/**
 * Returns a detail as people read it: a reason by its name, other details as they are.
 * @param {string} detail
 */
export function detailName(detail) {
  return detail in reasons ? reason(/** @type {keyof typeof reasons} */ (detail)) : detail;
}

export const t = texts({
  group: ['系统', 'System'],
  audit: ['审计日志', 'Audit log'],
  auditAbout: ['谁在何时做了什么', 'Who did what, and when'],
  auditNote: ['每次读取都记入审计日志。日志不含旅客姓名和证件号码。', 'Every reading is recorded itself. The log has no names or document numbers.'],
  fromTime: ['起始时间（北京时间）', 'From (Beijing time)'],
  toTime: ['截止时间（北京时间）', 'Before (Beijing time)'],
  objectKind: ['对象', 'Object'],
  anyObject: ['全部', 'All'],
  objectId: ['对象编号', 'Id of the object'],
  objectHint: ['例如证明的序列号 20494-17。不要输入证件号码。', 'Such as the serial 20494-17. Never a document number.'],
  objectMissing: ['请填写对象编号。', 'Enter the id.'],
  objectForm: ['编号只能包含字母、数字和 _ . : -，最多 64 个。', 'An id has at most 64 letters, digits and _ . : -'],
  objectNeeded: ['本岗位只能查询单个对象的记录。', 'This post may read the entries of one object only.'],
  rangeWrong: ['截止时间须晚于起始时间。', 'The end must be after the beginning.'],
  search: ['查询', 'Search'],
  none: ['没有符合条件的记录。', 'No entry matches.'],
  time: ['时间', 'Time'],
  who: ['岗位', 'Who'],
  action: ['操作', 'Action'],
  detail: ['说明', 'Detail'],
  place: ['链位', 'Position'],
  unchained: ['待入链', 'not chained yet'],
  program: ['系统', 'System'],
  older: ['更早的记录', 'Older entries'],
  shown: ['已显示 {0} 条', '{0} entries'],
  thatIsAll: ['已显示全部 {0} 条', 'All {0} entries'],
  save: ['导出已显示的记录', 'Export what is shown'],
  saveAll: ['导出全部', 'Export all'],
  saving: ['正在读取… {0} 条', 'Reading… {0}'],
  saveStop: ['停止', 'Stop'],
  saveLimit: ['一次最多导出 {0} 条，其余请缩小时间范围后再导出。', 'An export has at most {0} entries: narrow the time for the others.'],

  chain: ['验证审计链', 'Verify the audit log'],
  chainAbout: ['检查日志是否完整、未被改动', 'Check that the log is complete and unchanged'],
  chainWhat: [
    '签发服务用密钥逐条验证哈希链，本页再核对每一条在传输中是否缺失、调换或改动，并与另存的锚点比对。',
    'The issuer verifies each entry of the hash chain with its key. This page verifies that none was lost, moved or changed on the way, and compares the anchors that were stored elsewhere.',
  ],
  anchors: ['另存的锚点', 'Stored anchors'],
  anchorsHint: [
    '可粘贴签发服务日志中的 audit anchor 行，或“位置:哈希”。有锚点才能发现整条链被重建或末尾被截断。',
    'Paste lines “audit anchor” of the issuer’s log, or POSITION:HASH. Only anchors reveal a chain that was rebuilt or cut short.',
  ],
  anchorsWrong: ['没有识别出锚点。', 'No anchor was found in the text.'],
  anchorOwn: ['本机上次验证到第 {0} 条', 'This machine verified up to {0} before'],
  verify: ['开始验证', 'Verify'],
  verifying: ['正在验证… 第 {0} / {1} 条', 'Verifying… {0} of {1}'],
  halt: ['停止', 'Stop'],
  halted: ['已停止，验证到第 {0} 条', 'Stopped at {0}'],
  lost: ['网络中断，验证到第 {0} 条', 'No network; verified up to {0}'],
  goOn: ['继续', 'Continue'],
  whole: ['链完整：第 {0} 至 {1} 条', 'The chain is complete: {0} to {1}'],
  wholeEmpty: ['链中还没有记录', 'The chain has no entries'],
  wholeWith: ['与 {0} 个锚点一致', '{0} anchors confirmed'],
  wholeAlone: ['没有锚点可比对：末尾被截断或整条重建无法发现。', 'No anchor was compared: a chain that was cut short or rebuilt would not be noticed.'],
  archived: ['第 {0} 条及以前已归档，不在本次验证内。', 'Entries up to {0} are archived and were not verified here.'],
  uncheckedAnchors: ['{0} 个锚点在归档部分，请用归档文件核对。', '{0} anchors belong to archived entries: compare them with the archive.'],
  open: ['另有 {0} 条待入链，约 1 秒内完成。', '{0} more are chained within about a second.'],
  newAnchor: ['本次的锚点，请另存', 'The anchor of this verification, to store elsewhere'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  broken: ['审计链从第 {0} 条起有误', 'The chain is wrong from entry {0}'],
  brokenRange: ['第 {0} 至 {1} 条之间有误', 'Entries {0} to {1} may be wrong'],
  brokenBefore: ['此前的 {0} 条有效；此后的记录不能证明真实。', 'The {0} entries before it are valid. Later ones are unproven.'],
  brokenNext: [
    '请先备份数据库并保存锚点，再查明谁能写入数据库；不要删除任何记录。',
    'First copy the database and the anchors. Then find out who can write the database. Delete nothing.',
  ],
  brokenWay: [
    '若重新验证后消失，则是传输途中的问题：请检查代理服务器。',
    'If it does not appear again, the fault was on the way: check the proxies.',
  ],
  issuer: ['签发服务发现：{0}', 'Found by the issuer: {0}'],
  digest: ['这一条的内容与其摘要不符：在传输途中被改动。', 'The entry differs from its digest: it was changed on the way.'],
  gap: ['缺少这一条，或顺序被调换。', 'The entry is missing, or out of order.'],
  joint: ['前后两部分不相接：验证期间链被改动，或答复被替换。', 'Two parts do not join: the chain changed meanwhile, or an answer was replaced.'],
  head: ['链的末尾与链头不符：缺少记录。', 'The chain does not end at its head: entries are missing.'],
  anchor: ['与锚点不符：链被重建，或属于另一个数据库。', 'It differs from an anchor: the chain was rebuilt, or belongs to another database.'],
  short: ['链短于锚点：末尾的记录被删除。', 'It ends before an anchor: its tail was removed.'],
  again: ['重新验证', 'Verify again'],
});
