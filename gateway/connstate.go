package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/tokens"
)

// connState is what the gateway keeps of a connection. Only the goroutine that serves
// the connection uses it.
type connState struct {
	conn   *edge.Conn
	memo   edge.Memo[caller]
	forged int // codes and credentials, less the codes admitted since
}

// stateOf is the state of the connection that a request came on. One that is not
// ours, as in tests of the handler alone, has none: nil, which remembers nothing.
func stateOf(ctx *fasthttp.RequestCtx) *connState {
	conn, ok := ctx.Conn().(*edge.Conn)
	if !ok {
		return nil
	}
	l, ok := conn.Kept.(*connState)
	if !ok {
		l = &connState{conn: conn}
		conn.Kept = l
	}
	return l
}

// whole says that the connection and the server agree where the request ends.
func (l *connState) whole() bool { return l == nil || l.conn.Whole() }

// recall is what the head asks for, if it is the last one of the connection again.
func (l *connState) recall(h *fasthttp.RequestHeader) (who caller, ok bool) {
	if l == nil || !l.memo.Same(h) {
		return caller{}, false
	}
	return l.memo.Meaning, true
}

// remember takes a head that was judged and found good.
func (l *connState) remember(h *fasthttp.RequestHeader, who caller) {
	if l != nil {
		l.memo.Remember(h, who)
	}
}

// observe takes note of an answer on the connection, and reports whether the code was forged.
func (l *connState) observe(r tokens.Reason) (forged bool) {
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

// observeStranger takes note of a request that is no check by a known device, and reports
// whether it is one of a flood: the credential is unknown, or the request did not
// wait for the answer to the one before.
func (l *connState) observeUnknownClient(unknown bool) bool {
	if l == nil || !unknown && !l.conn.Pipelined() {
		return false
	}
	l.forged = min(l.forged+1, mostForgeries)
	return true
}

// caller is what the head of a check asks for. It may be remembered as long as
// the connection: it follows from the head's bytes and the device table, and no
// device enters or leaves that table while the gateway runs. Whether the data is
// fresh, the code good and the pass revoked is caller for every request.
type caller struct {
	device *Device
	scope  tokens.Scope
}
