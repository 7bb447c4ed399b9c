package gateway

import (
	"encoding/json"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// problem is the answer to a request that got no verdict, RFC 9457. Its body is
// rendered once.
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
		panic("BUG: a problem is not JSON: " + err.Error())
	}
	return &problem{status: status, code: code, body: body}
}

// The closed list of problems.
var (
	problemDevice = newProblem(401, "device_unknown", "Device not authenticated",
		"Send the device's credential as a bearer token.", "请以 Bearer 方式提供终端凭据。")
	problemScopeDenied = newProblem(403, "scope_not_allowed", "Scope not allowed for this device",
		"This device is not registered for this scope.", "该终端无权核验此项业务。")
	problemBatches = newProblem(403, "batches_not_allowed", "Batches not allowed for this device",
		"This device may not send batches. Check each code when it is shown.", "该终端不得补传扫码记录，请在出示时逐一核验。")
	problemScopeMissing = newProblem(400, "scope_missing", "No scope",
		"Give the scope, for example /v1/check?scope=entry.", "请以 scope 参数注明用途，例如 /v1/check?scope=entry。")
	problemScopeUnknown = newProblem(400, "scope_unknown", "Unknown scope",
		"The scope is one of sale, refund, change, verify, entry, exit, onboard.", "用途须为 sale、refund、change、verify、entry、exit、onboard 之一。")
	problemParameter = newProblem(400, "parameter_unknown", "Unknown parameter",
		"The parameters of a check are scope, train and receipt, each as name=value.", "参数须为 scope、train、receipt，格式为 名称=值。")
	problemRepeated = newProblem(400, "parameter_repeated", "Parameter given twice",
		"Give each parameter once.", "每个参数只能出现一次。")
	problemTrain = newProblem(400, "train_malformed", "Not the name of a train",
		"The train is 1 to 8 upper-case letters and digits, for example train=G101.", "车次须为1至8位大写字母或数字，例如 train=G101。")
	problemReceipt = newProblem(400, "receipt_malformed", "Unknown value of receipt",
		"Ask for a receipt with receipt=1, or omit the parameter.", "需要回执时请使用 receipt=1，否则请省略该参数。")
	problemReceipts = newProblem(403, "receipts_not_allowed", "Receipts not allowed for this device",
		"This device may not ask for receipts. Send the check without receipt=1.", "该终端不得请求回执，请去掉 receipt=1 后重试。")
	problemReports = newProblem(403, "reports_not_allowed", "Barrier reports not allowed for this device",
		"The settings of this device do not say that it reports the turn of its barrier.", "该终端未设置为上报闸门通行结果。")
	problemNoParameters = newProblem(400, "query_not_empty", "Query not empty",
		"This path has no parameters.", "该路径不接受参数。")
	problemReport = newProblem(400, "report_malformed", "Not a report of a barrier",
		"Send JSON with serial, scope and passed, for example {\"serial\":\"20494-17\",\"scope\":\"entry\",\"passed\":true}.", "请发送含 serial、scope、passed 的 JSON，例如 {\"serial\":\"20494-17\",\"scope\":\"entry\",\"passed\":true}。")
	problemNotFound = newProblem(404, "not_found", "Not found",
		"This path does not exist.", "该路径不存在。")
	problemMethod = newProblem(405, "method_not_allowed", "Method not allowed",
		"The Allow header names the methods of this path.", "请使用 Allow 头中列出的方法。")
	problemTimeout = newProblem(408, "request_timeout", "Request took too long",
		"The request did not arrive in time. Send it again.", "请求未在规定时间内到达，请重试。")
	problemTooLarge = newProblem(413, "body_too_large", "Body too large",
		"A code has 192 characters; send nothing else in the body. A batch has at most 131072 bytes.", "二维码内容为192个字符，请勿发送其他内容；批量请求不得超过131072字节。")
	problemScans = newProblem(400, "scans_malformed", "Not a list of scans",
		"Send JSON with scans, a list of objects with code, scanned_at_ms and optionally upload. The field fault names the error, scan and offset give its position.", "请发送 JSON：scans 为列表，每项含 code 和 scanned_at_ms，可含 upload；错误类型见 fault，位置见 scan 和 offset。")
	problemTooMany = newProblem(413, "too_many_scans", "Too many scans",
		"Send at most 256 scans in one batch.", "每批最多256条扫码记录。")
	problemHeaders = newProblem(431, "headers_too_large", "Headers too large",
		"Send fewer or shorter headers.", "请求头过大，请减少或缩短请求头。")
	problemBad = newProblem(400, "bad_request", "Bad request",
		"The gateway cannot parse this request. Check its format.", "无法解析该请求，请检查请求格式。")
	problemExpectation = newProblem(417, "expectation_failed", "Expectation not met",
		"Send the request without an Expect header.", "请勿发送 Expect 头。")
	problemVersion = newProblem(505, "version_unsupported", "HTTP version not supported",
		"Use HTTP/1.1.", "请使用 HTTP/1.1。")
	problemOverloaded = newProblem(503, "overloaded", "Overloaded",
		"Try again after the seconds in Retry-After. This is not a verdict.", "网关繁忙，请按 Retry-After 所示秒数后重试；本响应不是核验结论。")
	problemSlots = newProblem(503, "batches_at_limit", "Too many batches",
		"Try again after the seconds in Retry-After, and send one batch at a time. This is not a verdict.", "同时处理的批量请求过多，请按 Retry-After 所示秒数后逐批重试；本响应不是核验结论。")
	problemBundles = newProblem(403, "bundles_not_allowed", "Bundles not allowed for this device",
		"This device may not fetch bundles: it is not an offline device, or this gateway has no key.", "该终端不得获取离线数据包：未设置为离线终端，或本网关没有密钥。")
	problemBundleParameter = newProblem(400, "bundle_parameter_unknown", "Unknown parameter of a bundle",
		"The parameters of a bundle are train and since, each as name=value.", "参数须为 train、since，格式为 名称=值。")
	problemSince = newProblem(400, "since_malformed", "Not a watermark",
		"since is the watermark of the bundle that the device has, Unix milliseconds in decimal digits.", "since 须为终端现有数据包的水位，以十进制 Unix 毫秒表示。")
	problemBundle = newProblem(503, "bundle_not_ready", "No bundle now",
		"This gateway has no complete or newer data now, or its key is not announced yet. Try again later or at another gateway.", "本网关暂无完整或更新的数据，或其密钥尚未公布，请稍后重试或换用其他网关。")
	problemBundleSlots = newProblem(503, "bundles_at_limit", "Too many bundles",
		"Try again after the seconds in Retry-After, and fetch one bundle at a time.", "同时获取的离线数据包过多，请按 Retry-After 所示秒数后重试，每次只获取一个。")
	problemInternal = newProblem(500, "internal_error", "Internal error",
		"The gateway failed. Do not let the passenger pass on this answer.", "网关内部错误，请勿据此放行。")
)

