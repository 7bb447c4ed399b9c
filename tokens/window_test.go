package tokens_test

import (
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// TestWindowToTheSecond checks every step at every second: a step is accepted from 5 s
// before it begins until the next step ends.
func TestWindowToTheSecond(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	passes := new(tokentest.Passes)
	gate := tokens.Checker{Keys: issuer.Keys(), Passes: passes}
	for _, shape := range []struct{ period, length uint8 }{{60, 30}, {15, 30}, {15, 1}, {59, 29}, {45, 20}} {
		s := issuer.OpenAs(tokens.Pass{
			Serial: tokens.Serial{Day: 20494, Index: 1}, Start: tokentest.Epoch,
			Expiry: tokentest.Epoch + tokens.CredentialLife,
			Period: shape.period, Length: shape.length, Scopes: tokens.AllScopes,
		})
		period, length := int64(shape.period), int64(shape.length)
		for step := int64(0); step < length; step++ {
			code := s.Code(int(step))
			for elapsed := int64(-20); elapsed < (length+3)*period; elapsed++ {
				begins := step * period
				want := tokens.ReasonOK
				switch {
				case elapsed < -5:
					want = tokens.ReasonNotYet
				case elapsed < begins-5:
					want = tokens.ReasonAhead
				case elapsed >= begins+2*period && elapsed >= length*period:
					want = tokens.ReasonSessionOver
				case elapsed >= begins+2*period:
					want = tokens.ReasonStale
				}
				if got := gate.Check(&code, tokentest.Epoch+elapsed, tokens.Entry); got != want {
					t.Fatalf("period %d, length %d, step %d, %d s into the session: %s, want %s",
						period, length, step, elapsed, got, want)
				}
			}
		}
	}
	if passes.Hits == 0 || passes.Remembered != 5 {
		t.Errorf("%d passes remembered, want 5; %d recalled, want more than 0", passes.Remembered, passes.Hits)
	}
}

func TestSecondsLeft(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	whole := issuer.Open(1, tokentest.Epoch)
	cut := issuer.OpenAs(tokens.Pass{ // the credential ends 100 s into the session
		Serial: tokens.Serial{Day: 20493, Index: 1}, Start: tokentest.Epoch, Expiry: tokentest.Epoch + 100,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes,
	})
	for _, c := range []struct {
		name    string
		session tokentest.Session
		elapsed int64
		want    int64
	}{
		{"at the start", whole, 0, 1800},
		{"in the last second", whole, 1799, 1},
		{"at the end", whole, 1800, 0},
		{"in the period after the last step", whole, 1830, 0},
		{"credential ends first", cut, 0, 100},
		{"credential over", cut, 100, 0},
	} {
		code := c.session.Code(0)
		if got := code.SecondsLeft(tokentest.Epoch + c.elapsed); got != c.want {
			t.Errorf("%s: %d s left, want %d", c.name, got, c.want)
		}
	}
}
