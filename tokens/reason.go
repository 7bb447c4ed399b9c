package tokens

// Reason is the verdict of a check, out of a closed list. The zero value denies, so
// a missing assignment admits no code. Code and class together identify a reason: one
// code, already_used, has two classes.
type Reason uint8

// The closed list of reasons. The list may grow; no code changes its meaning.
const (
	ReasonInternal          Reason = iota // the gateway failed; denies
	ReasonOK                              // the only reason that admits
	ReasonMalformed                       // not a code of this system
	ReasonVersion                         // a code of an unknown version
	ReasonUnknownKey                      // signed by a key that this gate does not have
	ReasonKeyRetired                      // the session starts at the key's cutoff or later
	ReasonNotYet                          // the session starts in the future
	ReasonCredentialExpired               // the 24 h are over
	ReasonSessionOver                     // the 30 min are over
	ReasonStale                           // a step before the window
	ReasonAhead                           // a step after the window
	ReasonScope                           // the credential is not valid for this scope
	ReasonRevoked                         // revoked by the issuer
	ReasonSessionClosed                   // the holder logged out or closed the page (rule A12)
	ReasonLink                            // the link does not lead to the anchor
	ReasonSignature                       // the key did not sign this pass
	ReasonNoData                          // the gateway has no revocation data yet
	ReasonStaleData                       // the gateway's revocation data is too old
	ReasonScanTime                        // the time of the scan is in the future or too long ago
	ReasonUsed                            // the code, or an earlier one of the credential, has already passed
	ReasonUsedElsewhere                   // the same, and another place admitted it sooner than anyone can walk
	ReasonNoTicket                        // no booking for this station or train
	ReasonTooEarly                        // the gates for the booked train open later
	ReasonDeparted                        // the booked train has left
	ReasonNoPassages                      // the gateway does not know the passages of other gateways, or its table is full
	ReasonNoBookings                      // the gateway has no usable booking data
	reasonCount
)

// Class says which party can act on a verdict.
type Class uint8

// The classes.
const (
	ClassVerifier  Class = iota // the gateway cannot check the code: use the staffed channel
	ClassOK                     // admitted
	ClassPassenger              // the passenger can act, on the phone or at a window
	ClassFraud                  // the code was forged or altered, or two people use it
	ClassIssuer                 // the issuer caused the refusal
)

var classNames = [...]string{"verifier", "ok", "passenger", "fraud", "issuer"}

func (c Class) String() string { return classNames[c] }

type reasonInfo struct {
	code   string
	class  Class
	en, zh string // text for the passenger, with the next step (rule A14)
}

