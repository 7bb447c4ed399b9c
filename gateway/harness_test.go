package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// The devices of the tests. gateDevice may check for every scope, shopDevice only for
// sale; unknownDevice is not registered. gateDevice and trainDevice may send batches.
var (
	gateDevice    = credential('a')
	shopDevice    = credential('b')
	unknownDevice = credential('c')
	trainDevice   = credential('d')
)

func credential(digit byte) string {
	return gateway.CredentialPrefix + strings.Repeat(string(digit), 64)
}

// manyDevices returns the credential of one of setup.devices.
func manyDevices(i int) string { return fmt.Sprintf("%s%064x", gateway.CredentialPrefix, i) }

// maxWait bounds every wait for the gateway under test.
const maxWait = 20 * time.Second

// retiredKey was retired before the tests begin.
const retiredKey = 3

// now is the time at which the tests begin, Unix ms.
const now = tokentest.Epoch * 1000

// setup is the settings of a test that differ from the default.
type setup struct {
	gateway.Config
	device    gateway.PolicyEntry          // policy of the gate device
	gate      gateway.DeviceEntry          // passback, ticket and receipts of the gate device
	devices   int                          // further gates, see manyDevices
	replica   *revocation.Replica          // nil: a fresh one that knows the keys
	configure func(g *gateway.Gateway)     // called before Serve
	listen    func() (net.Listener, error) // nil: a loopback port
}

// harness is a running gateway with an issuer, the stream, a clock, the log and the
// metrics.
type harness struct {
	*gateway.Gateway
	t       testing.TB
	issuer  tokentest.Issuer
	feed    *revocationtest.Feed
	clock   *atomic.Int64 // Unix ms
	log     *runtest.Buffer
	metrics *prometheus.Registry
	address string
	client  *http.Client
	panics  float64 // expected number of panics

	stop   context.CancelFunc
	served chan error // what Serve returned

	sent *secrets
}

// withT returns the same harness for a subtest.
func (s *harness) withT(t testing.TB) *harness {
	part := *s
	part.t = t
	return &part
}

// start starts a gateway; it is stopped and checked for leaked secrets at the end.
func start(t testing.TB, p setup) *harness {
	t.Helper()
	s := newHarness(t, p)
	listen := p.listen
	if listen == nil {
		listen = func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	}
	listener, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.served <- s.Serve(ctx, promptListener{listener, s.Gateway}) }()
	t.Cleanup(s.close)
	return s
}

// promptListener ends Close when the gateway has no connection, or after promptly: fasthttp, which then looks at its
// connections, does so every 100 ms only, and the tests stop hundreds of gateways.
type promptListener struct {
	net.Listener
	gateway *gateway.Gateway
}

const promptly = 20 * time.Millisecond

func (l promptListener) Close() error {
	err := l.Listener.Close()
	for end := time.Now().Add(promptly); l.gateway.Stopping() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond / 2)
	}
	return err
}

// newHarness makes a gateway without serving it.
func newHarness(t testing.TB, p setup) *harness {
	t.Helper()
	s := &harness{t: t, issuer: tokentest.NewIssuer(1), clock: new(atomic.Int64), log: new(runtest.Buffer),
		metrics: prometheus.NewRegistry(), served: make(chan error, 1), sent: new(secrets),
		client: &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: maxWait}}
	s.clock.Store(now)
	for _, device := range []string{gateDevice, shopDevice, unknownDevice, trainDevice} {
		s.addSecrets("", device)
	}
	retired := tokentest.NewIssuer(retiredKey).Key()
	retired.Cutoff = tokentest.Epoch - 3600
	s.feed = revocationtest.NewFeed(now, s.issuer.Key(), retired)
	if p.replica == nil {
		p.replica = s.feed.Replica
	}
	entries := []gateway.DeviceEntry{
		{ID: "gate-1", Hash: gateway.HashCredential(gateDevice), Scopes: tokens.ScopeNames(), Offline: true, Policy: p.device,
			Passback: p.gate.Passback, Ticket: p.gate.Ticket, Receipts: p.gate.Receipts},
		{ID: "train-1", Hash: gateway.HashCredential(trainDevice), Scopes: tokens.ScopeNames(), Offline: true},
		{ID: "shop-1", Hash: gateway.HashCredential(shopDevice), Scopes: []string{"sale"}},
	}
	for i := range p.devices {
		entries = append(entries, gateway.DeviceEntry{ID: fmt.Sprint("many-", i), Hash: gateway.HashCredential(manyDevices(i)), Scopes: []string{"entry"}})
	}
	devices, err := gateway.NewDevices(entries)
	if err != nil {
		t.Fatal(err)
	}
	p.Devices, p.CacheBytes = devices, passcache.MinBytes
	p.Now = func(time.Time) time.Time { return time.UnixMilli(s.clock.Load()) }
	if p.DrainTimeout == 0 {
		p.DrainTimeout = maxWait / 2
	}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(s.log), zap.DebugLevel)
	s.Gateway, err = gateway.New(p.Config, p.replica, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	if p.configure != nil {
		p.configure(s.Gateway)
	}
	s.metrics.MustRegister(s.Gateway)
	return s
}

// close stops the gateway: it must drain without an error, and no secret that was sent
// may be in the log or the metrics.
func (s *harness) close() {
	s.client.CloseIdleConnections()
	s.stop()
	s.expectServeReturns(maxWait)
	s.expectNoSecrets()
}

// expectServeReturns expects Serve to end without an error within a time.
func (s *harness) expectServeReturns(within time.Duration) {
	s.t.Helper()
	select {
	case err := <-s.served:
		s.served <- err // for later calls
		if err != nil {
			s.t.Errorf("Serve returned %v", err)
		}
	case <-time.After(within):
		s.t.Fatalf("Serve did not return within %v", within)
	}
}
