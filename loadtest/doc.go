// Package loadtest asks a running gateway for verdicts at a fixed rate and
// compares every answer with the one that is right by construction.
//
// It promises: arrivals do not wait for answers (open loop), latency counts
// from the moment a request was due, arrivals that could not be sent are
// reported as unmet supply, and each verdict and reason is compared, so that a
// fast wrong gateway fails. Only right answers have a latency; failures are counted
// by class. A run that this program limited is invalid and shows no latency, see
// [Limits]. What is revoked was really revoked: applied for,
// approved, opened and withdrawn through the issuer's HTTP API.
//
// It does not measure the network beyond loopback, a phone or a scanner, and
// it shares the machine's cores with the gateway it measures. It speaks HTTP
// only: it knows the token, and nothing of how gateway or issuer are built.
//
// No answer is doubtful. A code is made for the second in which it is sent, and
// the gateway may judge it up to five seconds earlier or a minute later:
//
//   - a current step stays good for its own period and the next, and is good
//     from five seconds before it begins;
//   - a stale step is at least two behind the clock of ClockMargin ago, and the
//     further the clock runs the staler it gets;
//   - every session outlasts the run by SessionMargin, so none runs out in it.
//
// Tampered codes carry a current step and a credential that is not revoked, so
// nothing but the flipped bit can refuse them.
package loadtest

import "time"

// Every wait has a bound.
const (
	// RequestTimeout bounds one check from sending to the whole answer. A gate that waits
	// longer has lost its passenger.
	RequestTimeout = 2 * time.Second
	// SendGrace is how long after the last arrival a backlog may still be sent
	// off: arrivals due in the last instant are not unmet for being last.
	SendGrace = time.Second
	// ReadyWait bounds the wait for the gateway's readiness.
	ReadyWait = 30 * time.Second
	// RevokeWait bounds the wait, for one credential, until the gateway admits
	// it, and then until it refuses it.
	RevokeWait = 10 * time.Second
	// IssuerTimeout bounds one call of the issuer.
	IssuerTimeout = 5 * time.Second
	// PrepareWait bounds the making of passes; sessions are long enough for it.
	PrepareWait = 2 * time.Minute
	// MaxRun bounds warm-up and run together, so that 30-minute sessions that
	// were opened before the run outlast it.
	MaxRun = 20 * time.Minute
	// ClockMargin is how far the gateway's clock may be behind ours; it equals
	// what the token format tolerates.
	ClockMargin = 5 * time.Second
	// SessionMargin is how long every session goes on after the run's last wait.
	SessionMargin = time.Minute
)

// Every size has a bound.
const (
	MaxRate        = 200_000 // arrivals per second
	MaxConnections = 4096
	MaxRevoked     = 1000    // credentials
	MaxPasses      = 4 << 20 // fresh passes of one run: about 160 bytes each for a short run
	MaxTargetFile  = 64 << 10
	MaxAnswer      = 64 << 10 // bytes of one HTTP answer
	// FirstWrong is how many wrong verdicts are kept in full.
	FirstWrong = 10
)
