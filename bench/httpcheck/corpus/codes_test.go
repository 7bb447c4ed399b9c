package corpus

import (
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

func gate(t *testing.T) *tokens.Checker {
	t.Helper()
	keys, err := tokens.NewKeySet(Keys()...)
	if err != nil {
		t.Fatal(err)
	}
	return &tokens.Checker{Keys: keys, Passes: new(tokentest.Passes)}
}

// longest is more than the duration of a round, seconds.
const longest = 30

// For longer than a session, every 20 seconds: each code is valid from its creation to the end of
// the longest round, and all steps occur.
func TestCodesAreValidForARound(t *testing.T) {
	checker := gate(t)
	const sessions = 90
	p := NewSessions(sessions, FirstNew)
	for second := int64(0); second < 45*60; second += 20 {
		now := tokentest.Epoch + second
		different, steps := map[string]bool{}, int64(0)
		for _, token := range p.Codes(time.Unix(now, 0)) {
			if current := (now - token.Start()) / tokens.Period; token.Step() != current {
				t.Fatalf("second %d: step %d is shown in step %d", second, token.Step(), current)
			}
			for _, at := range []int64{now, now + longest} {
				if r := checker.Check(&token, at, Scope); r != tokens.ReasonOK {
					t.Fatalf("second %d, judged %d s later: %s", second, at-now, r)
				}
			}
			different[token.Text()] = true
			steps += token.Step()
		}
		if len(different) != sessions {
			t.Fatalf("second %d: %d different codes, want %d", second, len(different), sessions)
		}
		if mean := float64(steps) / sessions; mean < 12 || mean > 17 {
			t.Fatalf("second %d: the mean step is %.1f, want about half a session", second, mean)
		}
	}
	if p.next == FirstNew+sessions {
		t.Error("no session was replaced in 45 minutes")
	}
}

// A forged code must cost the gate a verification: everything except the signature is correct.
func TestForgedCodesAreRefusedOnlyForTheirSignature(t *testing.T) {
	checker, now := gate(t), time.Unix(tokentest.Epoch, 0)
	different := map[string]bool{}
	for _, token := range Forge(200, now, 1) {
		for _, at := range []int64{now.Unix(), now.Unix() + longest} {
			if r := checker.Check(&token, at, Scope); r != tokens.ReasonSignature {
				t.Fatalf("a forged code had the reason %s", r)
			}
		}
		signature := token.Pass()[tokens.BodySize:]
		if signature[tokens.SigSize-1] > 0x0f {
			t.Fatal("a forged signature can be refused without verification")
		}
		different[token.Text()] = true
	}
	if len(different) != 200 {
		t.Errorf("%d different forged codes, want 200", len(different))
	}
	again := Forge(1, now, 1)
	if !different[again[0].Text()] {
		t.Error("the same seed made another code")
	}
}
