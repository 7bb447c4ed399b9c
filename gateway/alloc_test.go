//go:build !race

package gateway_test

import (
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A check of a cached pass allocates nothing, whether its head is the remembered one,
// differs from the last one, or is on a connection that remembers none. The race
// detector allocates by itself, hence the build tag.
func TestCheckAllocatesNothing(t *testing.T) {
	s := newHarness(t, setup{})
	good := s.goodCode(7)
	s.feed.Close(now, s.issuer.Open(8, tokentest.Epoch).Fields)
	for _, c := range []struct{ name, scope, code, want string }{
		{"closed", "entry", s.goodCode(8), "session_closed"},
		{"allowed", "entry", good, "ok"},
		{"allowed for another use", "onboard", good, "ok"},
		{"out of date", "entry", at(-120, 0)(s), "code_stale"},
		{"malformed", "entry", "https://example.com", "malformed"},
	} {
		inner, _ := net.Pipe()
		conn := edge.NewListener(nil, edge.Limits{}, nil).Wrap(inner)
		request := post("/v1/check?scope="+c.scope, "", c.code)
		for way, turns := range map[string][]*fasthttp.RequestCtx{
			"plain": {readRequest(t, request)},
			"same":  {onConn(t, conn, request)},
			"other": {onConn(t, conn, request), onConn(t, conn, strings.Replace(request, "Host", "X-Filler: a\r\nHost", 1))},
		} {
			run := func() {
				for _, ctx := range turns {
					ctx.Response.Reset()
					s.Handle(ctx)
				}
			}
			run()
			s.Settle()
			if v := readVerdict(t, turns[0].Response.Body()); v.Reason != c.want {
				t.Fatalf("%s: %s", c.name, v.Reason)
			}
			if n := testing.AllocsPerRun(2000, run); n != 0 {
				t.Errorf("%s, %s: %v allocations in a check", c.name, way, n)
			}
		}
	}
}

// AllocsPerRun rounds down. It may hide allocations of ristretto, which hands every 64
// lookups to its policy and takes a new buffer for the next 64.
func TestPassCacheAllocatesRarely(t *testing.T) {
	s := newHarness(t, setup{})
	ctx := newRequest(t, "entry", s.goodCode(7))
	run := func() {
		ctx.Response.Reset()
		s.Handle(ctx)
	}
	run()
	s.Settle()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const runs = 64 * 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	// Twice one buffer per 64 checks, which allows for the runtime's own allocations.
	if n := after.Mallocs - before.Mallocs; n > 2*runs/64 {
		t.Errorf("%d allocations in %d checks, want at most one in 32", n, runs)
	} else {
		t.Logf("%d allocations, %d bytes in %d checks", n, after.TotalAlloc-before.TotalAlloc, runs)
	}
	if ctx.Response.StatusCode() != fasthttp.StatusOK {
		t.Errorf("status %d", ctx.Response.StatusCode())
	}
}

// A problem allocates nothing either: unknown clients may send many requests.
func TestProblemAllocatesNothing(t *testing.T) {
	s := newHarness(t, setup{})
	for name, raw := range map[string]string{
		"no device": "POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\n\r\nx",
		"no path":   post("/v2/check", "", "x"),
		"no scope":  post("/v1/check", "", "x"),
		"two keys":  post("/v1/check?scope=entry", "Authorization: Bearer none\r\n", "x"),
		"proxy":     post("http://gate.example/v2/check", "", "x"),
		"version":   "GET /healthz HTTP/3.0\r\n\r\n",
	} {
		ctx := readRequest(t, raw)
		if n := testing.AllocsPerRun(2000, func() {
			ctx.Response.Reset()
			s.Handle(ctx)
		}); n != 0 {
			t.Errorf("%s: a problem allocates %v times", name, n)
		}
	}
}
