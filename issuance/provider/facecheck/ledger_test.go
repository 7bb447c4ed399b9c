package facecheck

import (
	"testing"

	"github.com/railgate/railgate/issuance/provider"
)

func TestFirstDecisionCounts(t *testing.T) {
	l, id := newLedger(2), provider.NewID()
	if o := l.decide(id, passed); o != outcomeUnknown {
		t.Fatalf("before the check began: %s", o)
	}
	c, ok := l.begin(id)
	if !ok {
		t.Fatal("the check was refused")
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
		t.Fatalf("after the end: outcome %s, decision %s", o, c.decision)
	}
	if o := l.decide(id, failed); o != outcomeRepeated {
		t.Fatalf("after the end: outcome %s", o)
	}
}

func TestEndedCheckAcceptsNoDecision(t *testing.T) {
	l, id := newLedger(2), provider.NewID()
	c, _ := l.begin(id)
	l.end(id)
	for _, d := range []decision{passed, failed, passed} {
		if o := l.decide(id, d); o != outcomeLate || c.decision != pending {
			t.Fatalf("%s: outcome %s, decision %q", d, o, c.decision)
		}
	}
}

func TestLedgerIsBounded(t *testing.T) {
	const most = 3
	l := newLedger(most)
	var ids []provider.ID
	for range 10 * most * pastPerWaiting {
		var begun []provider.ID
		for range most {
			id := provider.NewID()
			if _, ok := l.begin(id); !ok {
				t.Fatal("a check was refused")
			}
			begun = append(begun, id)
		}
		if _, ok := l.begin(provider.NewID()); ok {
			t.Fatal("a check beyond the bound was accepted")
		}
		for _, id := range begun {
			l.decide(id, passed)
			l.end(id)
		}
		ids = append(ids, begun...)
	}
	if len(l.waiting) != 0 || len(l.past) != most*pastPerWaiting || len(l.order) != most*pastPerWaiting {
		t.Fatalf("%d waiting, %d past in %d places", len(l.waiting), len(l.past), len(l.order))
	}
	kept := ids[len(ids)-most*pastPerWaiting:]
	for _, id := range kept {
		if o := l.decide(id, failed); o != outcomeContradicted {
			t.Fatalf("a recent check is not stored: %s", o)
		}
	}
	if o := l.decide(ids[0], failed); o != outcomeUnknown {
		t.Fatalf("the first check is still stored: %s", o)
	}
}
