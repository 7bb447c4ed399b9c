package gateway

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/pressure"
	"github.com/railgate/railgate/tokens"
)

// What is given up first when more is asked than can be done:
//
//   - busy: connections on which forged codes are shown wait for their refusals;
//   - full: a pass that was never seen here, which costs ten times as much as one
//     that was, is turned away with 503;
//   - over: so is every check. Health is always answered.
//
// A passenger is never refused for it: 503 is no verdict, and the gate asks again.
const (
	// forgeries more than admissions make a connection suspect. A gate sees one in
	// years, an attacker shows nothing else.
	forgeries = 8
	// mostForgeries are remembered: as many admissions make up for any number.
	mostForgeries = 64
	// forgeryWait is how long a suspect waits for each forgery that is remembered:
	// 320 ms at most.
	forgeryWait = 5 * time.Millisecond
	// retryAfter is when one who was turned away may ask again, seconds.
	retryAfter = "1"
)

// lane is what the gateway keeps of a connection. Only the goroutine that serves
// the connection uses it.
type lane struct {
	memo   edge.Memo[asked]
	forged int // codes, less those admitted since
}

// laneOf is the lane of the connection that a request came on. One that is not
// ours, as in tests of the handler alone, has none: nil, which remembers nothing.
func laneOf(ctx *fasthttp.RequestCtx) *lane {
	conn, ok := ctx.Conn().(*edge.Conn)
	if !ok {
		return nil
	}
	l, ok := conn.Kept.(*lane)
	if !ok {
		l = new(lane)
		conn.Kept = l
	}
	return l
}

// asks is what the head asks for, if it is the last one of the lane again.
func (l *lane) asks(h *fasthttp.RequestHeader) (who asked, ok bool) {
	if l == nil || !l.memo.Same(h) {
		return asked{}, false
	}
	return l.memo.Meaning, true
}

// asked takes a head that was judged and found good.
func (l *lane) asked(h *fasthttp.RequestHeader, who asked) {
	if l != nil {
		l.memo.Remember(h, who)
	}
}

// saw takes note of an answer on the lane.
func (l *lane) saw(r tokens.Reason) {
	switch {
	case l == nil:
	case r == tokens.ReasonOK:
		l.forged = max(0, l.forged-1)
	case r.Class() == tokens.ClassFraud:
		l.forged = min(l.forged+1, mostForgeries)
	}
}

// slowDown makes a suspect wait before it gets a refusal, so that a flood takes the
// time of those who send it. It takes nothing of ours but the connection's goroutine.
func (g *Gateway) slowDown(l *lane, refused bool) {
	if refused && l != nil && l.forged > forgeries && g.pressure.Level() >= pressure.Busy {
		g.meter.slowed.Add(1)
		time.Sleep(time.Duration(l.forged) * forgeryWait)
	}
}

// crowded answers 503 if the process is at that level.
func (g *Gateway) crowded(ctx *fasthttp.RequestCtx, level pressure.Level) bool {
	if g.pressure.Level() < level {
		return false
	}
	ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, retryAfter)
	g.refuse(ctx, problemOverloaded)
	return true
}
