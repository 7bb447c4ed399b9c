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

// try makes an attempt if the network may, and says whether it might.
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

// 2,000 honest checks an hour of which 5 % fail, for six hours: a hundred failures
// an hour, and nobody is held back.
func TestBusyNetworkIsNotSlowed(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	for i := range 6 * 2000 {
		if !n.try(t, FaceChecks, network(1), person(i), i%20 == 0) {
			t.Fatalf("attempt %d was held back", i)
		}
		at.pass(time.Hour / 2000)
	}
}

// A network that only fails keeps the slow rate, its other efforts and other
// networks keep theirs, and when it stops failing it is as before.
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
		t.Errorf("tried %d times in a minute, want about %d", tried, most)
	}
	if !n.try(t, FaceChecks, network(1), person(1), false) || !n.try(t, Registrations, network(2), Key{}, true) {
		t.Error("another effort or another network was held back")
	}
	if got := n.slowed[Registrations].Load(); got != uint64(100*60-tried) {
		t.Errorf("%d refusals are counted", got)
	}
	for i := range 60 { // honest ones come through while it is slowed
		at.pass(r.Slow.Every)
		if !n.try(t, Registrations, network(1), person(i), false) {
			t.Fatal("slowed to nothing")
		}
	}
	at.pass(2 * r.Window)
	for i := range 200 {
		if !n.try(t, Registrations, network(1), person(i), i%10 == 0) {
			t.Fatalf("attempt %d was held back after the window", i)
		}
	}
}

// A guesser cannot hide behind successes of one account of its own.
func TestOneAccountsSuccessesHideNoFailures(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	held := false
	for range 200 {
		for range 5 {
			n.Succeeded(Logins, network(1), person(1))
		}
		held = held || !n.try(t, Logins, network(1), Key{}, true)
	}
	if !held {
		t.Error("200 failures beside the logins of one account were not held back")
	}
}

func TestNetworksAreBoundedInMemory(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	n.most = 10
	for i := range 50 {
		n.Failed(Logins, network(byte(i)))
	}
	if len(n.of) != 10 {
		t.Errorf("%d networks are remembered, want 10", len(n.of))
	}
	at.pass(2 * DefaultNetworkRule.Window)
	n.Failed(Logins, network(99))
	if len(n.of) != 1 {
		t.Errorf("%d networks are remembered after their windows, want 1", len(n.of))
	}
}

func TestNetworkOfAClockThatWasSetBack(t *testing.T) {
	at := newClock()
	n := newNetworks(DefaultNetworkRule, at.now)
	for range 100 {
		n.Failed(Logins, network(1))
	}
	at.pass(-24 * time.Hour)
	if err := n.Allow(Logins, network(1)); err != nil {
		t.Errorf("slowed by failures of a later time: %v", err)
	}
}

// Failures with a number lock it for the networks that they came from;
// from anywhere else its holder passes. Many networks only delay, by a minute at
// most here.
func TestFailuresElsewhereLockNoDocument(t *testing.T) {
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
				t.Fatalf("a guess during the delay was counted: %v", err)
			}
			at.pass(delay * time.Second)
			lockedFor(t, f, at, 0, keys(network(3))...)
		}
		// From one network it locks that network's pair alone.
		other := vault.PersonHash{2}
		fail(t, f, 10, f.Face(other, network(1)))
		lockedFor(t, f, at, time.Minute, f.Face(other, network(1)))
		lockedFor(t, f, at, 0, f.Face(other, network(2)), f.Face(victim, network(1)))

		// What an operator lifts is gone, for all networks and for this document alone.
		fail(t, f, 1, f.Face(victim, network(1)))
		lift := func(keys ...Key) (lifted int) {
			err := db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) (err error) {
				lifted, err = f.Unlock(ctx, tx, keys...)
				return err
			})
			runtest.Must(t, err)
			return lifted
		}
		if n := lift(f.Faces(other)); n != 1 {
			t.Errorf("lifted %d, want the one pair", n)
		}
		lockedFor(t, f, at, 0, f.Face(other, network(1)))
		if held, err := f.LockState(t.Context(), db.Writer(), f.Face(victim, network(1))); err != nil || held.Failures != 3 {
			t.Errorf("another document's failures: %+v, %v", held, err)
		}
		fail(t, f, 3, f.Account("someone"))
		if n := lift(f.Account("someone"), f.Account("nobody")); n != 1 {
			t.Errorf("lifted %d, want the one account", n)
		}
		lockedFor(t, f, at, 0, f.Account("someone"))
	})
}
