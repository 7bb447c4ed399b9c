package loadtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Config is one load test. Start from DefaultConfig.
type Config struct {
	Target      Target
	AllowRemote bool // load machines other than this one

	Rate        float64       // arrivals per second, above 0 up to MaxRate
	Uniform     bool          // evenly spaced arrivals instead of a Poisson process
	Warmup      time.Duration // before the measured part, at the same rate; 0 for none
	Duration    time.Duration // of the measured part; with the warm-up at most MaxRun
	Connections int           // keep-alive connections, and as many requests at once; 1 to MaxConnections
	Mix         Mix
	Revoked     int    // credentials that are made and revoked before the run; 0 only if the mix has none
	Seed        uint64 // the same seed draws the same arrivals
	Scope       tokens.Scope
	Limits      Limits // of what this program may add to the latencies

	Command string // the command line as it may be shown: without credentials
}

// DefaultConfig is the load test that a plain `go run ./cmd/loadtest` runs, but for the target.
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

// run is the time in which arrivals are due.
func (c *Config) run() time.Duration { return c.Warmup + c.Duration }

func (c *Config) schedule() *Schedule {
	return NewSchedule(c.Mix, c.Rate, c.run(), c.Uniform, c.Seed)
}
