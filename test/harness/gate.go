package harness

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Gate is a device of the gateway.
type Gate struct {
	h          *Harness
	address    string // base URL
	credential string
}

// openGateway starts a gateway with one device for all scopes, and one device for each scope.
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
			h.T.Errorf("the gateway ended with an error: %v", err)
		}
	})
	h.Gate = &Gate{h, "http://" + listener.Addr().String(), gate}
}

// GateFor returns a device that is allowed one scope only.
func (h *Harness) GateFor(scope string) *Gate { return &Gate{h, h.Gate.address, h.devices[scope]} }

// Verdict is the gateway's answer to a scan.
type Verdict struct {
	Verdict, Reason, Class, Subject, Serial string
	Text                                    Bilingual
	Scopes                                  []string
	SecondsLeft                             int `json:"seconds_left"`
}

// Scan checks a code for one scope, after [Harness.Deliver].
func (g *Gate) Scan(code, scope string) Verdict {
	g.h.T.Helper()
	return As[Verdict](g.h.T, g.TryScan(code, scope), http.StatusOK)
}

// TryScan is [Gate.Scan] for any answer: a device without the scope gets a problem.
func (g *Gate) TryScan(code, scope string) Answer {
	g.h.T.Helper()
	g.h.Deliver()
	// On a busy machine the gateway may answer "overloaded". That is not a verdict, and a device
	// tries again.
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

// Deliver brings every committed revocation and key to the gateway. [Gate.Scan] calls it.
func (h *Harness) Deliver() {
	h.T.Helper()
	h.stream.deliver()
}

// Allowed asserts that the gate opens.
func (v Verdict) Allowed(t testing.TB) {
	t.Helper()
	if v.Verdict != "allow" {
		t.Fatalf("the gate denied the code: %s (%s)", v.Reason, v.Class)
	}
}

// Denied asserts that the gate denies the code, with this reason.
func (v Verdict) Denied(t testing.TB, reason string) Verdict {
	t.Helper()
	if v.Verdict != "deny" || v.Reason != reason {
		t.Fatalf("the gate answered %s (%s), want deny with reason %s", v.Verdict, v.Reason, reason)
	}
	return v
}

// stream moves the issuer's outbox to the gateway's replica in one step, as publisher, Kafka and
// follower do together.
type stream struct {
	h         *Harness
	authority *revocation.Authority
	replica   *revocation.Replica

	mu     sync.Mutex
	offset [partitions]int64 // mu; next offset of each log
}

// pinned is the authority key that the gateway trusts.
var pinned = sync.OnceValues(func() (*revocation.Authority, error) {
	return revocation.NewAuthority(keys().Authority.Public())
})

func newStream(h *Harness) *stream {
	h.T.Helper()
	authority, err := pinned()
	h.must(err)
	replica, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, h.Clock.Now().UnixMilli()-1)
	h.must(err)
	for p := range partitions {
		replica.SetTargetOffset(p, 0)
	}
	return &stream{h: h, authority: authority, replica: replica}
}

// deliver brings everything that is committed to the gateway. A partition without pending records
// gets a heartbeat, so the gateway's data is up to date.
func (s *stream) deliver() {
	s.h.T.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := context.Background()
	epoch, err := s.h.Outbox.Epoch(ctx)
	s.h.must(err)
	for p := range partitions {
		for drained := false; !drained; {
			pending, err := s.h.Outbox.TakeRecords(ctx, epoch, p, 0, revocation.MaxRecords)
			s.h.must(err)
			drained = pending.Drained
			s.send(p, &revocation.Batch{Epoch: epoch, Partition: uint16(p), First: pending.First}, pending.Records, drained)
			if n := uint64(len(pending.Records)); n > 0 {
				s.h.must(s.h.Outbox.MarkPublished(ctx, epoch, p, pending.First+n-1))
			}
		}
	}
}

// send signs one batch and applies it. through means that no other record is committed.
func (s *stream) send(partition int, b *revocation.Batch, records []revocation.Record, through bool) {
	s.h.T.Helper()
	b.IssuedAt = s.h.Clock.Now().UnixMilli()
	if through {
		b.Through = b.IssuedAt
	}
	message, err := b.Encode(s.authority.ID(), records)
	s.h.must(err)
	signature, err := keys().Authority.Sign(message)
	s.h.must(err)
	switch o := s.replica.Apply(partition, append(message, signature[:]...), b.IssuedAt); o {
	case revocation.Applied, revocation.Duplicate:
	default:
		s.h.T.Fatalf("the gateway did not apply a batch of %d records: %s", len(records), o)
	}
	s.offset[partition]++
	s.replica.SetPosition(partition, s.offset[partition])
}
