package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

func passengers(l *ledger, n int, now time.Time) {
	for range n {
		l.add(&holder{Session: &passenger.Session{Start: now.Unix()}})
	}
}

// Between begin and end no other goroutine gets the credential.
func TestCredentialHasOneRequestAtATime(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	passengers(l, 1, now)
	e, revoke, ok := l.begin(r, now)
	for tries := 0; !revoke; tries++ { // some requests repeat the present state
		if !ok || tries > 100 {
			t.Fatal("an unrevoked credential is never revoked")
		}
		l.end(e, revoke, acknowledged, now)
		e, revoke, ok = l.begin(r, now)
	}
	if l.statusOf(e).Settled {
		t.Error("settled while a request is in progress")
	}
	if _, _, ok := l.begin(r, now); ok {
		t.Error("returned a second time while a request is in progress")
	}
	before := l.statusOf(e).Version
	l.end(e, true, acknowledged, now.Add(time.Second))
	after := l.statusOf(e)
	if !after.Settled || !after.Revoked || !after.Ever || after.Version == before || after.AckMS != now.Add(time.Second).UnixMilli() {
		t.Errorf("after the acknowledgement: %+v", after)
	}
}

// A request without an answer may still be processed. Its credential is suspended and not judged
// until a later request is acknowledged.
func TestUnknownOutcomeIsRequestedAgain(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	passengers(l, 1, now)
	e, revoke, _ := l.begin(r, now)
	l.end(e, revoke, unknown, now)
	if l.statusOf(e).Settled {
		t.Fatal("settled without an answer")
	}
	if _, _, ok := l.begin(r, now.Add(quarantine-1)); ok {
		t.Error("returned during its suspension")
	}
	if list, waiting := l.unresolved(now.Add(quarantine - 1)); len(list) != 0 || waiting != 1 {
		t.Errorf("%d to request again, %d suspended", len(list), waiting)
	}
	list, _ := l.unresolved(now.Add(quarantine))
	if len(list) != 1 || list[0] != e {
		t.Fatalf("%d to request again", len(list))
	}
	l.end(e, true, acknowledged, now.Add(quarantine))
	if s := l.statusOf(e); !s.Settled || !s.Revoked {
		t.Errorf("after the second request: %+v", s)
	}
	if c := l.count(); c.Revoked != 1 || c.Unknown != 1 {
		t.Errorf("counted %+v", c)
	}
}

// A request that was not sent changes nothing, whatever was known before.
func TestRequestThatWasNotSentChangesNothing(t *testing.T) {
	for _, was := range []answer{acknowledged, unknown} {
		l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
		passengers(l, 1, now)
		e, revoke, _ := l.begin(r, now)
		l.end(e, revoke, was, now)
		want := l.statusOf(e)
		now = now.Add(quarantine)
		if _, revoke, ok := l.begin(r, now); ok {
			l.end(e, revoke, neverSent, now)
		} else {
			t.Fatal("no credential returned")
		}
		got := l.statusOf(e)
		if got.Version == want.Version {
			t.Error("a verdict from during the request would be judged")
		}
		if got.Version = want.Version; got != want {
			t.Errorf("%+v, and before %+v", got, want)
		}
	}
}

func TestHoldersAreDroppedBeforeTheirSessionEnds(t *testing.T) {
	l, now := &ledger{}, time.Unix(1_000_000, 0)
	passengers(l, 3, now)
	if left := l.drop(now.Add(27 * time.Minute)); left != 3 {
		t.Errorf("%d of 3 remain well before the end, want 3", left)
	}
	if left := l.drop(now.Add(28 * time.Minute)); left != 0 {
		t.Errorf("%d of 3 remain when a check might arrive too late, want 0", left)
	}
}

// A holder leaves once, is not revoked, and is counted separately.
func TestHolderLeavesOnce(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	l.add(&holder{Session: &passenger.Session{Start: now.Unix()}, leaves: true})
	left := 0
	for range 1000 {
		if e, leave, ok := l.begin(r, now); ok {
			if !leave {
				t.Fatal("a leave request was undone")
			}
			l.end(e, leave, acknowledged, now)
			left++
		}
	}
	if c := l.count(); left != 1 || c.Left != 1 || c.Revoked != 0 {
		t.Errorf("left %d times, counted %+v", left, c)
	}
	if s := l.statusOf(l.all()[0]); !s.Revoked || !s.Leaves {
		t.Errorf("%+v", s)
	}
}
