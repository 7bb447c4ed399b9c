package issuance

import "github.com/railgate/railgate/issuance/refusal"

// Words has the text of each code.
var Words = map[refusal.Code]refusal.Text{
	NameInvalid:              refusal.Say("The name is not valid.", "姓名填写有误。", "Correct the field and send it again.", "请更正后重新提交。"),
	CityInvalid:              refusal.Say("The city is not valid.", "所在城市填写有误。", "Correct the field and send it again.", "请更正后重新提交。"),
	DocumentTypeNotSupported: refusal.Say("Only the PRC resident ID card qualifies for an electronic temporary ID.", "该证件无法申请临时乘车身份证明，仅支持中国居民身份证。", "Please go to the station police window.", "请到车站公安制证窗口办理。"),
	DocumentNumberInvalid:    refusal.Say("The document number is not valid.", "证件号码填写有误。", "Correct the field and send it again.", "请更正后重新提交。"),
	LocationMissing:          refusal.Say("The location of the phone is required.", "申请需要获取手机定位。", "Allow the app to use the location and tap relocate.", "请允许客户端使用定位权限，然后点击重新定位。"),
	LocationInvalid:          refusal.Say("The location of the phone is not valid.", "手机定位信息有误。", "Allow the app to use the location and tap relocate.", "请允许客户端使用定位权限，然后点击重新定位。"),
	Unauthorized:             refusal.Say("There is no such application, or it is not yours.", "申请不存在或无权访问。", "Please open the application again and pass the face check.", "请重新打开申请页面并进行实人核验。"),
	EvidenceInvalid:          refusal.Say("The face check data cannot be read.", "实人核验数据无法识别。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"),
	CheckFailed:              refusal.Say("The face check did not pass.", "实人核验未通过。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"),
	CheckTimeout:             refusal.Say("The face check took too long.", "实人核验超时。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"),
	CheckUnavailable:         refusal.Say("The face check is not available now.", "实人核验服务暂不可用。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"),
	CheckRequired:            refusal.Say("A new face check is needed.", "需要重新进行实人核验。", "Please pass the face check again.", "请重新进行实人核验。"),
	NotApproved:              refusal.Say("The application is not approved yet.", "申请尚未通过。", "Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"),
	CredentialExpired:        refusal.Say("The 24 hours of this temporary ID are over.", "电子临时乘车身份证明已过24小时有效期。", "Please apply again, or use the staffed channel.", "请重新申请，或走人工通道。"),
	CredentialRevoked:        refusal.Say("This temporary ID was withdrawn.", "该证明已被撤销。", "Please apply again, or go to the station police window.", "请重新申请，或到车站公安制证窗口办理。"),
	ModeInvalid:              refusal.Say("The mode of the session is not valid.", "展示方式有误。", "", ""),
	AnchorInvalid:            refusal.Say("The anchor of the session is not valid.", "展示参数有误。", "", ""),
	IssuingSuspended:         refusal.Say("No code can be issued now.", "暂时无法签发二维码。", "Please go to the station police window.", "请到车站公安制证窗口办理。"),
	SessionNotFound:          refusal.Say("There is no such session.", "展示会话不存在。", "Please pass the face check again.", "请重新进行实人核验。"),
	SessionNotHosted:         refusal.Say("The codes of this session are made on the phone.", "该会话的二维码由手机生成。", "", ""),
	SessionOver:              refusal.Say("The code was shown for 30 minutes.", "二维码展示已满30分钟。", "Please pass the face check again.", "请重新进行实人核验。"),
	CredentialNotFound:       refusal.Say("No temporary ID has this serial.", "没有该编号的证明。", "", ""),
	ReasonInvalid:            refusal.Say("The reason is not valid.", "原因填写有误。", "", ""),
	IdentityNotConfirmed:     refusal.Say("Name and number do not match a resident ID card.", "姓名与证件号码不一致。", "Correct the name and the number and apply again, or go to the station police window.", "请核对姓名和证件号码后重新申请，或到车站公安制证窗口办理。"),
	DocumentCancelled:        refusal.Say("This resident ID card was cancelled.", "该居民身份证已注销。", "Please go to the station police window.", "请到车站公安制证窗口办理。"),
	LookupUnavailable:        refusal.Say("The identity cannot be confirmed now.", "身份信息暂时无法核实。", "Please try again in a moment; the face check is good for two minutes.", "请稍后重试，实人核验结果两分钟内有效。"),
	QuotaExceeded:            refusal.Say("Three temporary IDs were issued to you this month.", "您本月已申请3次电子临时乘车身份证明。", "Please have a paper proof made at the station police window.", "请到车站公安制证窗口办理纸质临时身份证明。"),
	RenewalTooEarly:          refusal.Say("Your temporary ID is still in force.", "您的电子临时乘车身份证明尚在有效期内。", "Show it; a new one can be had from 3 hours before it ends.", "请直接出示；到期前3小时内可再次申请。"),
	ApplicationRefused:       refusal.Say("This application was refused.", "该申请未通过。", "Please apply again, or go to the station police window.", "请重新申请，或到车站公安制证窗口办理。"),
	ApplicationExpired:       refusal.Say("This application waited too long for its face check.", "该申请超时未完成实人核验。", "Please apply again.", "请重新申请。"),
	CredentialSuperseded:     refusal.Say("A newer temporary ID took the place of this one.", "该证明已被新申请的证明取代。", "Please show the newer one.", "请出示最新申请的证明。"),
	SessionClosed:            refusal.Say("This display of the code was ended.", "该二维码展示已结束。", "Please pass the face check again.", "请重新进行实人核验。"),
}
