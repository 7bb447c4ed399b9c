package httpapi

import "github.com/railgate/railgate/issuance/problem"

// Codes of the transport; those of the rules stand beside the rules.
const (
	BodyMalformed    problem.Code = "body_malformed"
	BodyTooLarge     problem.Code = "body_too_large"
	HeadersTooLarge  problem.Code = "headers_too_large"
	BodySlow         problem.Code = "body_timeout"
	MediaType        problem.Code = "media_type_not_supported"
	QueryMalformed   problem.Code = "query_malformed"
	NotFound         problem.Code = "not_found"
	MethodNotAllowed problem.Code = "method_not_allowed"
	Overloaded       problem.Code = "overloaded"
	Unavailable      problem.Code = "temporarily_unavailable"
	Internal         problem.Code = "internal_error"
)

// words has the texts of the transport's codes.
var words = map[problem.Code]problem.Text{
	BodyMalformed:    problem.Say("The request cannot be read.", "请求格式有误。", "", ""),
	HeadersTooLarge:  problem.Say("The headers of the request are too large.", "请求头过大。", "", ""),
	BodyTooLarge:     problem.Say("The request is too large.", "请求内容过大。", "", ""),
	BodySlow:         problem.Say("The request did not arrive in time.", "请求内容未能及时送达。", "Please check the network and try again.", "请检查网络后重试。"),
	MediaType:        problem.Say("The request must be JSON.", "请求必须为 JSON 格式。", "", ""),
	QueryMalformed:   problem.Say("The query in the address cannot be read.", "请求地址中的查询参数有误。", "", ""),
	NotFound:         problem.Say("There is nothing here.", "请求的地址不存在。", "", ""),
	MethodNotAllowed: problem.Say("This method is not supported here.", "不支持该请求方法。", "", ""),
	Overloaded:       problem.Say("The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。"),
	Unavailable:      problem.Say("The service is not available now.", "服务暂不可用。", "Please try again in a moment.", "请稍后重试。"),
	Internal:         problem.Say("The service has a fault.", "系统故障。", "Please try again later, or go to the station police window.", "请稍后重试，或到车站公安制证窗口办理。"),
}
