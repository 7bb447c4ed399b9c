package gateway

import (
	"errors"

	"github.com/railgate/railgate/revocation"
)

// Action is what the gateway does in a state of the revocation data. The zero value
// denies.
type Action uint8

// The actions.
const (
	Deny  Action = iota
	Flag         // judge, and say in the verdict that it needs a second look
	Serve        // judge
	actionCount
)

var actionNames = [actionCount]string{"deny", "flag", "serve"}

func (a Action) String() string { return actionNames[a] }

// Policy is the action for each state.
type Policy [revocation.Suspect + 1]Action

// DefaultPolicy continues to serve on stale data, flagged, until it expires. A
// gateway that is booting denies until it has read the stream, about a second.
var DefaultPolicy = Policy{
	revocation.Booting: Deny,
	revocation.Fresh:   Serve,
	revocation.Stale:   Flag,
	revocation.Expired: Deny,
	revocation.Suspect: Flag,
}

// PolicyEntry is a policy as configured; an empty action keeps the default. Fresh
// data is always served. Serve and flag apply to booting only with a restored
// snapshot that has not expired: without data no code can be judged.
type PolicyEntry struct {
	Booting string `toml:"booting" doc:"the stream is not read to its end yet; applies only with a restored snapshot that has not expired"`
	Stale   string `toml:"stale" doc:"older than stale_after"`
	Expired string `toml:"expired" doc:"older than expired_after; flag admits on old data, to be reviewed afterwards"`
	Suspect string `toml:"suspect" doc:"the stream contradicts itself or is dated ahead of this clock; every revocation ever received counts"`
}

// Entry returns the policy as it would be configured.
func (p Policy) Entry() PolicyEntry {
	return PolicyEntry{
		Booting: p[revocation.Booting].String(), Stale: p[revocation.Stale].String(),
		Expired: p[revocation.Expired].String(), Suspect: p[revocation.Suspect].String(),
	}
}

// With returns the policy with the entry's actions in place of its own.
func (p Policy) With(e PolicyEntry) (Policy, error) {
	var faults []error
	for _, c := range []struct {
		state revocation.State
		name  string
	}{{revocation.Booting, e.Booting}, {revocation.Stale, e.Stale}, {revocation.Expired, e.Expired}, {revocation.Suspect, e.Suspect}} {
		faults = append(faults, setAction(&p[c.state], c.state.String(), c.name))
	}
	return p, errors.Join(faults...)
}

// action returns what to do with data of that freshness.
func (p *Policy) action(f revocation.Freshness) Action {
	if !f.Usable {
		return Deny
	}
	return p[f.State]
}
