// Package harness runs a whole railgate inside a test: an issuer and a gateway, each
// behind its real HTTP interface, one database, sandbox providers, staff of every role
// and a clock that only the test moves. A story is told through small clients: a
// [Passenger] with a phone, an [Account], [Staff] of a role, the [Ticketing] system and
// a [Gate].
//
//	harness.Each(t, func(t *testing.T, h *harness.Harness) {
//		p := h.Apply(h.Person())
//		p.Show(p.Check())
//		h.Gate.Scan(p.Code(), "entry").Allowed(t)
//		h.Clock.Move(30 * time.Minute)
//		h.Gate.Scan(p.Code(), "entry").Denied(t, "session_expired")
//	})
//
// [Harness.Person], [Harness.Born] and [Harness.Visitor] make people. Each client has
// Call for what none of its helpers does; [Answer.OK], [Answer.Refused] and [As] read
// answers. An [Option] changes the issuer's setup, for instance its limits.
//
// The harness promises that a story is deterministic: no part of it judges by real
// time, nothing runs in the background (but the sending of a recovery's code, which
// StartRecovery waits for), and the gateway knows every committed
// revocation when [Gate.Scan] asks it. The stream's transport, Kafka, is therefore not
// part of it: the harness itself does the publisher's and the follower's work, with the
// same records, signatures and numbers. Package test/e2e tests those two.
//
// Packages below it serve those who must not link issuer or gateway, or want real
// processes: passenger (clients over HTTP only, invented people), stack (settings and
// start of the built commands) and process (programs, processors, ports).
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
	Gate      *Gate // may ask for every scope
	Ticketing *Ticketing

	// Below HTTP, for what a story does in the program's place: erasure, sweeping.
	Issuer  *issuance.Issuer
	Outbox  *outbox.Outbox
	Metrics *prometheus.Registry   // of the issuer
	Phones  *provider.SandboxCodes // has the codes that were sent
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

// Option changes how the issuer is set up, before it opens.
type Option func(*issuance.Config)

// Each tells a story on every database there is. The stories of a package run side by
// side: a story uses nothing but its harness.
func Each(t *testing.T, story func(t *testing.T, h *Harness), options ...Option) {
	t.Helper()
	t.Parallel()
	// A story's databases come one after the other: a parallel subtest would hold the
	// connection that made its schema while it waits for its turn.
	databasetest.Each(t, func(t *testing.T, address string) { story(t, Open(t, address, options...)) })
}

// keys are the issuer's, the same for all tests of a process: making their tables takes
// longer than everything else here.
var keys = sync.OnceValue(keystore.New)

// Open starts an issuer on the database and a gateway; both end with the test.
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
			Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidents{},
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

// Erase erases what is due, and returns how many applications that were.
func (h *Harness) Erase() int {
	h.T.Helper()
	n, err := h.Issuer.Credentials.Erase(context.Background())
	h.must(err)
	return n
}

// must ends the test on an error that no story is about.
func (h *Harness) must(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

// Beijing is the time zone of the rules.
var Beijing = time.FixedZone("Beijing", 8*60*60)

// Clock is the time that issuer and gateway judge by. It begins on 10 February 2026,
// 8 o'clock in Beijing, and stands still until it is moved.
type Clock struct{ ns atomic.Int64 }

func newClock() *Clock {
	c := new(Clock)
	c.Set(time.Unix(tokentest.Epoch, 0))
	return c
}

// Now is the present moment of the story, in Beijing.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).In(Beijing) }

// Move moves the clock forward.
func (c *Clock) Move(by time.Duration) { c.ns.Add(int64(by)) }

// Set moves the clock to a moment.
func (c *Clock) Set(to time.Time) { c.ns.Store(to.UnixNano()) }

// Environment is what a program outside the test needs to use issuer and gateway: their
// addresses and credentials, as docs/examples names them.
func (h *Harness) Environment() []string {
	h.Deliver()
	return []string{
		"ISSUER=" + h.issuer, "GATE=" + h.Gate.address, "DEVICE=" + h.Gate.credential,
		"WINDOW=" + h.secrets[staff.Window], "TICKETING=" + h.secrets[staff.Ticketing], "TICKETING_NAME=" + string(staff.Ticketing) + "-1",
	}
}
