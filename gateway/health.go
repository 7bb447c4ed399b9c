package gateway

import (
	"encoding/json"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/revocation"
)

// Readiness is the body of /readyz on the admin listener.
type Readiness struct {
	Ready bool   `json:"ready"`
	State string `json:"state"` // of the revocation data
	AgeMS int64  `json:"age_ms"`
	// Waiting says what keeps the gateway from being ready, or what is wrong
	// while it serves; empty when all is well. It names brokers, and is for operators.
	Waiting []string `json:"waiting"`
}

// publicReadiness is what everybody may know of it.
type publicReadiness struct {
	Ready bool   `json:"ready"`
	State string `json:"state"`
	AgeMS int64  `json:"age_ms"`
}

// Readiness asks whether a load balancer should send requests here.
func (g *Gateway) Readiness() Readiness {
	s := g.replica.Status(g.Now(timeNow()).UnixMilli())
	r := Readiness{
		// A gateway that is booting may be told to serve on a snapshot, but others are better.
		Ready: s.State != revocation.Booting && g.Policy.action(s.Freshness) != Deny,
		State: s.State.String(), AgeMS: s.AgeMS, Waiting: []string{},
	}
	if g.draining.Load() {
		r.Ready = false
		r.Waiting = append(r.Waiting, "shutting down: finishing the requests at hand")
	}
	trouble := ""
	if g.Trouble != nil {
		trouble = g.Trouble()
	}
	if trouble != "" {
		r.Waiting = append(r.Waiting, trouble)
	}
	r.Waiting = append(r.Waiting, s.Waiting...)
	if trouble == "" { // with a stream that is not read the issuer's silence means nothing
		r.Waiting = append(r.Waiting, s.Silence...)
	}
	if s.State == revocation.Expired {
		r.Waiting = append(r.Waiting, "the revocation data is too old; policy: "+g.Policy[s.State].String())
	}
	return r
}

func (r Readiness) status() int {
	if r.Ready {
		return fasthttp.StatusOK
	}
	return fasthttp.StatusServiceUnavailable
}

func (r Readiness) public() publicReadiness {
	return publicReadiness{Ready: r.Ready, State: r.State, AgeMS: r.AgeMS}
}

func readinessJSON(r any) []byte {
	body, err := json.Marshal(r)
	if err != nil {
		panic("BUG: readiness is no JSON: " + err.Error())
	}
	return append(body, '\n')
}

const healthy = "ok\n"

func (g *Gateway) answerHealth(ctx *fasthttp.RequestCtx) {
	if g.onlyGet(ctx) {
		ctx.Response.Header.SetContentType("text/plain; charset=utf-8")
		ctx.Response.SetBodyString(healthy)
	}
}

func (g *Gateway) answerReady(ctx *fasthttp.RequestCtx) {
	if g.onlyGet(ctx) {
		r := g.Readiness()
		ctx.SetStatusCode(r.status())
		ctx.Response.Header.SetContentType("application/json")
		ctx.Response.SetBody(readinessJSON(r.public()))
	}
}

func (g *Gateway) onlyGet(ctx *fasthttp.RequestCtx) bool {
	if ctx.IsGet() || ctx.IsHead() {
		return true
	}
	ctx.Response.Header.Set("Allow", "GET, HEAD")
	g.refuse(ctx, problemMethod)
	return false
}
