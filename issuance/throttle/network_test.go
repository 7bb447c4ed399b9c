package throttle

import (
	"context"
	"database/sql"
	"net/netip"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/harness/runtest"
)

func network(n byte) Caller { return callerOf(netip.AddrFrom4([4]byte{203, 0, 113, n})) }

// person is the key of the n-th test person.
func person(n int) Key { return Key{kind: Face, hash: [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}} }

// try makes an attempt if the network is not throttled, and reports whether it was made.
func (n *networks) try(t *testing.T, e Effort, from Caller, who Key, fails bool) bool {
	t.Helper()
	if err := n.Allow(e, from); err != nil {
		if !problem.Is(err, TooManyRequests) {
			t.Fatal(err)
		}
		return false
	}
	if fails {
		n.Failed(e, from)
	} else {
		n.Succeeded(e, from, who)
	}
	return true
}

// 2,000 honest checks an hour with 5 % failures, for six hours: a hundred failures an hour throttle no
// attempt.
func TestBusyNetworkIsNotSlowed(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	for i := range 6 * 2000 {
		if !n.try(t, FaceChecks, network(1), person(i), i%20 == 0) {
			t.Fatalf("attempt %d was throttled", i)
		}
		at.pass(time.Hour / 2000)
	}
}

// A network that only fails has the slow rate. Its other efforts and other networks are not affected. After
// the windows without failures it is not throttled.
func TestNetworkIsSlowedByItsShareOfFailures(t *testing.T) {
	at := newClock()
	r := DefaultNetworkRule
	n := newNetworks(r, at.now)
	tried := 0
	for range 100 * 60 { // a hundred a second for a minute
		if n.try(t, Registrations, network(1), Key{}, true) {
			tried++
		}
		at.pass(10 * time.Millisecond)
	}
	if most := r.Failures + r.Slow.Burst + 60; tried < most-2 || tried > most {
		t.Errorf("%d attempts in a minute, want about %d", tried, most)
	}
	if !n.try(t, FaceChecks, network(1), person(1), false) || !n.try(t, Registrations, network(2), Key{}, true) {
		t.Error("another effort or another network was throttled")
	}
	if got := n.slowed[Registrations].Load(); got != uint64(100*60-tried) {
		t.Errorf("%d refusals are counted", got)
	}
	for i := range 60 { // honest attempts at the slow rate
		at.pass(r.Slow.Every)
		if !n.try(t, Registrations, network(1), person(i), false) {
			t.Fatal("an attempt at the slow rate was refused")
		}
	}
	at.pass(2 * r.Window)
	for i := range 200 {
		if !n.try(t, Registrations, network(1), person(i), i%10 == 0) {
			t.Fatalf("attempt %d was throttled after the windows", i)
		}
	}
}

// An attacker cannot hide failures behind the successes of one account.
func TestRepeatedSuccessesOfOneAccountHideNoFailures(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	throttled := false
	for range 200 {
		for range 5 {
			n.Succeeded(Logins, network(1), person(1))
		}
		throttled = throttled || !n.try(t, Logins, network(1), Key{}, true)
	}
	if !throttled {
		t.Error("200 failures between the logins of one account were not throttled")
	}
}

func TestNetworksAreBoundedInMemory(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	n.maxNetworks = 10
	for i := range 50 {
		n.Failed(Logins, network(byte(i)))
	}
	if len(n.stats) != 10 {
		t.Errorf("%d networks are stored, want 10", len(n.stats))
	}
	at.pass(2 * DefaultNetworkRule.Window)
	n.Failed(Logins, network(99))
	if len(n.stats) != 1 {
		t.Errorf("%d networks are stored after their windows, want 1", len(n.stats))
	}
}

func TestClockSetBackThrottlesNoNetwork(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	for range 100 {
		n.Failed(Logins, network(1))
	}
	at.pass(-24 * time.Hour)
	if err := n.Allow(Logins, network(1)); err != nil {
		t.Errorf("throttled by failures with a later time: %v", err)
	}
}

// Failures with a document number lock it for the networks that they came from. Checks from other networks
// are allowed. Failures from many networks only delay, by at most a minute with these rules.
func TestFailuresFromOtherNetworksLockNoDocument(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		victim := vault.PersonHash{1}
		keys := func(from Caller) []Key { return []Key{f.Face(victim, from), f.Faces(victim)} }
		fail(t, f, 2, keys(network(1))...)
		fail(t, f, 1, keys(network(2))...)
		lockedFor(t, f, at, 0, keys(network(3))...)
		for i, delay := range []time.Duration{10, 20, 40, 60, 60} {
			from := network(byte(10 + i))
			fail(t, f, 1, keys(from)...)
			lockedFor(t, f, at, delay*time.Second, keys(network(3))...)
			if err := f.Count(t.Context(), keys(network(99))...); !problem.Is(err, TooManyFailures) {
				t.Fatalf("a failure during the delay was counted: %v", err)
			}
			at.pass(delay * time.Second)
			lockedFor(t, f, at, 0, keys(network(3))...)
		}
		// Failures from one network lock only the document for that network.
		other := vault.PersonHash{2}
		fail(t, f, 10, f.Face(other, network(1)))
		lockedFor(t, f, at, time.Minute, f.Face(other, network(1)))
		lockedFor(t, f, at, 0, f.Face(other, network(2)), f.Face(victim, network(1)))

		// An operator unlocks a document for all networks; other documents stay locked.
		fail(t, f, 1, f.Face(victim, network(1)))
		unlock := func(keys ...Key) (deleted int) {
			err := db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) (err error) {
				deleted, err = f.Unlock(ctx, tx, keys...)
				return err
			})
			runtest.Must(t, err)
			return deleted
		}
		if n := unlock(f.Faces(other)); n != 1 {
			t.Errorf("%d rows deleted, want 1", n)
		}
		lockedFor(t, f, at, 0, f.Face(other, network(1)))
		if state, err := f.LockState(t.Context(), db.Writer(), f.Face(victim, network(1))); err != nil || state.Failures != 3 {
			t.Errorf("another document's failures: %+v, %v", state, err)
		}
		fail(t, f, 3, f.Account("someone"))
		if n := unlock(f.Account("someone"), f.Account("no-one")); n != 1 {
			t.Errorf("%d rows deleted, want 1", n)
		}
		lockedFor(t, f, at, 0, f.Account("someone"))
	})
}
