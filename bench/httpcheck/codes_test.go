package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Over longer than a session, prepared every 20 seconds: every code is good when
// it is made and to the end of the longest round, and codes are of every step.
func TestPreparedCodesAreGoodForARound(t *testing.T) {
	keys, err := tokens.NewKeySet(issuerKeys()...)
	if err != nil {
		t.Fatal(err)
	}
	gate := tokens.Checker{Keys: keys, Passes: new(tokentest.Passes)}
	const connections, sessions = 4, 30
	c := newCodes(connections, sessions)
	for second := int64(0); second < 45*60; second += 20 {
		now := tokentest.Epoch + second
		c.prepare(time.Unix(now, 0))
		texts, steps := map[string]bool{}, int64(0)
		for i := range connections {
			for j := range sessions {
				_, body, _ := bytes.Cut(c.request(i, j), []byte("\r\n\r\n"))
				var token tokens.Token
				if r := token.ParseText(body); r != tokens.ReasonOK {
					t.Fatalf("second %d: the body is %s", second, r)
				}
				if current := (now - token.Start()) / tokens.Period; token.Step() != current {
					t.Fatalf("second %d: step %d is shown in step %d", second, token.Step(), current)
				}
				for _, at := range []int64{now, now + int64(maxRound/time.Second)} {
					if r := gate.Check(&token, at, scope); r != tokens.ReasonOK {
						t.Fatalf("second %d, judged %d s later: %s", second, at-now, r)
					}
				}
				texts[string(body)] = true
				steps += token.Step()
			}
		}
		if len(texts) != connections*sessions {
			t.Fatalf("second %d: %d different codes, want %d", second, len(texts), connections*sessions)
		}
		if mean := float64(steps) / (connections * sessions); mean < 12 || mean > 17 {
			t.Fatalf("second %d: the mean step is %.1f, want about half a session", second, mean)
		}
	}
	if c.opened == connections*sessions {
		t.Error("no session was over in 45 minutes")
	}
}

func TestARequestSaysHowLongItIs(t *testing.T) {
	c := newCodes(1, 1)
	c.prepare(time.Unix(tokentest.Epoch, 0))
	head, body, _ := bytes.Cut(c.request(0, 0), []byte("\r\n\r\n"))
	if len(body) != tokens.TextSize || !bytes.HasSuffix(head, []byte("Content-Length: 192")) {
		t.Errorf("a body of %d bytes under the head\n%s", len(body), head)
	}
}
