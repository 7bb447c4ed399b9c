package gateway

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/overload"
)

// What is given up first when more is asked than can be done:
//
//   - busy: connections on which forged codes or unknown credentials are shown wait
//     for their refusals, and so do those that send what is no check without waiting
//     for answers;
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
	// strangerWait is the same for requests that are not checks by a known device:
	// 1.92 s at most. They have no passenger who waits.
	unknownClientWait = 30 * time.Millisecond
	// retryAfter is when one who was turned away may ask again, seconds.
	retryAfter = "1"
)

// slowDown makes a suspect wait before it gets its answer, so that a flood takes the
// time of those who send it. It takes nothing of ours but the connection's goroutine.
func (g *Gateway) delaySuspect(l *connState, wait time.Duration) {
	if l != nil && l.forged > forgeries && g.load.Level() >= overload.Busy {
		g.meter.delayed.Add(1)
		time.Sleep(time.Duration(l.forged) * wait)
	}
}

// holdBack makes a stranger wait before it gets its answer. One that has not waited
// for answers as often as can be remembered is held back at any level: as soon as
// its flood ebbs the gateway is calm, and it would come back.
func (g *Gateway) delayUnknownClient(l *connState) {
	if l.forged == mostForgeries && l.conn.Pipelined() {
		g.meter.delayed.Add(1)
		time.Sleep(mostForgeries * unknownClientWait)
		return
	}
	g.delaySuspect(l, unknownClientWait)
}

// shed answers 503 if the process is at that level.
func (g *Gateway) shed(ctx *fasthttp.RequestCtx, level overload.Level) bool {
	if g.load.Level() < level {
		return false
	}
	g.refuse(ctx, problemOverloaded)
	return true
}
