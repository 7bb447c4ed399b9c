package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/tokens"
)

// asked is what the head of a check asks for. It may be remembered as long as
// the connection: it follows from the head's bytes and the device table, and no
// device enters or leaves that table while the gateway runs. Whether the data is
// fresh, the code good and the pass revoked is asked for every request.
type asked struct {
	device *Device
	scope  tokens.Scope
}

// recall is what this head was found to ask for when it was last on its
// connection, or nil if it is not the same, byte for byte, as the one before.
func recall(ctx *fasthttp.RequestCtx) *asked {
	conn, ok := ctx.Conn().(*edge.Conn)
	if !ok {
		return nil
	}
	memo, ok := conn.Kept.(*edge.Memo[asked])
	if !ok || !memo.Same(&ctx.Request.Header) {
		return nil
	}
	return &memo.Meaning
}

// remember takes a head that was judged and found good.
func remember(ctx *fasthttp.RequestCtx, what asked) {
	conn, ok := ctx.Conn().(*edge.Conn)
	if !ok {
		return
	}
	memo, ok := conn.Kept.(*edge.Memo[asked])
	if !ok {
		memo = new(edge.Memo[asked])
		conn.Kept = memo
	}
	memo.Remember(&ctx.Request.Header, what)
}
