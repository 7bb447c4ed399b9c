package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/throttle"
)

// throttle is what holds back floods and guesses.
type throttleSettings struct {
	InFlight        int `toml:"in_flight" doc:"requests served at once for all but staff; more get a 503"`
	InFlightNetwork int `toml:"in_flight_network" doc:"of those, the requests of one network; 0: three quarters"`
	InFlightStaff   int `toml:"in_flight_staff" doc:"staff requests served at once besides those, three quarters of them for one credential"`

	ApplicationBurst int           `toml:"application_burst" doc:"applications of one network at once; 0: no bound"`
	ApplicationEvery time.Duration `toml:"application_every" doc:"one more each time this has passed"`
	RevocationBurst  int           `toml:"revocation_burst" doc:"revocations and liftings of one staff credential at once; 0: no bound"`
	RevocationEvery  time.Duration `toml:"revocation_every" doc:"one more each time this has passed"`

	IdentificationsPerMinute int `toml:"identifications_per_minute" doc:"scanned codes that one staff credential asks the person of, each minute; 0: no bound"`
	IdentificationsPerDay    int `toml:"identifications_per_day" doc:"the same for each day, Beijing time; 0: no bound"`
	SubjectsPerDay           int `toml:"subjects_per_day" doc:"pseudonyms that one ticketing system asks for each day, Beijing time; 0: no bound"`

	LoginFailures int           `toml:"login_failures" doc:"wrong passwords for a login name within login_window that lock it"`
	LoginWindow   time.Duration `toml:"login_window" doc:"how long wrong passwords count together"`
	LoginLock     time.Duration `toml:"login_lock" doc:"how long the first lock of a login name lasts; each further one lasts twice as long"`
	LoginLockMax  time.Duration `toml:"login_lock_max" doc:"how long it lasts at most"`

	FaceFailures int           `toml:"face_failures" doc:"failed face checks of a document from one network within face_window that lock it for that network"`
	FaceWindow   time.Duration `toml:"face_window" doc:"how long failed face checks count together"`
	FaceLock     time.Duration `toml:"face_lock" doc:"how long the first lock of a document for a network lasts; each further one lasts twice as long"`
	FaceLockMax  time.Duration `toml:"face_lock_max" doc:"how long it lasts at most"`

	DocumentFailures int           `toml:"document_failures" doc:"failed face checks of a document from all networks within a day, from which on each failure delays its next check"`
	DocumentDelay    time.Duration `toml:"document_delay" doc:"how long the first delay lasts; each further one lasts twice as long"`
	DocumentDelayMax time.Duration `toml:"document_delay_max" doc:"how long it lasts at most"`

	NetworkFailures int           `toml:"network_failures" doc:"failures of a network at logins, registrations or face checks within network_window before their share counts"`
	NetworkPercent  int           `toml:"network_percent" doc:"share of failures from which the network is slowed, percent"`
	NetworkWindow   time.Duration `toml:"network_window" doc:"how long attempts of a network count"`
	NetworkBurst    int           `toml:"network_burst" doc:"attempts of a slowed network at once"`
	NetworkEvery    time.Duration `toml:"network_every" doc:"one more each time this has passed"`
}

// The defaults of the two rates are our choice. A station hall applies for 2,000 at
// once and 3,600 an hour; what a network leaves on the disk stays below 200 MB. A
// police desk withdraws 60 in a minute that matters and 360 an hour; who guesses
// with its credential does not withdraw a day's credentials. Ten windows that share a
// credential identify a passenger each five seconds; a ticketing system asks for a
// million pseudonyms a day, and needs years for all numbers that there can be.
func defaultThrottle() throttleSettings {
	rules, network := throttle.DefaultRules, throttle.DefaultNetworkRule
	return throttleSettings{
		InFlight: httpapi.DefaultMaxInFlight, InFlightStaff: httpapi.DefaultMaxStaff,
		ApplicationBurst: 2000, ApplicationEvery: time.Second, RevocationBurst: 60, RevocationEvery: 10 * time.Second,
		IdentificationsPerMinute: 120, IdentificationsPerDay: 10_000, SubjectsPerDay: 1_000_000,
		LoginFailures: rules.Account.Failures, LoginWindow: rules.Account.Window, LoginLock: rules.Account.FirstLock, LoginLockMax: rules.Account.MaxLock,
		FaceFailures: rules.Face.Failures, FaceWindow: rules.Face.Window, FaceLock: rules.Face.FirstLock, FaceLockMax: rules.Face.MaxLock,
		DocumentFailures: rules.Faces.Failures, DocumentDelay: rules.Faces.FirstLock, DocumentDelayMax: rules.Faces.MaxLock,
		NetworkFailures: network.Failures, NetworkPercent: network.Percent, NetworkWindow: network.Window,
		NetworkBurst: network.Slow.Burst, NetworkEvery: network.Slow.Every,
	}
}

// rules are those of failures that lock. What is forgotten when, and proofs at
// windows, are no settings: the privacy policy names the one, a rule the other.
func (t throttleSettings) rules() throttle.Rules {
	r := throttle.DefaultRules
	r.Account.Failures, r.Account.Window, r.Account.FirstLock, r.Account.MaxLock = t.LoginFailures, t.LoginWindow, t.LoginLock, t.LoginLockMax
	r.Face.Failures, r.Face.Window, r.Face.FirstLock, r.Face.MaxLock = t.FaceFailures, t.FaceWindow, t.FaceLock, t.FaceLockMax
	r.Faces.Failures, r.Faces.FirstLock, r.Faces.MaxLock = t.DocumentFailures, t.DocumentDelay, t.DocumentDelayMax
	return r
}

