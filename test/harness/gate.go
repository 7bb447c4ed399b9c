package harness

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// Gate is a device that asks the gateway.
type Gate struct {
	h          *Harness
	address    string // base URL
	credential string
}

// openGateway serves a gateway with one device for every scope, and one for each.
func (h *Harness) openGateway(log *zap.Logger) {
	h.T.Helper()
	h.stream = newStream(h)
	gate := gateway.NewCredential()
	entries := []gateway.DeviceEntry{{ID: "gate-1", Hash: gateway.HashCredential(gate), Scopes: tokens.ScopeNames()}}
	h.devices = make(map[string]string)
	for _, scope := range tokens.ScopeNames() {
		h.devices[scope] = gateway.NewCredential()
		entries = append(entries, gateway.DeviceEntry{ID: scope + "-1", Hash: gateway.HashCredential(h.devices[scope]), Scopes: []string{scope}})
	}
	devices, err := gateway.NewDevices(entries)
	h.must(err)
	g, err := gateway.New(gateway.Config{Devices: devices, CacheBytes: passcache.MinBytes, DrainTimeout: patience,
		Now: func(time.Time) time.Time { return h.Clock.Now() }}, h.stream.replica, log)
	h.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, listener) }()
	h.T.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			h.T.Errorf("the gateway ended with %v", err)
		}
	})
	h.Gate = &Gate{h, "http://" + listener.Addr().String(), gate}
}

// GateFor is a device that may ask for one scope only.
func (h *Harness) GateFor(scope string) *Gate { return &Gate{h, h.Gate.address, h.devices[scope]} }

// Verdict is the gateway's answer to a scan.
type Verdict struct {
	Verdict     string    `json:"verdict"`
	Reason      string    `json:"reason"`
	Class       string    `json:"class"`
	Text        Bilingual `json:"text"`
	Subject     string    `json:"subject"`
	Serial      string    `json:"serial"`
	Scopes      []string  `json:"scopes"`
	SecondsLeft int       `json:"seconds_left"`
}

// Scan asks about a code for one use, with everything delivered that the issuer has
// committed.
func (g *Gate) Scan(code, scope string) Verdict {
	g.h.T.Helper()
	return As[Verdict](g.h.T, g.TryScan(code, scope), http.StatusOK)
}

// TryScan is Scan, whatever the answer: a device that may not ask gets a problem.
func (g *Gate) TryScan(code, scope string) Answer {
	g.h.T.Helper()
	g.h.Deliver()
	// The machine that runs the stories may be busy: the gateway then says "overloaded",
	// which is no verdict, and a device asks again.
	a := g.ask(code, scope)
	for range 100 {
		if a.Status != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(50 * time.Millisecond)
		a = g.ask(code, scope)
	}
	return a
}

func (g *Gate) ask(code, scope string) Answer {
	g.h.T.Helper()
	return g.h.send("POST", g.address+"/v1/check?scope="+scope, g.credential, "text/plain", code)
}

// Deliver brings every committed revocation and key to the gateway. [Gate.Scan] does so.
func (h *Harness) Deliver() {
	h.T.Helper()
	h.stream.deliver()
}

// Allowed asserts that the gate opens.
func (v Verdict) Allowed(t testing.TB) {
	t.Helper()
	if v.Verdict != "allow" {
		t.Fatalf("the gate stays shut: %s (%s)", v.Reason, v.Class)
	}
}

// Denied asserts that the gate stays shut, and why.
func (v Verdict) Denied(t testing.TB, reason string) {
	t.Helper()
	if v.Verdict != "deny" || v.Reason != reason {
		t.Fatalf("the gate answered %s (%s), want a denial for %s", v.Verdict, v.Reason, reason)
	}
}
