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
	s, ok := conn.Kept.(*connState)
	if !ok {
		s = &connState{conn: conn}
		conn.Kept = s
	}
	return s
}

// whole reports whether the connection and the server agree on the end of the request.
func (s *connState) whole() bool { return s == nil || s.conn.Whole() }

// recall returns the caller that the head names, if the head repeats the connection's last one.
func (s *connState) recall(h *fasthttp.RequestHeader) (from caller, ok bool) {
	if s == nil || !s.memo.Same(h) {
		return caller{}, false
	}
	return s.memo.Meaning, true
}

// remember stores a head that was validated, with its caller.
func (s *connState) remember(h *fasthttp.RequestHeader, from caller) {
	if s != nil {
		s.memo.Remember(h, from)
	}
}

// observe counts an answer on the connection and reports whether the code was forged. A code that two people show
// is not.
func (s *connState) observe(r tokens.Reason) (forged bool) {
	forged = r.Class() == tokens.ClassFraud && r != tokens.ReasonUsedElsewhere
	switch {
	case s == nil:
	case r == tokens.ReasonOK:
		s.forged = max(0, s.forged-1)
	case forged:
		s.forged = min(s.forged+1, mostForgeries)
	}
	return forged
}

// observeUnknownClient counts a request that is not a check by a known device. It
// reports whether the request may belong to a flood: the credential is unknown, or
// the request was pipelined.
func (s *connState) observeUnknownClient(unknown bool) bool {
	if s == nil || !unknown && !s.conn.Pipelined() {
		return false
	}
	s.forged = min(s.forged+1, mostForgeries)
	return true
}

// caller is the device and the query that the head of a check names. It may be remembered
// for the life of the connection: it depends only on the head's bytes and on the
// device table, which does not change while the gateway runs. The freshness of the
// data, the code and its revocation are checked for every request.
type caller struct {
	device *Device
	query
}
