package gateway

import (
	"bytes"
	"sync"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// scratch is what one check needs; it is pooled because a token that is handed
// to the checker's interfaces would otherwise move to the heap.
type scratch struct {
	token tokens.Token
	body  []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{body: make([]byte, 0, 512)} }}

const checkPath = "/v1/check"

// serve is the request edge: it routes, and turns a panic into a denial, since
// fasthttp would let it end the process.
func (g *Gateway) serve(ctx *fasthttp.RequestCtx) {
	defer func() {
		if fault := recover(); fault != nil {
			g.meter.panics.Add(1)
			// The fault's text may quote input, so only its place is logged.
			g.log.Error("panic while answering a request; denied", zap.StackSkip("stack", 1))
			g.refuse(ctx, problemInternal)
			ctx.SetConnectionClose()
		}
	}()
	path, query := target(ctx)
	switch string(path) {
	case checkPath:
		g.check(ctx, query)
	case "/healthz":
		g.answerHealth(ctx)
	case "/readyz":
		g.answerReady(ctx)
	default:
		g.refuse(ctx, problemNotFound)
	}
}

// target splits the request target as it was sent. Paths are compared byte for
// byte: no decoding, no cleaning, so there is one spelling of each.
func target(ctx *fasthttp.RequestCtx) (path, query []byte) {
	uri := ctx.Request.Header.RequestURI()
	if len(uri) == 0 || uri[0] != '/' { // absolute form, as a proxy sends it
		u := ctx.URI()
		return u.PathOriginal(), u.QueryString()
	}
	path, query, _ = bytes.Cut(uri, []byte{'?'})
	return path, query
}

var scopeParam = []byte("scope=")

// check is POST /v1/check.
func (g *Gateway) check(ctx *fasthttp.RequestCtx, query []byte) {
	if !ctx.IsPost() {
		ctx.Response.Header.Set("Allow", fasthttp.MethodPost)
		g.refuse(ctx, problemMethod)
		return
	}
	device := g.Devices.find(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization))
	if device == nil {
		g.refuse(ctx, problemDevice)
		return
	}
	name, ok := bytes.CutPrefix(query, scopeParam)
	if !ok {
		g.refuse(ctx, problemScopeMissing)
		return
	}
	scope, ok := tokens.ParseScope(name)
	if !ok {
		g.refuse(ctx, problemScopeUnknown)
		return
	}
	if !device.Scopes.Has(scope) {
		g.refuse(ctx, problemScopeDenied)
		return
	}
	s := scratches.Get().(*scratch)
	// fasthttp read the clock when the request arrived; once is enough.
	now := g.Now(ctx.Time()).UnixMilli()
	s.body = g.judge(s, ctx.PostBody(), now, scope, &device.policy)
	ctx.Response.Header.SetContentType("application/json")
	ctx.Response.SetBody(s.body)
	scratches.Put(s)
}

// judge makes the verdict on one code, counts it and renders it; now is Unix ms.
func (g *Gateway) judge(s *scratch, text []byte, now int64, scope tokens.Scope, policy *Policy) []byte {
	// The freshness is read before the data: what is read after it can only be newer.
	fresh := g.replica.Freshness(now)
	action := policy.action(fresh)
	reason := s.token.ParseText(text)
	switch {
	case reason != tokens.ReasonOK:
	case action != Deny:
		reason = g.checker.Check(&s.token, now/1000, scope)
	case fresh.State == revocation.Booting || !fresh.Usable:
		reason = tokens.ReasonNoData
	default:
		reason = tokens.ReasonStaleData
	}
	g.meter.verdict(fresh.State, action, reason)
	return appendVerdict(s.body[:0], &s.token, reason, fresh, action, now/1000)
}
