package api

import "github.com/railgate/railgate/issuance/refusal"

// Codes of the transport; those of the rules stand beside the rules.
const (
	BodyMalformed    refusal.Code = "body_malformed"
	BodyTooLarge     refusal.Code = "body_too_large"
	HeadersTooLarge  refusal.Code = "headers_too_large"
	BodySlow         refusal.Code = "body_timeout"
	MediaType        refusal.Code = "media_type_not_supported"
	QueryMalformed   refusal.Code = "query_malformed"
	NotFound         refusal.Code = "not_found"
	MethodNotAllowed refusal.Code = "method_not_allowed"
	Overloaded       refusal.Code = "overloaded"
	Unavailable      refusal.Code = "temporarily_unavailable"
	Internal         refusal.Code = "internal_error"
)

// words has the texts of the transport's codes.
var words = map[refusal.Code]refusal.Text{
	BodyMalformed:    refusal.Say("The request cannot be read.", "请求格式有误。", "", ""),
	HeadersTooLarge:  refusal.Say("The headers of the request are too large.", "请求头过大。", "", ""),
	BodyTooLarge:     refusal.Say("The request is too large.", "请求内容过大。", "", ""),
	BodySlow:         refusal.Say("The request did not arrive in time.", "请求内容未能及时送达。", "Please check the network and try again.", "请检查网络后重试。"),
	MediaType:        refusal.Say("The request must be JSON.", "请求必须为 JSON 格式。", "", ""),
	QueryMalformed:   refusal.Say("The query in the address cannot be read.", "请求地址中的查询参数有误。", "", ""),
	NotFound:         refusal.Say("There is nothing here.", "请求的地址不存在。", "", ""),
	MethodNotAllowed: refusal.Say("This method is not supported here.", "不支持该请求方法。", "", ""),
	Overloaded:       refusal.Say("The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。"),
	Unavailable:      refusal.Say("The service is not available now.", "服务暂不可用。", "Please try again in a moment.", "请稍后重试。"),
	Internal:         refusal.Say("The service has a fault.", "系统故障。", "Please try again later, or go to the station police window.", "请稍后重试，或到车站公安制证窗口办理。"),
}
