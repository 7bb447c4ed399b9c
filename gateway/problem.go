package gateway

import (
	"encoding/json"
	"errors"
	"net"

	"github.com/valyala/fasthttp"
)

// problem is a refused request, RFC 9457: the caller did something wrong, and
// no verdict was made. It is rendered once.
type problem struct {
	status int
	code   string
	body   []byte
}

func newProblem(status int, code, title, en, zh string) *problem {
	body, err := json.Marshal(map[string]any{
		"type": "/problems/" + code, "title": title, "status": status, "code": code,
		"text": map[string]string{"en": en, "zh": zh},
	})
	if err != nil {
		panic("BUG: a problem is no JSON: " + err.Error())
	}
	return &problem{status: status, code: code, body: body}
}

// The closed list of problems.
var (
	problemDevice = newProblem(401, "device_unknown", "Device not authenticated",
		"Send the device's credential as a bearer token.", "请以 Bearer 方式提供设备凭证。")
	problemScopeDenied = newProblem(403, "scope_not_allowed", "Scope not allowed for this device",
		"This device may not ask for this use.", "该设备无权核验此项业务。")
	problemScopeMissing = newProblem(400, "scope_missing", "No scope",
		"Say what the code is used for: /v1/check?scope=entry, with nothing else in the query.", "请注明用途，例如 /v1/check?scope=entry，查询串中不得有其他内容。")
	problemScopeUnknown = newProblem(400, "scope_unknown", "Unknown scope",
		"The scope is one of sale, refund, change, verify, entry, exit, onboard.", "用途须为 sale、refund、change、verify、entry、exit、onboard 之一。")
	problemNotFound = newProblem(404, "not_found", "Not found",
		"There is nothing at this path.", "该路径不存在。")
	problemMethod = newProblem(405, "method_not_allowed", "Method not allowed",
		"The Allow header names the methods of this path.", "请使用 Allow 头中列出的方法。")
	problemTimeout = newProblem(408, "request_timeout", "Request took too long",
		"The request did not arrive in time.", "请求未在规定时间内到达。")
	problemTooLarge = newProblem(413, "body_too_large", "Body too large",
		"A code is 192 characters; send nothing else in the body.", "二维码内容为192个字符，请勿发送其他内容。")
	problemHeaders = newProblem(431, "headers_too_large", "Headers too large",
		"Send fewer or shorter headers.", "请求头过大。")
	problemBad = newProblem(400, "bad_request", "Bad request",
		"This is not a request the gateway can read.", "无法解析该请求。")
	problemInternal = newProblem(500, "internal_error", "Internal error",
		"The gateway failed. Do not let the passenger pass on this answer.", "网关内部错误，请勿据此放行。")
)

var problems = []*problem{problemDevice, problemScopeDenied, problemScopeMissing, problemScopeUnknown, problemNotFound,
	problemMethod, problemTimeout, problemTooLarge, problemHeaders, problemBad, problemInternal}

func (g *Gateway) refuse(ctx *fasthttp.RequestCtx, p *problem) {
	g.meter.problem(p)
	ctx.Response.ResetBody()
	ctx.SetStatusCode(p.status)
	ctx.Response.Header.SetContentType("application/problem+json")
	if p == problemDevice {
		ctx.Response.Header.Set("WWW-Authenticate", `Bearer realm="railgate"`)
	}
	ctx.Response.SetBody(p.body)
}

// unreadable answers what fasthttp could not read as a request, and ends the
// connection: after a broken request nobody knows where the next one begins.
func (g *Gateway) unreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	p := problemBad
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p = problemTooLarge
	case errors.As(err, &small):
		p = problemHeaders
	case errors.As(err, &network) && network.Timeout():
		p = problemTimeout
	}
	g.refuse(ctx, p)
	ctx.SetConnectionClose()
}
