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
	// Waiting lists the causes for which the gateway is not ready, and faults while it
	// serves; empty if there are none. It names brokers, so only operators see it.
	Waiting []string `json:"waiting"`
}

// publicReadiness is the part of Readiness on the public listener.
type publicReadiness struct {
	Ready bool   `json:"ready"`
	State string `json:"state"`
	AgeMS int64  `json:"age_ms"`
}

// Readiness reports whether a load balancer should send requests to this gateway.
func (g *Gateway) Readiness() Readiness {
	s := g.replica.Status(g.Now(timeNow()).UnixMilli())
	r := Readiness{
		// While booting, other gateways are better even if the policy serves on a snapshot.
		Ready: s.State != revocation.Booting && g.Policy.action(s.Freshness) != Deny,
		State: s.State.String(), AgeMS: s.AgeMS, Waiting: []string{},
	}
	if g.draining.Load() {
		r.Ready = false
		r.Waiting = append(r.Waiting, "shutting down: finishing the requests in progress")
	}
	trouble := ""
	if g.Trouble != nil {
		trouble = g.Trouble()
	}
	if trouble != "" {
		r.Waiting = append(r.Waiting, trouble)
	}
	r.Waiting = append(r.Waiting, s.Waiting...)
	if trouble == "" { // the issuer's silence means nothing while the stream cannot be read
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
		panic("BUG: readiness is not JSON: " + err.Error())
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
