package gateway

import (
	"sync"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// scratch is the memory of one check. It is pooled because a token that is passed to
// the checker's interfaces would otherwise escape to the heap.
type scratch struct {
	token tokens.Token
	body  []byte

	// what is checked beyond the code
	passback passback
	ticket   ticket
	attempt  passage.Attempt
	forgiver forgiver
	passage  passage.Passage
	lookup   booking.Query
	receipt  []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{body: make([]byte, 0, 512)} }}

const (
	checkPath  = "/v1/check"
	checksPath = "/v1/checks"
	bundlePath = "/v1/bundle"
	reportPath = "/v1/passages"
)

// serve routes requests. It turns a panic into a denial, since fasthttp would let the
// panic end the process.
func (g *Gateway) serve(ctx *fasthttp.RequestCtx) {
	defer g.denyPanic(ctx)
	conn := stateOf(ctx)
	if from, ok := conn.recall(&ctx.Request.Header); ok && conn.whole() {
		g.check(ctx, conn, from)
		return
	}
	head, fault := edge.ReadHead(&ctx.Request.Header)
	if fault == edge.NoFault && !conn.whole() {
		fault = edge.Malformed
	}
	if fault != edge.NoFault {
		g.slots.release(&ctx.Request.Header)
		g.refuse(ctx, faults[fault])
		ctx.SetConnectionClose()
		return
	}
	if head.Close {
		ctx.SetConnectionClose()
	}
	switch string(head.Path) {
	case checkPath:
		if from, ok := g.admit(ctx, &head); ok {
			// The next head on this connection is compared with this one.
			if !head.Close {
				conn.remember(&ctx.Request.Header, from)
			}
			g.check(ctx, conn, from)
			return
		}
	case checksPath:
		if from, ok := g.admit(ctx, &head); ok {
			g.checks(ctx, conn, from)
			return
		}
		g.slots.release(&ctx.Request.Header)
	case bundlePath:
		if g.answerBundle(ctx, conn, &head) {
			return
		}
	case reportPath:
		if g.report(ctx, &head) {
			return
		}
	case "/healthz":
		g.answerHealth(ctx)
	case "/readyz":
		g.answerReady(ctx)
	default:
		g.refuse(ctx, problemNotFound)
	}
	if conn.observeUnknownClient(ctx.Response.StatusCode() == fasthttp.StatusUnauthorized) {
		g.delayUnknownClient(conn)
	}
}

// denyPanic is deferred by serve.
func (g *Gateway) denyPanic(ctx *fasthttp.RequestCtx) {
	if fault := recover(); fault != nil {
		g.meter.panics.Add(1)
		// The panic's text may quote input, so only its stack is logged.
		g.log.Error("panic while answering a request; denied", zap.StackSkip("stack", 1))
		g.slots.release(&ctx.Request.Header)
		g.bundleSlots.release(&ctx.Request.Header)
		g.refuse(ctx, problemInternal)
		ctx.SetConnectionClose()
	}
}

// admit returns the caller with its query, or answers with a problem.
func (g *Gateway) admit(ctx *fasthttp.RequestCtx, head *edge.Head) (from caller, ok bool) {
	if !ctx.IsPost() {
		ctx.Response.Header.Set("Allow", fasthttp.MethodPost)
		g.refuse(ctx, problemMethod)
		return caller{}, false
	}
	device := g.Devices.authenticate(head.Authorization)
	if device == nil {
		g.refuse(ctx, problemDevice)
		return caller{}, false
	}
	q, p := readQuery(head.Query)
	switch {
	case p != nil:
	case !device.Scopes.Has(q.scope):
		p = problemScopeDenied
	case q.receipt && !device.Receipts:
		p = problemReceipts
	}
	if p != nil {
		g.refuse(ctx, p)
		return caller{}, false
	}
	return caller{device, q}, true
}

var jsonType = []byte("application/json")

// check answers POST /v1/check with the verdict on the code in the body.
func (g *Gateway) check(ctx *fasthttp.RequestCtx, conn *connState, from caller) {
	if g.shed(ctx, overload.Over) || from.receipt && g.shed(ctx, receiptLevel) {
		return
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	// fasthttp read the clock when the request arrived; one reading is enough.
	now := g.Now(ctx.Time()).UnixMilli()
	// The freshness is read before the data: data read after it can only be newer.
	fresh := g.replica.Freshness(now)
	action := from.device.policy.action(fresh)
	reason := s.token.ParseText(ctx.PostBody())
	switch {
	case reason != tokens.ReasonOK:
	case action != Deny:
		var unproven *tokens.Key
		if reason, unproven = g.checker.Screen(&s.token, now/1000, from.scope); unproven != nil {
			if g.shed(ctx, overload.Full) {
				return
			}
			reason = g.checker.Prove(&s.token, unproven)
		}
	default:
		reason = staleReason(fresh)
	}
	s.passback, s.ticket = passback{}, ticket{}
	if reason == tokens.ReasonOK {
		reason = g.use(s, &from, now)
	}
	g.meter.verdict(fresh.State, action, reason)
	s.body = appendVerdict(s.body[:0], &s.token, reason, fresh, action, now/1000)
	s.body = s.ticket.append(s.passback.append(s.body))
	if from.receipt {
		j := judged{code: bundle.HashCode(ctx.PostBody()), reason: reason, flagged: action == Flag || s.passback.flagged || s.ticket.flagged,
			scanned: now, now: now, fresh: fresh}
		s.body, s.receipt = g.appendReceipt(s.body, s.receipt, &from, &j)
	}
	s.body = append(s.body, '}')
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	ctx.Response.SetBody(s.body)
	if conn.observe(reason) {
		g.delaySuspect(conn, forgeryWait)
	}
}

// prefetch begins to load what [Gateway.use] will need of a code from large tables, see [tokens.Checker].
func (g *Gateway) prefetch(t *tokens.Token) {
	if g.Bookings.Table != nil {
		g.Bookings.Table.Prefetch(t.Serial().Day, t.Subject())
	}
	if g.Passages.Table != nil {
		g.Passages.Table.Prefetch(t.Serial())
	}
}

// use checks what the device's policies ask of a code that is good: the ticket, and last, since it uses the code
// up, the passage.
func (g *Gateway) use(s *scratch, from *caller, now int64) tokens.Reason {
	reason := tokens.ReasonOK
	if from.device.ticket.Mode != ModeOff && ticketScopes.Has(from.scope) {
		reason = g.requireTicket(s, &s.token, from, now, now)
		g.meter.ticket(s.ticket.Held)
	}
	if from.device.passback.Mode != ModeOff {
		if reason == tokens.ReasonOK {
			reason = g.usePassage(s, from, now)
		} else {
			s.passback = passback{on: true, state: g.reach(now), result: passNotCounted}
		}
		g.meter.passback(&s.passback)
	}
	return reason
}

// staleReason is the reason of a denial because of the state of the revocation data.
func staleReason(fresh revocation.Freshness) tokens.Reason {
	if fresh.State == revocation.Booting || !fresh.Usable {
		return tokens.ReasonNoData
	}
	return tokens.ReasonStaleData
}
