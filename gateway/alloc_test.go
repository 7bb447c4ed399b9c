//go:build !race

package gateway_test

import (
	"runtime"
	"testing"

	"github.com/valyala/fasthttp"
)

// A check of a pass that is in the cache allocates nothing. The race detector
// allocates by itself, hence the build tag.
func TestACheckAllocatesNothing(t *testing.T) {
	s := prepare(t, plan{})
	good := s.goodCode(7)
	for _, c := range []struct{ name, scope, code, want string }{
		{"allowed", "entry", good, "ok"},
		{"allowed for another use", "onboard", good, "ok"},
		{"out of date", "entry", at(-120, 0)(s), "code_stale"},
		{"malformed", "entry", "https://example.com", "malformed"},
	} {
		ctx := newRequest(c.scope, c.code)
		run := func() {
			ctx.Response.Reset()
			s.Handle(ctx)
		}
		run()
		s.Settle()
		if v := readVerdict(t, ctx.Response.Body()); v.Reason != c.want {
			t.Fatalf("%s: %s", c.name, v.Reason)
		}
		if n := testing.AllocsPerRun(2000, run); n != 0 {
			t.Errorf("%s: %v allocations in a check", c.name, n)
		}
	}
}

// AllocsPerRun rounds down. What it may hide is ristretto's: it hands every 64
// lookups to its policy, and takes a new buffer for the next 64.
func TestWhatTheCacheAllocates(t *testing.T) {
	s := prepare(t, plan{})
	ctx := newRequest("entry", s.goodCode(7))
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
	// Twice a buffer per 64 checks, for what the runtime does meanwhile.
	if n := after.Mallocs - before.Mallocs; n > 2*runs/64 {
		t.Errorf("%d allocations in %d checks, want at most one in 32", n, runs)
	} else {
		t.Logf("%d allocations, %d bytes in %d checks", n, after.TotalAlloc-before.TotalAlloc, runs)
	}
	if ctx.Response.StatusCode() != fasthttp.StatusOK {
		t.Errorf("status %d", ctx.Response.StatusCode())
	}
}

// Nor does a refused request allocate: strangers come in numbers.
func TestARefusalAllocatesNothing(t *testing.T) {
	s := prepare(t, plan{})
	stranger := newRequest("entry", "x")
	stranger.Request.Header.Del("Authorization")
	lost := newRequest("entry", "x")
	lost.Request.SetRequestURI("/v2/check")
	for name, ctx := range map[string]*fasthttp.RequestCtx{"stranger": stranger, "lost": lost, "no scope": newRequest("", "x")} {
		if n := testing.AllocsPerRun(2000, func() {
			ctx.Response.Reset()
			s.Handle(ctx)
		}); n != 0 {
			t.Errorf("%s: %v allocations in a refusal", name, n)
		}
	}
}
