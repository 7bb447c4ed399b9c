package gateway

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/overload"
)

// What the gateway sheds first under overload:
//
//   - busy: denials are delayed on connections that show forged codes or unknown
//     credentials, as are answers to pipelined requests that are not checks;
//   - full: a pass that is not in the cache, which costs ten times as much as one
//     that is, gets 503;
//   - over: every check gets 503. Health is always answered.
//
// Overload never denies a passenger: 503 is not a verdict, and the gate retries.
const (
	// forgeries is how many more forgeries than allowed codes make a connection
	// suspect. A gate sees one forgery in years, an attacker sends nothing else.
	forgeries = 8
	// mostForgeries is the most that a connection's count reaches; as many allowed
	// codes reset it.
	mostForgeries = 64
	// forgeryWait is the delay for each counted forgery: at most 320 ms.
	forgeryWait = 5 * time.Millisecond
	// unknownClientWait is the same for requests that are not checks of a known
	// device: at most 1.92 s. No passenger waits for their answers.
	unknownClientWait = 30 * time.Millisecond
	// retryAfter is the delay in the Retry-After header, seconds.
	retryAfter = "1"
)

// delaySuspect delays the answer to a suspect connection while the gateway is busy,
// so a flood costs the sender time. The delay occupies only the connection's goroutine.
func (g *Gateway) delaySuspect(s *connState, wait time.Duration) {
	if s != nil && s.forged > forgeries && g.load.Level() >= overload.Busy {
		g.meter.delayed.Add(1)
		time.Sleep(time.Duration(s.forged) * wait)
	}
}

// delayUnknownClient delays the answer to an unknown client. A connection that has
// reached mostForgeries and pipelines is delayed at any level: the gateway becomes
// calm as soon as the delay takes effect, and the flood would resume.
func (g *Gateway) delayUnknownClient(s *connState) {
	if s.forged == mostForgeries && s.conn.Pipelined() {
		g.meter.delayed.Add(1)
		time.Sleep(mostForgeries * unknownClientWait)
		return
	}
	g.delaySuspect(s, unknownClientWait)
}

// shed answers 503 if the process is at that level or above, and reports whether it did.
func (g *Gateway) shed(ctx *fasthttp.RequestCtx, level overload.Level) bool {
	if g.load.Level() < level {
		return false
	}
	g.refuse(ctx, problemOverloaded)
	return true
}
