package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/tokens"
)

// lane is what the gateway keeps of a connection. Only the goroutine that serves
// the connection uses it.
type lane struct {
	conn   *edge.Conn
	memo   edge.Memo[asked]
	forged int // codes and credentials, less the codes admitted since
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
		l = &lane{conn: conn}
		conn.Kept = l
	}
	return l
}

// whole says that the connection and the server agree where the request ends.
func (l *lane) whole() bool { return l == nil || l.conn.Whole() }

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

// saw takes note of an answer on the lane, and reports whether the code was forged.
func (l *lane) saw(r tokens.Reason) (forged bool) {
	forged = r.Class() == tokens.ClassFraud
	switch {
	case l == nil:
	case r == tokens.ReasonOK:
		l.forged = max(0, l.forged-1)
	case forged:
		l.forged = min(l.forged+1, mostForgeries)
	}
	return forged
}

// strange takes note of a request that is no check by a known device, and reports
// whether it is one of a flood: the credential is unknown, or the request did not
// wait for the answer to the one before.
func (l *lane) strange(unknown bool) bool {
	if l == nil || !unknown && !l.conn.Pipelined() {
		return false
	}
	l.forged = min(l.forged+1, mostForgeries)
	return true
}

// asked is what the head of a check asks for. It may be remembered as long as
// the connection: it follows from the head's bytes and the device table, and no
// device enters or leaves that table while the gateway runs. Whether the data is
// fresh, the code good and the pass revoked is asked for every request.
type asked struct {
	device *Device
	scope  tokens.Scope
}
