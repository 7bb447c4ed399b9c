package loadtest

import (
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

type revokedOnly map[tokens.Serial]bool

func (r revokedOnly) Revoked(s tokens.Serial) bool            { return r[s] }
func (r revokedOnly) Cutoff(tokens.Subject) int64             { return 0 }
func (r revokedOnly) Closed(tokens.Serial, int64, int64) bool { return false }

// testPool returns a pool made at now for a run of the given length.
func testPool(t *testing.T, now int64, run time.Duration) (*pool, tokens.Checker) {
	t.Helper()
	issuer := tokentest.Issuer{ID: 40001, Signer: signing.NewKey([32]byte{1})}
	until := horizon(run)
	made := func(b batch) *sessions {
		s, err := mint(t.Context(), issuer, b, now)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := &pool{
		fresh:   made(batch{count: 300, oldest: sessionLife - until, until: until}),
		old:     made(batch{count: 100, salt: 300, youngest: minOldAge, oldest: sessionLife - until, until: sessionLife}),
		revoked: made(batch{count: 20, salt: 400, until: sessionLife}),
	}
	revoked := revokedOnly{}
	for i := range s.revoked.passes {
		code := s.revoked.code(i, 0)
		revoked[code.Serial()] = true
	}
	return s, tokens.Checker{Keys: issuer.Keys(), Revocations: revoked}
}

// The promise of the package comment: a gateway whose clock is up to five seconds slow or a
// minute fast gives the expected reason at any time of the run.
func TestExpectationsHoldForAllClockOffsets(t *testing.T) {
	midnight := tokens.DayStart(tokens.DayOf(tokentest.Epoch))
	for _, now := range []int64{tokentest.Epoch, midnight, midnight + 7, midnight - 1} {
		for _, run := range []time.Duration{time.Second, MaxRun} {
			s, checker := testPool(t, now, run)
			last := now + int64((horizon(run)-SessionMargin)/time.Second)
			schedule := NewSchedule(Mix{Fresh: 1, Rescan: 2, Stale: 3, Tampered: 3, Revoked: 3}, 400, time.Second, true, 9)
			var parts = map[string]int{}
			for n := 0; ; n++ {
				a, ok := schedule.Next()
				if !ok {
					break
				}
				// Every second of the run in turn, including all boundaries.
				at := now + int64(n*7919)%(last-now+1)
				code := s.sample(a, time.Unix(at, 0))
				parts[code.part]++
				var parsed tokens.Token
				if r := parsed.Parse(code.token.Bytes()); r != tokens.ReasonOK {
					t.Fatalf("%s does not parse: %s", a.Kind, r)
				}
				if code.token.Serial().Index < FirstIndex {
					t.Fatalf("%s has a serial that an issuer could assign: %s", a.Kind, code.token.Serial())
				}
				for _, skew := range []int64{-5, -1, 0, 1, 59, 60} {
					if got := checker.Check(&code.token, at+skew, tokens.Entry); got != code.want {
						t.Fatalf("run %v, %d s in, clock %+d s: %s %s step %d of session begun %d s ago: expected %s, checker says %s",
							run, at-now, skew, a.Kind, code.part, code.token.Step(), at-code.token.Start(), code.want, got)
					}
				}
			}
			if parts["signature"] == 0 || parts["link"] == 0 || parts["anchor"] == 0 {
				t.Errorf("some part was never tampered with: %v", parts)
			}
		}
	}
}

func TestPassesDifferBetweenRuns(t *testing.T) {
	seen := map[tokens.SignedPass]bool{}
	for run := range 2 {
		begun := time.Unix(tokentest.Epoch, int64(run)) // even within one second
		issuer := tokentest.NewIssuer(1)
		s, err := mint(t.Context(), issuer, batch{count: 500, salt: saltOf(begun), oldest: time.Minute, until: time.Minute}, tokentest.Epoch)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.passes {
			if seen[p] {
				t.Fatal("a pass was repeated")
			}
			seen[p] = true
		}
	}
}

func TestAnswerForAnotherPassengerIsWrong(t *testing.T) {
	s, _ := testPool(t, tokentest.Epoch, time.Second)
	code := s.sample(Arrival{Kind: Fresh}, time.Unix(tokentest.Epoch, 0))
	left := code.token.SecondsLeft(tokentest.Epoch)
	good := answer{
		allow: true, reason: tokens.ReasonOK, class: []byte("ok"), scopes: tokens.AllScopes, secondsLeft: left,
		serial: []byte(code.token.Serial().String()), subject: []byte(code.token.Subject().String()),
	}
	if got := code.judge(&good, tokentest.Epoch); got != "" {
		t.Fatalf("the right answer is judged wrong: %s", got)
	}
	for name, spoil := range map[string]func(*answer){
		"serial":       func(a *answer) { a.serial = []byte("1-1") },
		"subject":      func(a *answer) { a.subject = []byte("0000000000000000") },
		"scopes":       func(a *answer) { a.scopes = tokens.Scopes(tokens.Entry) },
		"class":        func(a *answer) { a.class = []byte("fraud") },
		"too long":     func(a *answer) { a.secondsLeft += 6 },
		"too short":    func(a *answer) { a.secondsLeft -= 61 },
		"other reason": func(a *answer) { a.allow, a.reason = false, tokens.ReasonRevoked },
	} {
		bad := good
		spoil(&bad)
		if code.judge(&bad, tokentest.Epoch) == "" {
			t.Errorf("%s: a wrong answer is judged right", name)
		}
	}
}
