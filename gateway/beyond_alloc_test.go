//go:build !race

package gateway_test

import (
	"io"
	"testing"

	"github.com/railgate/railgate/gateway"
)

// withEverything returns a gateway that checks tickets and second use.
func withEverything(t testing.TB) (*harness, *passages) {
	t.Helper()
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "require"})
	second, told := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	p.Passback, p.Passages = second.Passback, second.Passages
	told.deaf = true // the fake would allocate
	s := newHarness(t, p)
	for i := range uint32(8) {
		s.book(feed, i, "G101", 3600)
	}
	return s, told
}

// A check allocates nothing with tickets and passages on, whatever their answer.
func TestCheckBeyondTheCodeAllocatesNothing(t *testing.T) {
	s, _ := withEverything(t)
	for _, c := range []struct{ name, device, query, code, want string }{
		{"first, then repeated", gateDevice, "scope=entry", s.goodCode(7), "ok"},
		{"used", trainDevice, "scope=entry", s.goodCode(7), "already_used"},
		{"no ticket", gateDevice, "scope=entry", s.goodCode(9), "no_ticket"},
		{"train without a ticket", gateDevice, "train=G101&scope=onboard", s.goodCode(9), "no_ticket"},
	} {
		ctx := readRequest(t, "POST /v1/check?"+c.query+" HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer "+c.device+"\r\nContent-Length: 192\r\n\r\n"+c.code)
		run := func() {
			ctx.Response.Reset()
			s.Handle(ctx)
		}
		run()
		s.Settle()
		if v := readVerdict(t, ctx.Response.Body()); v.Reason != c.want {
			t.Fatalf("%s: %s", c.name, v.Reason)
		}
		want := 0.0
		if c.query != "scope=entry" {
			want = 1 // the train's name, once for each head that no connection remembers
		}
		if n := testing.AllocsPerRun(1000, run); n != want {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

func TestBarrierReportAllocatesNothing(t *testing.T) {
	p, told := withPassback(t, gateway.PassbackEntry{Mode: "deny", Confirm: true})
	told.deaf = true
	s := newHarness(t, p)
	check := newRequest(t, "entry", s.goodCode(7))
	release := readRequest(t, post("/v1/passages", "", ""))
	body := []byte(stuck)
	if n := testing.AllocsPerRun(1000, func() {
		check.Response.Reset()
		s.Handle(check)
		release.Request.SetBodyRaw(append(body[:0], stuck...))
		release.Response.Reset()
		s.Handle(release)
	}); n != 0 || string(release.Response.Body()) != `{"result":"released"}` {
		t.Errorf("%v allocations; the last report was answered %s", n, release.Response.Body())
	}
}

func TestUploadAllocatesNothing(t *testing.T) {
	s, _ := withEverything(t)
	sent := `{"scans":[{"code":"` + s.goodCode(7) + `","scanned_at_ms":1770681600000,"upload":"k-1"}]}`
	ctx := readRequest(t, post("/v1/checks?scope=entry", "", ""))
	body := make([]byte, len(sent))
	run := func() {
		copy(body, sent)
		ctx.Request.SetBodyRaw(body)
		ctx.Response.Reset()
		s.Handle(ctx)
		if err := ctx.Response.BodyWriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		run()
		s.Settle()
	}
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("%v allocations in an upload", n)
	}
}
