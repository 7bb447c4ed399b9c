package credential

import "github.com/railgate/railgate/issuance/problem"

// Problems are those of applications, credentials and staff actions on them.
var Problems problem.Table

// Problems of passengers' requests.
var (
	NameInvalid              = Problems.Add(422, "name_invalid", "The name is not valid.", "姓名填写有误。", "Correct the field and send it again.", "请更正后重新提交。")
	CityInvalid              = Problems.Add(422, "city_invalid", "The city is not valid.", "所在城市填写有误。", "Correct the field and send it again.", "请更正后重新提交。")
	DocumentTypeNotSupported = Problems.Add(422, "document_type_not_supported", "Only the PRC resident ID card qualifies for an electronic temporary ID.", "该证件无法申请临时乘车身份证明，仅支持中国居民身份证。", "Please go to the station police window.", "请到车站公安制证窗口办理。")
	DocumentNumberInvalid    = Problems.Add(422, "document_number_invalid", "The document number is not valid.", "证件号码填写有误。", "Correct the field and send it again.", "请更正后重新提交。")
	LocationMissing          = Problems.Add(422, "location_missing", "The location of the phone is required.", "申请需要获取手机定位。", "Turn on the location service, allow the Railway 12306 app to use it, and tap Relocate.", "请点击“重新定位”，同时确认手机定位服务已开启并授权铁路12306App。")
	LocationInvalid          = Problems.Add(422, "location_invalid", "The location of the phone is not valid.", "手机定位信息有误。", "Turn on the location service, allow the Railway 12306 app to use it, and tap Relocate.", "请点击“重新定位”，同时确认手机定位服务已开启并授权铁路12306App。")
	Relocate                 = Problems.Add(422, "relocate", "The city does not match the location of the phone.", "所在城市与手机定位不一致。", "Turn on the location service, allow the Railway 12306 app to use it, and tap Relocate.", "请点击“重新定位”，同时确认手机定位服务已开启并授权铁路12306App。")
	Unauthorized             = Problems.Add(401, "unauthorized", "There is no such application, or it is not yours.", "申请不存在或无权访问。", "Please open the application again and pass the face check.", "请重新打开申请页面并进行实人核验。")
	EvidenceInvalid          = Problems.Add(422, "evidence_invalid", "The face check data cannot be read.", "实人核验数据无法识别。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。")
	CheckFailed              = Problems.Add(422, "real_person_check_failed", "The face check did not pass.", "实人核验未通过。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。")
	CheckTimeout             = Problems.Add(504, "real_person_check_timeout", "The face check took too long.", "实人核验超时。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。")
	CheckUnavailable         = Problems.Add(503, "real_person_check_unavailable", "The face check is not available now.", "实人核验服务暂不可用。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。")
	CheckRequired            = Problems.Add(409, "real_person_check_required", "A new face check is needed.", "需要重新进行实人核验。", "Please pass the face check again.", "请重新进行实人核验。")
	IdentityNotConfirmed     = Problems.Add(422, "identity_not_confirmed", "Name and number do not match a resident ID card.", "姓名与证件号码不一致。", "Correct the name and the number and apply again, or go to the station police window.", "请核对姓名和证件号码后重新申请，或到车站公安制证窗口办理。")
	DocumentCancelled        = Problems.Add(422, "document_cancelled", "This resident ID card was cancelled.", "该居民身份证已注销。", "Please go to the station police window.", "请到车站公安制证窗口办理。")
	LookupUnavailable        = Problems.Add(503, "identity_lookup_unavailable", "The identity cannot be confirmed now.", "身份信息暂时无法核实。", "Please try again in a moment; the face check is good for two minutes.", "请稍后重试，实人核验结果两分钟内有效。")
	IdentifyUnavailable      = Problems.Add(503, "online_verification_unavailable", "The identity cannot be verified online now.", "暂时无法在线核验身份。", "Please try again in a moment, or go to a station window or a ticket agency with the original document.", "请稍后重试，或持证件原件到车站窗口或代售点办理。")
	QuotaExceeded            = Problems.Add(409, "quota_exceeded", "Three temporary IDs were issued to you this month.", "您本月已申请3次电子临时乘车身份证明。", "Please have a paper proof made at the station police window.", "请到车站公安制证窗口办理纸质临时乘车身份证明。")
	RenewalTooEarly          = Problems.Add(409, "renewal_too_early", "Your temporary ID is still valid.", "您的电子临时乘车身份证明尚在有效期内。", "Please show it. You can apply for a new one in its last 3 hours.", "请直接出示；到期前3小时内可再次申请。")
	ApplicationRefused       = Problems.Add(409, "application_refused", "This application was refused.", "该申请未通过。", "Please apply again, or go to the station police window.", "请重新申请，或到车站公安制证窗口办理。")
	ApplicationExpired       = Problems.Add(409, "application_expired", "This application waited too long for its face check.", "该申请因未在规定时间内完成实人核验，已失效。", "Please apply again.", "请重新申请。")
	NotApproved              = Problems.Add(409, "not_approved", "The application is not approved yet.", "申请尚未通过。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。")
	CredentialExpired        = Problems.Add(409, "credential_expired", "The 24 hours of this temporary ID are over.", "电子临时乘车身份证明已过24小时有效期。", "Please apply again, or use the staffed channel.", "请重新申请，或走人工通道。")
	CredentialRevoked        = Problems.Add(409, "credential_revoked", "This temporary ID was withdrawn.", "该证明已被撤销。", "Please apply again, or go to the station police window.", "请重新申请，或到车站公安制证窗口办理。")
	CredentialSuperseded     = Problems.Add(409, "credential_superseded", "A newer temporary ID replaced this one.", "该证明已被新申请的证明取代。", "Please show the newer one.", "请出示最新申请的证明。")
	ModeInvalid              = Problems.Add(422, "mode_invalid", "The mode of the session is not valid.", "展示方式有误。", "", "")
	AnchorInvalid            = Problems.Add(422, "anchor_invalid", "The anchor of the session is not valid.", "展示参数有误。", "", "")
	IssuingSuspended         = Problems.Add(503, "issuing_suspended", "No code can be issued now.", "暂时无法生成二维码。", "Please go to the station police window.", "请到车站公安制证窗口办理。")
	SessionNotFound          = Problems.Add(404, "session_not_found", "There is no such session.", "未查询到该二维码的展示记录。", "Please pass the face check again.", "请重新进行实人核验。")
	SessionNotHosted         = Problems.Add(409, "session_not_hosted", "The codes of this session are made on the phone.", "该二维码由手机端生成。", "", "")
	SessionOver              = Problems.Add(410, "session_over", "The code was shown for 30 minutes.", "二维码展示已满30分钟。", "Please pass the face check again.", "请重新进行实人核验。")
	SessionClosed            = Problems.Add(410, "session_closed", "The display of this code has ended.", "本次二维码展示已结束。", "Please pass the face check again.", "请重新进行实人核验。")
)

