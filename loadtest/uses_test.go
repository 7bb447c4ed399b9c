package loadtest

import (
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

// shows judges scans of one pass, in order. Each takes 2 ms.
type shows struct {
	t     *testing.T
	u     *uses
	begun time.Time
}

func newShows(t *testing.T, mode passback, gateways bool) *shows {
	begun := time.Unix(1770681600, 0)
	return &shows{t: t, u: newUses(mode, begun, 1, gateways), begun: begun}
}

func (s *shows) send(at time.Duration, step uint8, second bool) *scan {
	x := s.u.begin(scan{step: step, second: second, sent: s.begun.Add(at)})
	return &x
}

// answered expects that the answer to a scan is right, or wrong in the given way.
func (s *shows) answered(x *scan, got answer, wrong string) useJudgement {
	s.t.Helper()
	j := s.u.end(x, &got, x.sent.Add(2*time.Millisecond))
	if (wrong == "") != (j.wrong == "") || !strings.Contains(j.wrong, wrong) {
		s.t.Errorf("sent after %v, answer %s with age %d ms: wrong %q, want %q", x.sent.Sub(s.begun), got.result, got.passbackMS, j.wrong, wrong)
	}
	return j
}

func (s *shows) shown(at time.Duration, step uint8, second bool, got answer, wrong string) useJudgement {
	s.t.Helper()
	return s.answered(s.send(at, step, second), got, wrong)
}

// Answers as gateways give them.
var (
	firstUse = answer{allow: true, reason: tokens.ReasonOK, passback: passbackExact, result: resultFirst}
	silent   = answer{allow: true, reason: tokens.ReasonOK}
)

func repeatedAfter(age int64) answer {
	return answer{allow: true, reason: tokens.ReasonOK, passback: passbackExact, result: resultRepeated, passbackMS: age}
}

func usedAfter(age int64) answer {
	return answer{reason: tokens.ReasonUsed, passback: passbackExact, result: resultUsed, passbackMS: age}
}

func flaggedAfter(age int64) answer {
	return answer{allow: true, reason: tokens.ReasonOK, passback: passbackExact, result: resultUsed, passbackMS: age, passbackFlagged: true}
}

func TestUsesOfOneDevice(t *testing.T) {
	s := newShows(t, passbackDeny, false)
	s.shown(0, 3, false, silent, "allow ok without passback")
	s.shown(0, 3, false, usedAfter(0), "deny already_used, used")
	s.shown(0, 3, false, repeatedAfter(0), "allow ok, repeated")
	s.shown(0, 3, false, answer{allow: true, reason: tokens.ReasonOK, passback: passbackExact, result: resultHeld}, "allow ok, held")
	s.shown(0, 3, false, firstUse, "")
	if j := s.shown(time.Second, 3, false, firstUse, "allow ok, first"); !j.double {
		t.Error("a second passage is not counted as a double entry")
	}
	s = newShows(t, passbackDeny, false)
	s.shown(0, 3, false, firstUse, "")
	s.shown(2*time.Second, 3, false, repeatedAfter(2000), "")
	s.shown(2*time.Second, 3, false, repeatedAfter(1000), "with an age of 1s")
	s.shown(2*time.Second, 3, false, usedAfter(2000), "deny already_used, used")
	s.shown(3*time.Second, 4, false, usedAfter(3000), "")             // another code
	s.shown(3*time.Second, 4, false, repeatedAfter(3000), "repeated") //
	s.shown(3*time.Second, 3, true, usedAfter(3000), "")              // another device
	s.shown(3*time.Second, 3, true, repeatedAfter(3000), "repeated")  //
	s.shown(9950*time.Millisecond, 3, false, repeatedAfter(9951), "") // at the edge both are right
	s.shown(9950*time.Millisecond, 3, false, usedAfter(9951), "")     //
	s.shown(12*time.Second, 3, false, usedAfter(12_000), "")          //
	s.shown(12*time.Second, 3, false, repeatedAfter(12_000), "repeated")
	if j := s.shown(124*time.Second, 5, false, firstUse, "first"); !j.double {
		t.Error("a second passage is not counted as a double entry")
	}
	s = newShows(t, passbackDeny, false)
	s.shown(0, 3, false, firstUse, "")
	s.shown(130*time.Second, 5, false, usedAfter(130_000), "") // the window may be longer
	if j := s.shown(131*time.Second, 5, false, firstUse, ""); j.double {
		t.Error("a passage after the life of a code is counted as a double entry")
	}
	s.shown(132*time.Second, 5, false, repeatedAfter(1000), "")
	j := s.shown(133*time.Second, 5, false, answer{reason: tokens.ReasonRevoked}, "")
	if want := "allow ok, repeated"; j.expected() != want {
		t.Errorf("expected %q, want %q", j.expected(), want)
	}
	j = s.shown(150*time.Second, 5, false, usedAfter(19_000), "")
	if want := "deny already_used"; j.expected() != want {
		t.Errorf("expected %q, want %q", j.expected(), want)
	}
}

// Verdict and result must agree.
func TestVerdictFollowsTheMode(t *testing.T) {
	deny := newShows(t, passbackDeny, false)
	deny.shown(0, 3, false, firstUse, "")
	deny.shown(12*time.Second, 3, false, flaggedAfter(12_000), "allow ok for a result of used")
	denied := repeatedAfter(1000)
	denied.allow, denied.reason = false, tokens.ReasonUsed
	deny.shown(time.Second, 3, false, denied, "deny already_used for a result of repeated")

	flag := newShows(t, passbackFlag, false)
	flag.shown(0, 3, false, firstUse, "")
	flag.shown(12*time.Second, 3, false, usedAfter(12_000), "deny already_used for a result of used")
	unflagged := flaggedAfter(12_000)
	unflagged.passbackFlagged = false
	flag.shown(12*time.Second, 3, false, unflagged, "not flagged")
	j := flag.shown(13*time.Second, 3, false, flaggedAfter(13_000), "")
	if want := "allow ok, repeated or allow ok, used"; j.expected() != want {
		t.Errorf("expected %q, want %q", j.expected(), want)
	}
	flag.shown(14*time.Second, 3, false, repeatedAfter(1000), "") // the admitted one may be a passage by now
	flag.shown(15*time.Second, 3, false, firstUse, "first")
	off := newShows(t, passbackOff, false)
	off.shown(0, 3, false, silent, "")
}

// Of requests that overlap any may be first, and only one.
func TestOverlappingUses(t *testing.T) {
	s := newShows(t, passbackDeny, false)
	a, b, c := s.send(0, 3, false), s.send(0, 3, true), s.send(0, 3, false)
	s.answered(b, repeatedAfter(0), "") // not known yet that no other was at its device
	s.answered(a, firstUse, "")
	if j := s.answered(c, firstUse, "first"); !j.double {
		t.Error("two of three requests passed, and no double entry is counted")
	}
	s.shown(time.Second, 3, false, usedAfter(1000), "used")
}

// A request without an answer may have passed.
func TestUseWithoutAnswer(t *testing.T) {
	s := newShows(t, passbackDeny, false)
	if j := s.u.end(s.send(0, 3, false), nil, s.begun.Add(time.Second)); j.wrong != "" || j.may != 0 {
		t.Errorf("judged %+v", j)
	}
	s.shown(time.Second, 3, false, repeatedAfter(500), "")
	s.shown(11*time.Second, 3, false, usedAfter(10_500), "")
	s.shown(12*time.Second, 3, false, firstUse, "")
	s.shown(13*time.Second, 3, false, firstUse, "first")
}

// Another gateway may admit a code until it knows of the passage, and while it says that it is cut off.
func TestUsesAtTwoGateways(t *testing.T) {
	s := newShows(t, passbackDeny, true)
	s.shown(0, 3, false, firstUse, "")
	if j := s.shown(time.Second, 3, true, firstUse, ""); !j.double {
		t.Error("a second passage within the lag is not counted as a double entry")
	}
	s.shown(4*time.Second, 3, false, usedAfter(3000), "")
	s.shown(4*time.Second, 3, false, firstUse, "first")
	local := firstUse
	local.passback = passbackLocal
	s.shown(4*time.Second, 3, false, local, "first") // of its own passages it knows
	s.shown(5*time.Second, 3, false, local, "first")
}

func TestPassageWithoutRoomIsForgotten(t *testing.T) {
	s := newShows(t, passbackDeny, false)
	full := firstUse
	full.passback = passbackFull
	s.shown(0, 3, false, full, "")
	s.shown(time.Second, 3, false, full, "")
	s.shown(2*time.Second, 3, false, repeatedAfter(1000), "")
}
