// Package harness runs a complete railgate inside a test: an issuer and a gateway, each
// behind its real HTTP interface, one database, sandbox providers, staff of every role and a
// clock that only the test moves. Tests act through small clients: a [Passenger] with a
// phone, an [Account], [Staff] of a role, the [Ticketing] system and a [Gate].
//
//	harness.Each(t, func(t *testing.T, h *harness.Harness) {
//		p := h.Apply(h.Person())
//		p.Show(p.Check())
//		h.Gate.Scan(p.Code(), "entry").Allowed(t)
//		h.Clock.Move(30 * time.Minute)
//		h.Gate.Scan(p.Code(), "entry").Denied(t, "session_expired")
//	})
//
// [Harness.Person], [Harness.Born] and [Harness.Visitor] make people. Each client has a
// method Call for requests without a helper; [Answer.OK], [Answer.Refused] and [As] check
// answers. An [Option] changes the issuer's setup, for instance its limits.
//
// The harness promises deterministic tests. No part of it uses real time, and nothing runs
// in the background, except the sending of recovery codes, which StartRecovery waits for.
// The gateway knows every committed revocation when [Gate.Scan] asks it. Therefore Kafka, the
// transport of the stream, is not part of the harness: it does the work of publisher and
// follower itself, with the same records, signatures and numbers. Package test/e2e tests
// publisher and follower.
//
// Packages below it serve programs that must not link issuer or gateway, or that need real
// processes: passenger (clients over HTTP only, invented people), stack (settings and start
// of the built commands) and process (programs, processors, ports).
package harness

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	partitions = 2
	// patience bounds every request.
	patience = 30 * time.Second
)

// Harness is a running issuer and gateway. Its clients report failures to the test.
type Harness struct {
	T         testing.TB
	Clock     *Clock
	Gate      *Gate // allowed every scope
	Ticketing *Ticketing

	// For tests that bypass HTTP, for instance to erase or sweep.
	Issuer  *issuance.Issuer
	Outbox  *outbox.Outbox
	Metrics *prometheus.Registry   // of the issuer
	Phones  *provider.SandboxCodes // contains the codes that were sent
	Logs    *runtest.Buffer        // of issuer and gateway, JSON lines

	issuer  string // base URL
	http    passenger.Sender
	client  *passenger.Client // of the issuer
	secrets map[staff.Role]string
	devices map[string]string // credentials by scope
	stream  *stream

	mu     sync.Mutex
	people int // mu
}

// Option changes the issuer's setup before it opens.
type Option func(*issuance.Config)

// Each runs a test on every supported database. Tests of a package run in parallel: a test uses
// only its own harness.
func Each(t *testing.T, test func(t *testing.T, h *Harness), options ...Option) {
	t.Helper()
	t.Parallel()
	// The databases of one test run one after the other: a parallel subtest would keep the
	// connection that created its schema while it waits for its turn.
	databasetest.Each(t, func(t *testing.T, address string) { test(t, Open(t, address, options...)) })
}

// keys are the issuer's keys, shared by all tests of a process: computing their tables takes longer
// than the rest of the setup.
var keys = sync.OnceValue(keystore.New)

// Open starts an issuer on the database and a gateway. Both end with the test.
func Open(t testing.TB, address string, options ...Option) *Harness {
	t.Helper()
	h := &Harness{T: t, Clock: newClock(), Metrics: prometheus.NewRegistry(), Phones: provider.NewSandboxCodes(), Logs: new(runtest.Buffer), secrets: make(map[staff.Role]string)}
	transport := &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}
	h.http = passenger.HTTP(&http.Client{Transport: transport, Timeout: patience})
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(h.Logs), zap.DebugLevel))
	h.openIssuer(address, log, options)
	h.client = &passenger.Client{Issuer: h.issuer, Send: h.http, Now: h.Clock.Now}
	h.openGateway(log)
	t.Cleanup(transport.CloseIdleConnections)
	h.Ticketing = &Ticketing{Staff: h.Staff(staff.Ticketing)}
	return h
}

func (h *Harness) openIssuer(address string, log *zap.Logger, options []Option) {
	h.T.Helper()
	var err error
	h.Outbox, err = issuance.OpenOutbox(context.Background(), outbox.Config{Database: address, Partitions: partitions, Now: h.Clock.Now})
	h.must(err)
	h.T.Cleanup(func() { h.Outbox.Close() })
	c := issuance.Config{
		Keys: []keyring.Key{{ID: keys().IssuerID, Signer: keys().Issuer}}, FirstKeySigns: true,
		Credentials: credential.Config{
			Outbox: h.Outbox, Vault: keys().Vault,
			Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidentRegistry{},
			Now: h.Clock.Now, Log: log, Metrics: h.Metrics,
		},
		Hashing: account.Hashing{MemoryKiB: 64, Passes: 1, Lanes: 1, CheapForTests: true}, Codes: h.Phones,
	}
	for _, role := range staff.Roles() {
		secret, credential, err := staff.New(string(role)+"-1", role)
		h.must(err)
		h.secrets[role] = secret
		c.Staff = append(c.Staff, credential)
	}
	for _, o := range options {
		o(&c)
	}
	h.Issuer, err = issuance.Open(context.Background(), c)
	h.must(err)
	server := httptest.NewServer(h.Issuer.API.Public())
	h.T.Cleanup(server.Close)
	h.issuer = server.URL
}

// Erase deletes the personal data that is due and returns the number of applications erased.
func (h *Harness) Erase() int {
	h.T.Helper()
	n, err := h.Issuer.Credentials.Erase(context.Background())
	h.must(err)
	return n
}

// must ends the test on an unexpected error.
func (h *Harness) must(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

// Beijing is the time zone of the rules.
var Beijing = time.FixedZone("Beijing", 8*60*60)

// Clock is the time that issuer and gateway use. It starts at 8:00 on 10 February 2026 in Beijing,
// and only the test moves it.
type Clock struct{ ns atomic.Int64 }

func newClock() *Clock {
	c := new(Clock)
	c.Set(time.Unix(tokentest.Epoch, 0))
	return c
}

// Now returns the time of the clock, in Beijing.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).In(Beijing) }

// Move moves the clock forward.
func (c *Clock) Move(by time.Duration) { c.ns.Add(int64(by)) }

// Set sets the clock.
func (c *Clock) Set(to time.Time) { c.ns.Store(to.UnixNano()) }

// Environment returns the variables that a program outside the test needs to use issuer and
// gateway: their addresses and credentials, named as in docs/examples.
func (h *Harness) Environment() []string {
	h.Deliver()
	return []string{
		"ISSUER=" + h.issuer, "GATE=" + h.Gate.address, "DEVICE=" + h.Gate.credential,
		"WINDOW=" + h.secrets[staff.Window], "TICKETING=" + h.secrets[staff.Ticketing], "TICKETING_NAME=" + string(staff.Ticketing) + "-1",
	}
}
