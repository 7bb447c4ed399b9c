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

// A change goes from begun to acknowledged, and in between nobody else gets the
// credential.
func TestAChangeIsOneAtATime(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	passengers(l, 1, now)
	e, revoke, ok := l.begin(r, now)
	for tries := 0; !revoke; tries++ { // now and then a request repeats the present state
		if !ok || tries > 100 {
			t.Fatal("an unrevoked credential is never revoked")
		}
		l.end(e, revoke, acknowledged, now)
		e, revoke, ok = l.begin(r, now)
	}
	if l.look(e).Settled {
		t.Error("settled while a request is under way")
	}
	if _, _, ok := l.begin(r, now); ok {
		t.Error("given out a second time while a request is under way")
	}
	before := l.look(e).Version
	l.end(e, true, acknowledged, now.Add(time.Second))
	after := l.look(e)
	if !after.Settled || !after.Revoked || !after.Ever || after.Version == before || after.AckMS != now.Add(time.Second).UnixMilli() {
		t.Errorf("after the acknowledgement: %+v", after)
	}
}

// A request without an answer may still be carried out, so its credential rests
// and says nothing until a later one was acknowledged.
func TestAnUnknownFateIsAskedForAgain(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	passengers(l, 1, now)
	e, revoke, _ := l.begin(r, now)
	l.end(e, revoke, unknown, now)
	if l.look(e).Settled {
		t.Fatal("settled without an answer")
	}
	if _, _, ok := l.begin(r, now.Add(quarantine-1)); ok {
		t.Error("touched during its rest")
	}
	if list, waiting := l.open(now.Add(quarantine - 1)); len(list) != 0 || waiting != 1 {
		t.Errorf("%d to ask for, %d resting", len(list), waiting)
	}
	list, _ := l.open(now.Add(quarantine))
	if len(list) != 1 || list[0] != e {
		t.Fatalf("%d to ask for again", len(list))
	}
	l.end(e, true, acknowledged, now.Add(quarantine))
	if s := l.look(e); !s.Settled || !s.Revoked {
		t.Errorf("after the second request: %+v", s)
	}
	if c := l.count(); c.Revoked != 1 || c.Unknown != 1 {
		t.Errorf("counted %+v", c)
	}
}

// A request that met no listener changes nothing, whatever was known before.
func TestARequestThatNeverLeftLeavesNoTrace(t *testing.T) {
	for _, was := range []answer{acknowledged, unknown} {
		l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
		passengers(l, 1, now)
		e, revoke, _ := l.begin(r, now)
		l.end(e, revoke, was, now)
		want := l.look(e)
		now = now.Add(quarantine)
		if _, revoke, ok := l.begin(r, now); ok {
			l.end(e, revoke, neverSent, now)
		} else {
			t.Fatal("not given out")
		}
		got := l.look(e)
		if got.Version == want.Version {
			t.Error("a verdict from meanwhile would be judged")
		}
		if got.Version = want.Version; got != want {
			t.Errorf("%+v, and before %+v", got, want)
		}
	}
}

func TestHoldersGoBeforeTheirSessionEnds(t *testing.T) {
	l, now := &ledger{}, time.Unix(1_000_000, 0)
	passengers(l, 3, now)
	if left := l.drop(now.Add(27 * time.Minute)); left != 3 {
		t.Errorf("%d of 3 left in good time", left)
	}
	if left := l.drop(now.Add(28 * time.Minute)); left != 0 {
		t.Errorf("%d of 3 left when a question might come too late", left)
	}
}

// A holder leaves once, is not revoked, and counts apart.
func TestAHolderLeavesOnce(t *testing.T) {
	l, r, now := &ledger{}, rand.New(rand.NewPCG(1, 1)), time.Unix(1_000_000, 0)
	l.add(&holder{Session: &passenger.Session{Start: now.Unix()}, leaves: true})
	left := 0
	for range 1000 {
		if e, leave, ok := l.begin(r, now); ok {
			if !leave {
				t.Fatal("a leaving is lifted")
			}
			l.end(e, leave, acknowledged, now)
			left++
		}
	}
	if c := l.count(); left != 1 || c.Left != 1 || c.Revoked != 0 {
		t.Errorf("left %d times, counted %+v", left, c)
	}
	if s := l.look(l.all()[0]); !s.Revoked || !s.Leaves {
		t.Errorf("%+v", s)
	}
}
