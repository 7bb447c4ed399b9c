// Package fake provides a fake gateway and issuer over real HTTP on loopback, for tests
// of the load test. Its verdicts come from [tokens.Checker].
//
// It can be configured to answer wrongly, to stall or to lose revocations, which the load
// test must notice. It keeps everything in memory and promises no speed.
package fake

import (
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Key ids of the fake issuer and of the load key.
const (
	ownKey  = 7
	LoadKey = 40001
)

// Behavior is how the fake differs from a correct system; the zero value does not differ.
type Behavior struct {
	// LieEvery makes every n-th check under load return the opposite verdict; 0: none.
	LieEvery int64
	// StallAfter and StallFor stop all answers once, counted from the first
	// check of a pass signed with the load key.
	StallAfter, StallFor time.Duration
	// EachCheck is the time that a check takes.
	EachCheck time.Duration
	// LoseRevocations accepts revocations without applying them.
	LoseRevocations bool
	// NoLoadKey leaves the load key unannounced.
	NoLoadKey bool
	// Overloaded answers every check under load with 503.
	Overloaded bool
	// Passback is what the gateway does about a second use: flag or deny; empty: it does not check it.
	Passback string
	// ForgetEvery makes every n-th attempt to use a code pass as its first; 0: none.
	ForgetEvery int64
	// WrongAge adds to the age of the passage that a used or repeated code meets.
	WrongAge time.Duration
	// Ticket is the state of the ticket in every verdict; empty: verdicts have none.
	Ticket string
	// NeverReady keeps /readyz at 503.
	NeverReady bool
}

// NoLimits is for tests that share their machine with other tests, which make any load
// generator late.
var NoLimits = loadtest.Limits{Share: 1, Least: time.Hour, Late: time.Hour, LateShare: 1, Processor: 1e9}

// Servers are a running gateway and issuer.
type Servers struct {
	behavior        Behavior
	gateway, issuer *httptest.Server
	device, staff   string
	second          string // credential of another device
	passed          passed
	seed            loadtest.Seed
	own             tokentest.Issuer
	checker         tokens.Checker
	checks, loads   atomic.Int64 // all, and those of passes signed with the load key
	firstLoad       atomic.Int64 // time of the first load check, Unix nanoseconds

	mu           sync.Mutex // guards the fields below
	approvals    uint32
	revoked      map[tokens.Serial]bool
	applications map[string]*application // by application id
	numbers      map[string]bool         // document numbers seen
}

// Start starts both servers on free ports; Close ends them.
func Start(b Behavior) *Servers {
	w := &Servers{
		behavior: b,
		device:   "rgd_" + strings.Repeat("d", 64), staff: "rgs_" + strings.Repeat("e", 64),
		own:     tokentest.NewIssuer(ownKey),
		second:  "rgd_" + strings.Repeat("c", 64),
		revoked: map[tokens.Serial]bool{}, applications: map[string]*application{}, numbers: map[string]bool{},
	}
	for i := range w.seed {
		w.seed[i] = byte(i + 1)
	}
	keys := []tokens.Key{w.own.Key()}
	if !b.NoLoadKey {
		load := signing.NewKey(w.seed)
		keys = append(keys, tokens.Key{ID: LoadKey, Public: load.Public(), Cutoff: tokens.Never})
	}
	set, err := tokens.NewKeySet(keys...)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	w.checker = tokens.Checker{Keys: set, Revocations: w, Passes: &passes{}}
	w.gateway = httptest.NewServer(w.gatewayHandler())
	w.issuer = httptest.NewServer(w.issuerHandler())
	return w
}

// Close ends both servers.
func (w *Servers) Close() {
	w.gateway.Close()
	w.issuer.Close()
}

// Target returns the target of a load test of the servers.
func (w *Servers) Target() loadtest.Target {
	return loadtest.Target{
		Gateway: w.gateway.URL, Issuer: w.issuer.URL, Device: w.device, Staff: w.staff,
		LoadKey: loadtest.LoadKey{ID: LoadKey, Seed: w.seed},
	}
}

// Second returns the credential of another device of the gateway.
func (w *Servers) Second() string { return w.second }

// Checks returns the number of checks answered with a verdict.
func (w *Servers) Checks() int64 { return w.checks.Load() }

// Revocations returns the number of revoked credentials.
func (w *Servers) Revocations() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.revoked)
}

// Numbers returns the document numbers of all applications.
func (w *Servers) Numbers() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for n := range w.numbers {
		all = append(all, n)
	}
	return all
}

// Revoked implements [tokens.Revocations].
func (w *Servers) Revoked(s tokens.Serial) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revoked[s]
}

// Cutoff implements [tokens.Revocations]; no subject has a cutoff.
func (w *Servers) Cutoff(tokens.Subject) int64 { return 0 }

// Closed implements [tokens.Revocations]; no session is closed.
func (w *Servers) Closed(tokens.Serial, int64, int64) bool { return false }

// passes remembers every pass.
type passes struct{ seen sync.Map }

func (p *passes) Recall(pass *tokens.SignedPass) (tokens.Shown, bool) {
	shown, ok := p.seen.Load(*pass)
	if !ok {
		return tokens.Shown{}, false
	}
	return shown.(tokens.Shown), true
}

func (p *passes) Remember(pass *tokens.SignedPass, shown tokens.Shown) { p.seen.Store(*pass, shown) }