var reasons = [reasonCount]reasonInfo{
	ReasonInternal:          {"internal_error", ClassVerifier, "This gate has a fault. Please use the staffed channel.", "本通道设备故障，请走人工通道。"},
	ReasonOK:                {"ok", ClassOK, "Please pass.", "请通行。"},
	ReasonMalformed:         {"malformed", ClassPassenger, "This is not an electronic temporary ID. Please open it in the railway app and scan again.", "未识别到电子临时乘车身份证明，请在铁路客户端打开后重新扫码。"},
	ReasonVersion:           {"unsupported_version", ClassVerifier, "This gate cannot read this version of the code. Please use the staffed channel.", "本通道暂不支持该版本的二维码，请走人工通道。"},
	ReasonUnknownKey:        {"unknown_key", ClassVerifier, "This gate cannot check this code. Please use the staffed channel.", "本通道无法核验该二维码，请走人工通道。"},
	ReasonKeyRetired:        {"key_retired", ClassIssuer, "This code is no longer accepted through no fault of yours. Please pass the face check again in the app.", "因系统原因，该二维码已停用，请在客户端重新进行实人核验。"},
	ReasonNotYet:            {"not_yet_valid", ClassVerifier, "This code is not valid yet. Please wait a moment and scan again.", "二维码尚未生效，请稍后重新扫码。"},
	ReasonCredentialExpired: {"credential_expired", ClassPassenger, "The 24 hours of this temporary ID are over. Please apply again, or use the staffed channel.", "电子临时乘车身份证明已过24小时有效期，请重新申请或走人工通道。"},
	ReasonSessionOver:       {"session_over", ClassPassenger, "The code was shown for 30 minutes. Please pass the face check again in the app.", "二维码展示已满30分钟，请在客户端重新进行实人核验。"},
	ReasonStale:             {"code_stale", ClassPassenger, "This code is out of date. Please tap refresh and scan again.", "二维码已过期，请刷新后重新扫码。"},
	ReasonAhead:             {"code_ahead", ClassVerifier, "The clocks of the phone and the gate differ. Please tap refresh and scan again.", "手机时间与本通道不一致，请刷新二维码后重新扫码。"},
	ReasonScope:             {"wrong_scope", ClassPassenger, "This temporary ID is not valid for this use. Please ask at a station window.", "该证明不适用于当前业务，请到车站窗口咨询。"},
	ReasonRevoked:           {"revoked", ClassPassenger, "This temporary ID was withdrawn. Please show your newest one, or go to the station police window.", "该证明已被撤销，请出示最新申请的证明，或到车站公安制证窗口办理。"},
	ReasonSessionClosed:     {"session_closed", ClassPassenger, "This code's page was closed, or the account was logged out. Please pass the face check again in the app.", "二维码页面已关闭或账号已退出登录，请在客户端重新进行实人核验。"},
	ReasonLink:              {"link_mismatch", ClassFraud, "This code is not genuine. Please see the staff.", "二维码核验未通过，请联系工作人员。"},
	ReasonSignature:         {"bad_signature", ClassFraud, "This code is not genuine. Please see the staff.", "二维码核验未通过，请联系工作人员。"},
	ReasonNoData:            {"no_revocation_data", ClassVerifier, "This gate is starting. Please use the staffed channel.", "本通道正在启动，请走人工通道。"},
	ReasonStaleData:         {"stale_revocation_data", ClassVerifier, "This gate is cut off from the network. Please use the staffed channel.", "本通道网络中断，请走人工通道。"},
	ReasonScanTime:          {"scan_time_refused", ClassVerifier, "The device's clock is wrong, or this scan is too old to be checked. Please use the staffed channel.", "设备时间有误或扫码记录已超时，无法核验，请走人工通道。"},
	ReasonUsed:              {"already_used", ClassPassenger, "This code has already been used. If you have not passed, please see the staff.", "该二维码已使用过，如您尚未通过，请联系工作人员。"},
	ReasonUsedElsewhere:     {"already_used", ClassFraud, "This code has already been used at another place. Please see the staff.", "该二维码已在其他地点使用过，请联系工作人员。"},
	ReasonNoTicket:          {"no_ticket", ClassPassenger, "No ticket for this station was found under this temporary ID. Please check your booking in the app, or go to a ticket window.", "未查询到您在本站的车票，请在客户端核对订单，或到售票窗口办理。"},
	ReasonTooEarly:          {"too_early", ClassPassenger, "The gates for your train are not open yet. Please scan again when check-in begins.", "您乘坐的车次尚未开始检票，请在开始检票后重新扫码。"},
	ReasonDeparted:          {"train_departed", ClassPassenger, "Your train has left. Please change your ticket in the app or at a ticket window.", "您乘坐的车次已开出，请在客户端或到售票窗口办理改签。"},
	ReasonNoPassages:        {"no_passage_data", ClassVerifier, "This gate cannot check whether the code was used before. Please use the staffed channel.", "本通道暂无法核验该二维码是否已使用，请走人工通道。"},
	ReasonNoBookings:        {"no_booking_data", ClassVerifier, "This gate cannot look up tickets now. Please use the staffed channel.", "本通道暂无法核验车票，请走人工通道。"},
}

// Reasons returns all reasons, in the order of their constants.
func Reasons() []Reason {
	all := make([]Reason, reasonCount)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// String returns the stable code of the reason.
func (r Reason) String() string { return reasons[r].code }

// Class returns the class of the reason.
func (r Reason) Class() Class { return reasons[r].class }

// Text returns the text for the passenger, with the next step, in English and Chinese.
func (r Reason) Text() (en, zh string) { return reasons[r].en, reasons[r].zh }