var problems = []*problem{problemDevice, problemScopeDenied, problemBatches, problemSlots, problemReceipts, problemReports, problemBundles, problemBundleParameter, problemSince, problemBundle, problemBundleSlots,
	problemScopeMissing, problemScopeUnknown, problemParameter, problemRepeated, problemTrain, problemReceipt, problemNoParameters, problemReport, problemNotFound,
	problemMethod, problemTimeout, problemTooLarge, problemScans, problemTooMany, problemHeaders, problemBad, problemExpectation, problemVersion, problemOverloaded, problemInternal}

// faults maps the faults of heads and bodies to problems.
var faults = [edge.FaultCount]*problem{edge.Malformed: problemBad, edge.Version: problemVersion, edge.Expectation: problemExpectation, edge.TooLarge: problemTooLarge}

func (g *Gateway) refuse(ctx *fasthttp.RequestCtx, p *problem) {
	g.meter.problem(p)
	ctx.Response.ResetBody()
	ctx.SetStatusCode(p.status)
	ctx.Response.Header.SetContentType("application/problem+json")
	switch p {
	case problemDevice:
		ctx.Response.Header.Set("WWW-Authenticate", `Bearer realm="railgate"`)
	case problemOverloaded, problemSlots, problemBundle, problemBundleSlots:
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, retryAfter)
	}
	ctx.Response.SetBody(p.body)
}

// unreadable answers a request that fasthttp could not read and closes the
// connection: after a broken request the start of the next one is unknown.
func (g *Gateway) unreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	conn, _ := ctx.Conn().(*edge.Conn)
	p := problemBad
	switch {
	case conn != nil && conn.Late(): // first, since some of fasthttp's errors hide their cause
		p = problemTimeout
	case conn != nil && conn.Fault() != edge.NoFault:
		p = faults[conn.Fault()]
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p = g.tooLarge(&ctx.Request.Header)
	case errors.As(err, &small):
		p = problemHeaders
	}
	g.slots.release(&ctx.Request.Header)
	g.refuse(ctx, p)
	ctx.SetConnectionClose()
}

// tooLarge returns the problem of a body above the limit that bodyLimit chose: the
// size may be allowed for batches, but not for this device, or not now.
func (g *Gateway) tooLarge(h *fasthttp.RequestHeader) *problem {
	if !isBatch(h) {
		return problemTooLarge
	}
	d := g.sender(h)
	switch {
	case d == nil:
		return problemDevice
	case !d.Offline:
		return problemBatches
	case h.ContentLength() <= batchBytes && !g.slots.has(h):
		return problemSlots
	}
	return problemTooLarge
}

// expectNothing answers Expect: 100-continue before the body is read; the server
// then closes the connection. It must not be a ContinueHandler: fasthttp would keep
// the connection, take a body that comes after all for a request, and answer every
// later request with an empty 200 without calling the handler.
func (g *Gateway) expectNothing(ctx *fasthttp.RequestCtx) int {
	g.slots.release(&ctx.Request.Header)
	g.refuse(ctx, problemExpectation)
	return problemExpectation.status
}
