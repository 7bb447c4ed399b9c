// Package loadtest sends checks to a running gateway at a fixed rate and compares every
// verdict with the expected one, which is known by construction.
//
// It promises: arrivals do not wait for answers (open loop). Latency counts from the time
// a request was due. Arrivals that could not be sent are reported as unmet supply. Every
// verdict and reason is compared, so a gateway that is fast and wrong fails. Only right
// answers have a latency; failures are counted by class. A run that this program limited
// is invalid and shows no latency, see [Limits]. Revoked credentials are real: applied
// for, approved, opened and revoked through the issuer's HTTP API.
//
// It does not measure the network beyond loopback, a phone or a scanner, and it shares
// the machine's cores with the gateway. It uses HTTP only: it knows the token format, but
// not the implementation of gateway and issuer.
//
// Every expected verdict is unambiguous. A code is made for the second in which it is
// sent, and the gateway may judge it up to five seconds earlier or a minute later:
//
//   - a current step is valid during its own period and the next, and from five seconds
//     before it begins;
//   - a stale step is at least two behind the clock of ClockMargin ago, and becomes
//     staler as time passes;
//   - every session outlasts the run by SessionMargin, so none ends during the run.
//
// Tampered codes have a current step and a credential that is not revoked, so only the
// flipped bit can cause their denial.
//
// Passback of the gateway is detected before the run. If it is on, the load test knows when each pass was shown where,
// and so whether it is a first use, a repetition or a second use. Only where requests of one pass overlap, or an age is
// at the edge of a limit, several results are accepted. The passes have invented holders, so no ticket is held.
package loadtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Bounds of all waits.
const (
	// RequestTimeout bounds one check, from sending to the complete answer. A passenger
	// does not wait longer.
	RequestTimeout = 2 * time.Second
	// SendGrace is how long after the last arrival a backlog may still be sent:
	// arrivals due in the last instant are not unmet for that reason.
	SendGrace = time.Second
	// ReadyWait bounds the wait for the gateway's readiness.
	ReadyWait = 30 * time.Second
	// RevokeWait bounds the wait, for one credential, until the gateway allows it, and
	// then until it denies it.
	RevokeWait = 10 * time.Second
	// IssuerTimeout bounds one request to the issuer.
	IssuerTimeout = 5 * time.Second
	// PrepareWait bounds the making of passes; sessions are long enough for it.
	PrepareWait = 2 * time.Minute
	// MaxRun bounds warm-up and measured part together, so that 30-minute sessions
	// opened before the run outlast it.
	MaxRun = 20 * time.Minute
	// ClockMargin is how far the gateway's clock may be behind this machine's; it equals
	// the tolerance of the token format.
	ClockMargin = 5 * time.Second
	// SessionMargin is how long every session outlasts the run's last wait.
	SessionMargin = time.Minute
)

// Bounds of all sizes.
const (
	MaxRate        = 200_000 // arrivals per second
	MaxConnections = 4096
	MaxRevoked     = 1000    // credentials
	MaxPasses      = 4 << 20 // fresh passes of one run: about 160 bytes each for a short run
	MaxTargetFile  = 64 << 10
	MaxAnswer      = 64 << 10 // bytes of one HTTP answer
	// FirstWrong is how many wrong verdicts are reported in full.
	FirstWrong = 10
)

// Config is one load test. Start from DefaultConfig.
type Config struct {
	Target      Target
	AllowRemote bool // load machines other than this one

	Rate        float64       // arrivals per second, above 0 up to MaxRate
	Uniform     bool          // evenly spaced arrivals instead of a Poisson process
	Warmup      time.Duration // before the measured part, at the same rate; 0 for none
	Duration    time.Duration // of the measured part; with the warm-up at most MaxRun
	Connections int           // keep-alive connections, and so concurrent requests; 1 to MaxConnections
	Mix         Mix
	Revoked     int    // credentials that are made and revoked before the run; 0 only if the mix has none
	Seed        uint64 // the same seed draws the same arrivals
	Scope       tokens.Scope
	Limits      Limits // bounds of this program's own contribution to latency

	Command string // the command line for reports, without credentials
}

// DefaultConfig returns the load test of a plain `go run ./cmd/loadtest`, except for the target.
func DefaultConfig() Config {
	return Config{
		Rate: 5000, Warmup: 2 * time.Second, Duration: 30 * time.Second, Connections: 64,
		Mix: DefaultMix, Revoked: 50, Seed: 1, Scope: tokens.Entry,
		Limits: DefaultLimits,
	}
}

// Validate reports every field that is out of bounds.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Rate > 0 && c.Rate <= MaxRate, "rate: expected arrivals per second, above 0 up to %d", MaxRate)
	check(c.Duration > 0, "duration: expected more than 0")
	check(c.Warmup >= 0, "warmup: expected 0 or more")
	check(c.Warmup <= MaxRun && c.Duration <= MaxRun && c.run() <= MaxRun,
		"warmup and duration: expected at most %v together, so that 30-minute sessions outlast the run", MaxRun)
	check(c.Connections >= 1 && c.Connections <= MaxConnections, "connections: expected 1 to %d", MaxConnections)
	check(c.Revoked >= 0 && c.Revoked <= MaxRevoked, "revoked: expected 0 to %d", MaxRevoked)
	check(c.Scope.String() != "unknown", "scope: expected one of %v", tokens.ScopeNames())
	errs = append(errs, c.Mix.Validate())
	check(c.Mix[Revoked] == 0 || c.Revoked > 0, "revoked: the mix has revoked codes, so expected at least 1")
	errs = append(errs, c.Target.Validate(c.Mix[Revoked] > 0))
	if !c.AllowRemote {
		errs = append(errs, c.Target.Loopback())
	}
	return errors.Join(errs...)
}

// run returns the time in which arrivals are due.
func (c *Config) run() time.Duration { return c.Warmup + c.Duration }

func (c *Config) schedule() *Schedule {
	s := NewSchedule(c.Mix, c.Rate, c.run(), c.Uniform, c.Seed)
	switch {
	case c.Target.SecondGateway != "":
		s.reuseAfter = reuseElsewhere
	case c.Target.Second != "":
		s.reuseAfter = reuseAtOther
	}
	return s
}
