//go:build !race

package loadtest

import (
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Allocations of the generator would cost garbage collection on the gateway's cores.
func TestCodesAndAnswersDoNotAllocate(t *testing.T) {
	s, _ := testPool(t, tokentest.Epoch, time.Second)
	text := make([]byte, 0, tokens.TextSize)
	var a answer
	bodies := [][]byte{[]byte(allowBody), []byte(denyBody), []byte(with(allowBody, usedOnce+seated))}
	u := newUses(passbackDeny, time.Unix(tokentest.Epoch, 0), s.fresh.len(), false)
	schedule := NewSchedule(Mix{Fresh: 1, Rescan: 50, Stale: 20, Tampered: 20, Revoked: 9}, 1000, time.Second, true, 1)
	if n := testing.AllocsPerRun(500, func() {
		arrival, _ := schedule.Next()
		code := s.sample(arrival, time.Unix(tokentest.Epoch, 0))
		text = code.token.AppendText(text[:0])
		for _, body := range bodies {
			if a.parse(body) != nil {
				t.Fatal("parsing failed")
			}
		}
		if code.want == tokens.ReasonOK {
			sent := time.Unix(tokentest.Epoch, 0)
			x := u.begin(scan{pass: int(arrival.Which), step: code.step, sent: sent})
			code.use = u.end(&x, &a, sent)
		}
	}); n != 0 {
		t.Errorf("%v allocations per code", n)
	}
}
