package facecheck

import (
	"testing"

	"github.com/railgate/railgate/issuance/provider"
)

func TestTheFirstDecisionStands(t *testing.T) {
	l, id := newLedger(2), provider.NewID()
	if o := l.decide(id, passed); o != outcomeUnknown {
		t.Fatalf("before it began: %s", o)
	}
	c, ok := l.begin(id)
	if !ok {
		t.Fatal("not taken")
	}
	for _, step := range []struct {
		d    decision
		want outcome
	}{{failed, outcomeDecided}, {failed, outcomeRepeated}, {passed, outcomeContradicted}, {failed, outcomeRepeated}} {
		if o := l.decide(id, step.d); o != step.want {
			t.Fatalf("%s: %s, want %s", step.d, o, step.want)
		}
	}
	l.end(id)
	l.end(id)
	if o := l.decide(id, passed); o != outcomeContradicted || c.decision != failed {
		t.Fatalf("after its end: %s, and it is %s", o, c.decision)
	}
	if o := l.decide(id, failed); o != outcomeRepeated {
		t.Fatalf("after its end: %s", o)
	}
}

func TestACheckThatWasGivenUpTakesNoDecision(t *testing.T) {
	l, id := newLedger(2), provider.NewID()
	c, _ := l.begin(id)
	l.end(id)
	for _, d := range []decision{passed, failed, passed} {
		if o := l.decide(id, d); o != outcomeLate || c.decision != undecided {
			t.Fatalf("%s: %s, and it is %q", d, o, c.decision)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const most = 3
	l := newLedger(most)
	var ids []provider.ID
	for range 10 * most * pastPerWaiting {
		var held []provider.ID
		for range most {
			id := provider.NewID()
			if _, ok := l.begin(id); !ok {
				t.Fatal("not taken")
			}
			held = append(held, id)
		}
		if _, ok := l.begin(provider.NewID()); ok {
			t.Fatal("one too many was taken")
		}
		for _, id := range held {
			l.decide(id, passed)
			l.end(id)
		}
		ids = append(ids, held...)
	}
	if len(l.waiting) != 0 || len(l.past) != most*pastPerWaiting || len(l.order) != most*pastPerWaiting {
		t.Fatalf("%d waiting, %d past in %d places", len(l.waiting), len(l.past), len(l.order))
	}
	kept := ids[len(ids)-most*pastPerWaiting:]
	for _, id := range kept {
		if o := l.decide(id, failed); o != outcomeContradicted {
			t.Fatalf("one of the last is forgotten: %s", o)
		}
	}
	if o := l.decide(ids[0], failed); o != outcomeUnknown {
		t.Fatalf("the first is remembered: %s", o)
	}
}
