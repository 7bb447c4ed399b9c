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

// throttleSettings limit floods and guessing.
type throttleSettings struct {
	InFlight        int `toml:"in_flight" doc:"concurrent requests of passengers and other non-staff callers; more get a 503"`
	InFlightNetwork int `toml:"in_flight_network" doc:"concurrent requests of one network within in_flight; 0: three quarters"`
	InFlightStaff   int `toml:"in_flight_staff" doc:"concurrent staff requests, counted apart from in_flight; one credential gets three quarters of them"`

	ApplicationBurst int           `toml:"application_burst" doc:"applications of one network in one burst; 0: no limit"`
	ApplicationEvery time.Duration `toml:"application_every" doc:"time after which one more application is allowed"`
	RevocationBurst  int           `toml:"revocation_burst" doc:"revocations, unrevocations and forgivings of one staff credential in one burst; 0: no limit"`
	RevocationEvery  time.Duration `toml:"revocation_every" doc:"time after which one more is allowed"`

	IdentificationsPerMinute int `toml:"identifications_per_minute" doc:"scanned codes per minute for which one staff credential may see the person; 0: no limit"`
	IdentificationsPerDay    int `toml:"identifications_per_day" doc:"the same per day, Beijing time; 0: no limit"`
	SubjectsPerDay           int `toml:"subjects_per_day" doc:"pseudonyms that one ticketing system may request per day, Beijing time; 0: no limit"`

	LoginFailures int           `toml:"login_failures" doc:"wrong passwords within login_window that lock a login name"`
	LoginWindow   time.Duration `toml:"login_window" doc:"time for which a wrong password counts"`
	LoginLock     time.Duration `toml:"login_lock" doc:"first lockout of a login name; each further one lasts twice as long"`
	LoginLockMax  time.Duration `toml:"login_lock_max" doc:"longest lockout of a login name"`

	FaceFailures int           `toml:"face_failures" doc:"failed face checks of a document from one network within face_window that lock the document for that network"`
	FaceWindow   time.Duration `toml:"face_window" doc:"time for which a failed face check counts"`
	FaceLock     time.Duration `toml:"face_lock" doc:"first lockout of a document for a network; each further one lasts twice as long"`
	FaceLockMax  time.Duration `toml:"face_lock_max" doc:"longest lockout of a document for a network"`

	DocumentFailures int           `toml:"document_failures" doc:"failed face checks of a document from all networks within a day, after which each failure delays its next check"`
	DocumentDelay    time.Duration `toml:"document_delay" doc:"first delay of a document; each further one lasts twice as long"`
	DocumentDelayMax time.Duration `toml:"document_delay_max" doc:"longest delay of a document"`

	NetworkFailures int           `toml:"network_failures" doc:"failed logins, registrations or face checks of a network within network_window before network_percent applies"`
	NetworkPercent  int           `toml:"network_percent" doc:"percentage of failures from which a network is throttled"`
	NetworkWindow   time.Duration `toml:"network_window" doc:"time for which an attempt of a network counts"`
	NetworkBurst    int           `toml:"network_burst" doc:"attempts of a throttled network in one burst"`
	NetworkEvery    time.Duration `toml:"network_every" doc:"time after which one more attempt is allowed"`
}

// defaultThrottle returns defaults of our choice:
//   - Applications: a station hall applies for 2,000 at once and 3,600 an hour; one
//     network then leaves less than 200 MB on the disk.
//   - Revocations: a police desk revokes 60 in a busy minute and 360 an hour; a stolen
//     credential cannot revoke all credentials of a day.
//   - Identifications: ten windows that share a credential identify a passenger each five
//     seconds.
//   - Subjects: a ticketing system requests a million pseudonyms a day; it would need
//     years to try all possible numbers.
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

// rules returns the lockout rules. Two parts are not settings: the privacy policy fixes
// when failures are deleted, and a rule fixes the failures that ticket windows may have
// for one document.
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

// rate returns a [throttle.Rate]; a burst of 0 means no limit.
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

// lockout returns the rules of failures, phone codes and networks.
func (c *config) lockout() throttle.Config {
	return throttle.Config{Rules: c.Throttle.rules(), Codes: c.PhoneCode.rules(), Network: c.Throttle.network()}
}

// maxInFlight keeps the memory of request bodies in progress below 1 GiB.
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

// checkRate validates a rate; the zero rate, no limit, is valid.
func checkRate(r throttle.Rate) error {
	if r == (throttle.Rate{}) {
		return nil
	}
	_, err := throttle.NewLimiter[int](throttle.LimiterConfig{Each: r})
	return err
}

// memoryLimit is the issuer's memory limit in bytes: memory_mib, or else the smaller of
// GOMEMLIMIT and the control group's limit; 0 if there is none.
func (c *config) memoryLimit(l process.MemoryLimits) int64 {
	if c.MemoryMiB > 0 {
		return int64(c.MemoryMiB) << 20
	}
	return l.Least()
}

// fitMemory returns as many concurrent password hashings as fit in the memory limit, and
// reports settings that exceed it or contradict each other.
func (c *config) fitMemory(l process.MemoryLimits, f *conf.Faults) (h account.Hashing) {
	limit := c.memoryLimit(l)
	switch {
	case c.MemoryMiB < 0:
		f.Add("memory_mib", errors.New("must be 0 or a number of MiB"))
	case l.Least() > 0 && limit > l.Least():
		f.Add("memory_mib", fmt.Errorf("is above the %d MiB that GOMEMLIMIT or the control group allows", l.Least()>>20))
	case l.Group > 0 && l.Runtime > l.Group:
		f.Add("memory_mib", fmt.Errorf("GOMEMLIMIT is %d MiB, and the control group allows %d MiB: set GOMEMLIMIT to about nine tenths of that", l.Runtime>>20, l.Group>>20))
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

// limitMemory sets the runtime's memory limit to nine tenths of the issuer's, unless
// GOMEMLIMIT is set: the garbage collector then runs before the limit kills the process.
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
