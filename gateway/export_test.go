package gateway

import (
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/tokens"
)

// Limits of the public listener that the stories walk up to.
const (
	HeaderBytes = headerBytes
	BodyBytes   = bodyBytes
)

// Handle answers one request as the server would, without a connection.
func (g *Gateway) Handle(ctx *fasthttp.RequestCtx) { g.serve(ctx) }

// UseKeys replaces what the checker asks for keys: a way to make it fail or
// wait. Only before Serve.
func (g *Gateway) UseKeys(keys tokens.Keys) { g.checker.Keys = keys }

// UseReadTimeout shortens the wait for a request. Only before Serve.
func (g *Gateway) UseReadTimeout(d time.Duration) { g.server.ReadTimeout = d }

// UseConnections lowers the limit on connections. Only before Serve.
func (g *Gateway) UseConnections(n int) { g.server.Concurrency = n }

// Settle waits until passes that were verified before are found in the cache.
func (g *Gateway) Settle() { g.passes.Settle() }

// Problems is the closed list of problem codes, each with its status.
func Problems() map[string]int {
	statuses := map[string]int{}
	for _, p := range problems {
		statuses[p.code] = p.status
	}
	return statuses
}
