package gateway_test

import (
	"bufio"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/tokens"
)

// faulty is a key set that panics while it is broken, with a text that quotes the input.
type faulty struct {
	tokens.Keys
	broken atomic.Bool
	quote  string
}

func (f *faulty) Key(id tokens.KeyID) *tokens.Key {
	if f.broken.Load() {
		panic("BUG: while checking " + f.quote)
	}
	return f.Keys.Key(id)
}

func TestPanicInACheckIsDeniedAndSurvived(t *testing.T) {
	keys := &faulty{}
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	s.panics = 1
	keys.Keys = s.feed.Replica
	code := s.goodCode(7)
	keys.quote = code + " of " + gateDevice
	keys.broken.Store(true)

	var in *bufio.Reader
	a := s.expectProblem("internal_error", func() (a answer) {
		// A second request is already sent. It must not be answered on this connection,
		// whose state is unknown after the panic.
		one := post("/v1/check?scope=entry", "", code)
		a, in = s.sendRaw(one + one)
		return a
	})
	if a.status != 500 {
		t.Errorf("status %d", a.status)
	}
	s.expectClosed(in)

	var line struct {
		Level, Msg, Stack string
	}
	var faults []string
	for text := range strings.Lines(s.log.String()) {
		if !strings.Contains(text, `"level":"info"`) { // such as ready
			faults = append(faults, text)
		}
	}
	if len(faults) != 1 {
		t.Fatalf("want one log line about the panic, got %q", faults)
	}
	if err := json.Unmarshal([]byte(faults[0]), &line); err != nil {
		t.Fatalf("%v in %s", err, s.log)
	}
	if line.Level != "error" || !strings.Contains(line.Msg, "panic") || !strings.Contains(line.Stack, "faulty") {
		t.Errorf("the log line lacks level, message or stack: %+v", line)
	}
	for _, secret := range []string{code, gateDevice, "BUG: while"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log quotes the request or the panic")
		}
	}

	keys.broken.Store(false)
	if v := s.check("entry", code).verdict(t); v.Reason != "ok" {
		t.Errorf("after the panic a good code got %s", v.Reason)
	}
}