// Problems of staff requests.
var (
	CredentialNotFound = Problems.Add(404, "credential_not_found", "No temporary ID has this serial.", "未查询到该编号对应的证明。", "", "")
	ReasonInvalid      = Problems.Add(422, "reason_invalid", "The reason is not valid.", "原因填写有误。", "", "")
	// CodeRefused: a scanned code was refused; its reason is the verdict's.
	CodeRefused    = Problems.Add(422, "code_refused", "This code is not accepted.", "该二维码未通过核验。", "Ask the passenger to follow the text, or check the original document.", "请旅客按提示操作，或查验证件原件。")
	PurposeInvalid = Problems.Add(422, "purpose_invalid", "The purpose is not valid.", "用途填写有误。", "Correct the field and send it again.", "请更正后重新提交。")
	AmnestyInvalid = Problems.Add(422, "amnesty_invalid", "The amnesty is not valid.", "放行时段填写有误。", "Correct the field that the detail names and send it again.", "请更正提示中指出的内容后重新提交。")
	// AmnestiesFull: gateways have no room for more.
	AmnestiesFull   = Problems.Add(409, "amnesties_full", "There are too many amnesties.", "放行时段过多。", "Ask the operator for an amnesty at every station.", "请联系系统管理员设置全部车站的放行时段。")
	AmnestyNotFound = Problems.Add(404, "amnesty_not_found", "There is no such amnesty, or it is over.", "未查询到该放行时段，或该时段已结束。", "Read the list of amnesties again.", "请重新查询放行时段列表。")
	SubjectsInvalid = Problems.Add(422, "subjects_invalid", "The list of persons is not valid.", "人员列表有误。", "Correct the entry that the detail names and send the list again.", "请更正提示中指出的条目后重新提交。")
)
