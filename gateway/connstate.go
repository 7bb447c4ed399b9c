package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/tokens"
)

// connState is what the gateway keeps per connection. Only the goroutine that serves
// the connection uses it.
type connState struct {
	conn   *edge.Conn
	memo   edge.Memo[caller]
	forged int // forged codes and unknown credentials, less the codes allowed since
}

// stateOf returns the state of the request's connection. Connections of other types,
// as in tests of the handler alone, have none: nil, which remembers nothing.
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

// whole reports whether the connection and the server agree on the end of the request.
func (l *connState) whole() bool { return l == nil || l.conn.Whole() }

// recall returns the caller that the head names, if the head repeats the connection's last one.
func (l *connState) recall(h *fasthttp.RequestHeader) (who caller, ok bool) {
	if l == nil || !l.memo.Same(h) {
		return caller{}, false
	}
	return l.memo.Meaning, true
}

// remember stores a head that was validated, with its caller.
func (l *connState) remember(h *fasthttp.RequestHeader, who caller) {
	if l != nil {
		l.memo.Remember(h, who)
	}
}

// observe counts an answer on the connection and reports whether the code was forged.
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

// observeUnknownClient counts a request that is not a check by a known device. It
// reports whether the request may belong to a flood: the credential is unknown, or
// the request was pipelined.
func (l *connState) observeUnknownClient(unknown bool) bool {
	if l == nil || !unknown && !l.conn.Pipelined() {
		return false
	}
	l.forged = min(l.forged+1, mostForgeries)
	return true
}

// caller is the device and scope that the head of a check names. It may be remembered
// for the life of the connection: it depends only on the head's bytes and on the
// device table, which does not change while the gateway runs. The freshness of the
// data, the code and its revocation are checked for every request.
type caller struct {
	device *Device
	scope  tokens.Scope
}