func (t throttleSettings) network() throttle.NetworkRule {
	return throttle.NetworkRule{Failures: t.NetworkFailures, Percent: t.NetworkPercent, Window: t.NetworkWindow,
		Slow: throttle.Rate{Burst: t.NetworkBurst, Every: t.NetworkEvery}}
}

// rate is throttle.Rate as typed; without a burst there is no bound.
func rate(burst int, every time.Duration) throttle.Rate {
	if burst == 0 {
		return throttle.Rate{}
	}
	return throttle.Rate{Burst: burst, Every: every}
}

func (t throttleSettings) applications() throttle.Rate {
	return rate(t.ApplicationBurst, t.ApplicationEvery)
}
func (t throttleSettings) changes() throttle.Rate { return rate(t.RevocationBurst, t.RevocationEvery) }

func (t throttleSettings) identifications() throttle.Allowance {
	return throttle.Allowance{Minute: t.IdentificationsPerMinute, Day: t.IdentificationsPerDay}
}
func (t throttleSettings) subjects() throttle.Allowance {
	return throttle.Allowance{Day: t.SubjectsPerDay}
}

// lockout are the rules of failures, codes and networks.
func (c *config) lockout() throttle.Config {
	return throttle.Config{Rules: c.Throttle.rules(), Codes: c.PhoneCode.rules(), Network: c.Throttle.network()}
}

// maxInFlight keeps the memory of bodies that arrive below 1 GiB.
const maxInFlight = 8192

func (t throttleSettings) validate(f *conf.Faults) {
	f.Need(t.InFlight >= 1 && t.InFlight <= maxInFlight, "throttle.in_flight", "must be 1 to %d", maxInFlight)
	f.Need(t.InFlightNetwork >= 0 && t.InFlightNetwork <= t.InFlight, "throttle.in_flight_network", "must be 0 to in_flight")
	f.Need(t.InFlightStaff >= 1 && t.InFlightStaff <= maxInFlight, "throttle.in_flight_staff", "must be 1 to %d", maxInFlight)
	f.Add("throttle.application_burst", checkRate(t.applications()))
	f.Add("throttle.revocation_burst", checkRate(t.changes()))
	f.Need(t.IdentificationsPerMinute >= 0, "throttle.identifications_per_minute", "must not be negative")
	f.Need(t.IdentificationsPerDay >= 0, "throttle.identifications_per_day", "must not be negative")
	f.Need(t.SubjectsPerDay >= 0, "throttle.subjects_per_day", "must not be negative")
	f.Add("throttle", t.rules().Check())
	f.Add("throttle", t.network().Check())
}

// checkRate reports what is wrong with a rate; no bound is right.
func checkRate(r throttle.Rate) error {
	if r == (throttle.Rate{}) {
		return nil
	}
	_, err := throttle.NewLimiter[int](throttle.LimiterConfig{Each: r})
	return err
}

// memoryLimit is what the issuer may take, bytes: memory_mib, or else the smaller of
// GOMEMLIMIT and the control group's limit; 0: no limit is known.
func (c *config) memoryLimit(l process.MemoryLimits) int64 {
	if c.MemoryMiB > 0 {
		return int64(c.MemoryMiB) << 20
	}
	return l.Least()
}

// fitMemory has as many passwords hashed at once as the limit holds, and reports
// settings that do not fit it or each other.
func (c *config) fitMemory(l process.MemoryLimits, f *conf.Faults) (h account.Hashing) {
	limit := c.memoryLimit(l)
	switch {
	case c.MemoryMiB < 0:
		f.Add("memory_mib", errors.New("must be 0, or a number of MiB"))
	case l.Least() > 0 && limit > l.Least():
		f.Add("memory_mib", fmt.Errorf("is above the %d MiB that GOMEMLIMIT or the control group allows", l.Least()>>20))
	case l.Group > 0 && l.Runtime > l.Group:
		f.Add("memory_mib", fmt.Errorf("GOMEMLIMIT is %d MiB, and the control group allows %d MiB: set it lower, about nine tenths of that", l.Runtime>>20, l.Group>>20))
	}
	h = account.DefaultHashing
	h.Concurrent = c.PasswordHashings
	if err := h.Check(); err != nil {
		f.Add("password_hashings", err)
		return h
	}
	fitting, err := h.WithinMemory(limit)
	if few := (*account.MemoryError)(nil); errors.As(err, &few) && c.PasswordHashings == 0 {
		f.Add("memory_mib", err)
	} else {
		f.Add("password_hashings", err)
	}
	return fitting
}

// limitMemory has the runtime collect garbage before the limit ends the process, where
// GOMEMLIMIT does not say so already.
func (c *config) limitMemory(l process.MemoryLimits, log *zap.Logger) {
	limit := c.memoryLimit(l)
	if l.Runtime == 0 && limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
	known := "none"
	if limit > 0 {
		known = fmt.Sprintf("%d MiB", limit>>20)
	}
	log.Info("memory", zap.String("limit", known), zap.Int("password_hashings", c.hashing.MaxConcurrent()), zap.Int("hashing_mib", c.hashing.MemoryMiB()))
}
