package api

import (
	"net/http"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/refusal"
)

// info is what a code means: its status, what to tell the passenger or the
// staff, and what to do next (rule A14), where there is something to do.
type info struct {
	status int
	text   words
	next   words
}

// What the passenger can do, used by several codes.
var (
	nextCorrect   = words{"Correct the field and send it again.", "请更正后重新提交。"}
	nextWindow    = words{"Please go to the station police window.", "请到车站公安制证窗口办理。"}
	nextRetry     = words{"Please try again in a moment.", "请稍后重试。"}
	nextApply     = words{"Please apply again, or use the staffed channel.", "请重新申请，或走人工通道。"}
	nextFace      = words{"Please pass the face check again.", "请重新进行实人核验。"}
	nextFaceOrGo  = words{"Please try the face check again, or go to the station police window.", "请重新进行实人核验，或到车站公安制证窗口办理。"}
	nextPermit    = words{"Allow the app to use the location and tap relocate.", "请允许客户端使用定位权限，然后点击重新定位。"}
	nextStartOver = words{"Please open the application again and pass the face check.", "请重新打开申请页面并进行实人核验。"}
)

// table is the one place where codes become HTTP and words.
var table = map[refusal.Code]info{
	issuance.NameInvalid:              {http.StatusUnprocessableEntity, words{"The name is not valid.", "姓名填写有误。"}, nextCorrect},
	issuance.CityInvalid:              {http.StatusUnprocessableEntity, words{"The city is not valid.", "所在城市填写有误。"}, nextCorrect},
	issuance.DocumentTypeNotSupported: {http.StatusUnprocessableEntity, words{"Only the PRC resident ID card qualifies for an electronic temporary ID.", "仅中华人民共和国居民身份证可申请电子临时乘车身份证明。"}, nextWindow},
	issuance.DocumentNumberInvalid:    {http.StatusUnprocessableEntity, words{"The document number is not valid.", "证件号码填写有误。"}, nextCorrect},
	issuance.LocationMissing:          {http.StatusUnprocessableEntity, words{"The location of the phone is required.", "申请需要获取手机定位。"}, nextPermit},
	issuance.LocationInvalid:          {http.StatusUnprocessableEntity, words{"The location of the phone is not valid.", "手机定位信息有误。"}, nextPermit},
	issuance.Unauthorized:             {http.StatusUnauthorized, words{"There is no such application, or it is not yours.", "申请不存在或无权访问。"}, nextStartOver},
	issuance.EvidenceInvalid:          {http.StatusUnprocessableEntity, words{"The face check data cannot be read.", "实人核验数据无法识别。"}, nextFaceOrGo},
	issuance.CheckFailed:              {http.StatusUnprocessableEntity, words{"The face check did not pass.", "实人核验未通过。"}, nextFaceOrGo},
	issuance.CheckTimeout:             {http.StatusGatewayTimeout, words{"The face check took too long.", "实人核验超时。"}, nextFaceOrGo},
	issuance.CheckUnavailable:         {http.StatusServiceUnavailable, words{"The face check is not available now.", "实人核验服务暂不可用。"}, nextFaceOrGo},
	issuance.CheckRequired:            {http.StatusConflict, words{"A new face check is needed.", "需要重新进行实人核验。"}, nextFace},
	issuance.NotApproved:              {http.StatusConflict, words{"The application is not approved yet.", "申请尚未通过。"}, nextFaceOrGo},
	issuance.CredentialExpired:        {http.StatusConflict, words{"The 24 hours of this temporary ID are over.", "电子临时乘车身份证明已过24小时有效期。"}, nextApply},
	issuance.CredentialRevoked:        {http.StatusConflict, words{"This temporary ID was withdrawn.", "该证明已被撤销。"}, words{"Please apply again, or go to the station police window.", "请重新申请，或到车站公安制证窗口办理。"}},
	issuance.ModeInvalid:              {http.StatusUnprocessableEntity, words{"The mode of the session is not valid.", "展示方式有误。"}, words{}},
	issuance.AnchorInvalid:            {http.StatusUnprocessableEntity, words{"The anchor of the session is not valid.", "展示参数有误。"}, words{}},
	issuance.IssuingSuspended:         {http.StatusServiceUnavailable, words{"No code can be issued now.", "暂时无法签发二维码。"}, nextWindow},
	issuance.SessionNotFound:          {http.StatusNotFound, words{"There is no such session.", "展示会话不存在。"}, nextFace},
	issuance.SessionNotHosted:         {http.StatusConflict, words{"The codes of this session are made on the phone.", "该会话的二维码由手机生成。"}, words{}},
	issuance.SessionOver:              {http.StatusGone, words{"The code was shown for 30 minutes.", "二维码展示已满30分钟。"}, nextFace},
	issuance.CredentialNotFound:       {http.StatusNotFound, words{"No temporary ID has this serial.", "没有该编号的证明。"}, words{}},
	issuance.ReasonInvalid:            {http.StatusUnprocessableEntity, words{"The reason is not valid.", "撤销原因有误。"}, words{}},

	BodyMalformed:    {http.StatusBadRequest, words{"The request cannot be read.", "请求格式有误。"}, words{}},
	BodyTooLarge:     {http.StatusRequestEntityTooLarge, words{"The request is too large.", "请求内容过大。"}, words{}},
	MediaType:        {http.StatusUnsupportedMediaType, words{"The request must be JSON.", "请求必须为 JSON 格式。"}, words{}},
	StaffUnknown:     {http.StatusUnauthorized, words{"A staff credential is required.", "需要工作人员凭证。"}, words{}},
	NotFound:         {http.StatusNotFound, words{"There is nothing here.", "请求的地址不存在。"}, words{}},
	MethodNotAllowed: {http.StatusMethodNotAllowed, words{"This method is not supported here.", "不支持该请求方法。"}, words{}},
	Overloaded:       {http.StatusServiceUnavailable, words{"The service is busy.", "系统繁忙。"}, nextRetry},
	Internal:         {http.StatusInternalServerError, words{"The service has a fault.", "系统故障。"}, words{"Please try again later, or go to the station police window.", "请稍后重试，或到车站公安制证窗口办理。"}},
}
