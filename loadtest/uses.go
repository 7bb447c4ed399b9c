package loadtest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/railgate/railgate/tokens"
)

// The rules of second use on which expected verdicts are based. They repeat the documentation, since the load test
// knows no code of the gateway.
const (
	// repeatFor is how long the same device may read the same code again.
	repeatFor = 10 * time.Second
	// codeLife is how long a passage refuses another one at least: the life of a code.
	codeLife = 125 * time.Second
	// exchangeWithin is how soon another gateway must know of a passage. Our choice: a hundred times the usual lag.
	exchangeWithin = 2 * time.Second
	// ageSlack is the tolerance of ages that one gateway measures: rounding, and corrections of its clock.
	ageSlack = 100 * time.Millisecond
)

// passback is what the gateway does about a second use.
type passback uint8

const (
	passbackOff  passback = iota // not checked, or not for the scope of the run
	passbackFlag                 // admitted, and flagged
	passbackDeny                 // denied as already_used
)

func (p passback) String() string { return [...]string{"off", "flag", "deny"}[p] }

// uses knows which fresh passes have passed, and judges what verdicts say about it. It is safe for concurrent use.
//
// It knows when a passage was made only up to the time of its request, and not in which order the gateway decided
// requests of one pass that overlapped. Where several results are right, each is accepted; two passages of one pass
// within codeLife are right in no order.
type uses struct {
	mode     passback
	begun    time.Time
	gateways bool          // the second device is at another gateway
	slack    time.Duration // tolerance of ages

	mu     sync.Mutex
	passes []used
}

// used is the passage of one pass, and its scans. Times are milliseconds since the run was begun.
type used struct {
	from, to int32  // the passage was made between these times
	sends    uint16 // scans sent, modulo 65536
	open     uint8  // scans without an answer
	step     uint8  // of the passage
	second   bool   // of the passage: the second device
	known    bool   // there is a passage
	loose    bool   // there may be passages of which only the gateway knows
}

func newUses(mode passback, begun time.Time, passes int, gateways bool) *uses {
	u := &uses{mode: mode, begun: begun, gateways: gateways, slack: ageSlack}
	if gateways {
		u.slack = ClockMargin
	}
	if mode != passbackOff {
		u.passes = make([]used, passes)
	}
	return u
}

func (u *uses) since(t time.Time) int32 { return int32(t.Sub(u.begun).Milliseconds()) }

// scan is one request with a good code of a fresh pass.
type scan struct {
	pass    int
	step    uint8
	second  bool // at the second device
	sent    time.Time
	sends   uint16
	crowded bool // another scan of the pass had no answer yet
}

// begin notes that a scan is sent.
func (u *uses) begin(x scan) scan {
	if u.mode == passbackOff {
		return x
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p := &u.passes[x.pass]
	x.crowded = p.open > 0
	p.open++
	p.sends++
	x.sends = p.sends
	return x
}

// The results that a verdict may have, as bits of a set.
const (
	mayPass   = 1 << iota // first
	mayRepeat             // repeated
	mayBeUsed             // used
)

// useJudgement is what uses knows about one answer.
type useJudgement struct {
	may    int    // the right results; 0: passback is off
	denied bool   // a used code is denied
	wrong  string // what is wrong with the answer; empty: nothing
	double bool   // it is a second passage within codeLife
}

// expected describes the right verdicts.
func (j *useJudgement) expected() string {
	var all []string
	if j.may&mayPass != 0 {
		all = append(all, "allow ok, first")
	}
	if j.may&mayRepeat != 0 {
		all = append(all, "allow ok, repeated")
	}
	if j.may&mayBeUsed != 0 && j.denied {
		all = append(all, verdictOf(tokens.ReasonUsed))
	} else if j.may&mayBeUsed != 0 {
		all = append(all, "allow ok, used")
	}
	return strings.Join(all, " or ")
}

// end judges the answer to a scan, nil if there was none.
func (u *uses) end(x *scan, got *answer, over time.Time) useJudgement {
	if u.mode == passbackOff {
		return useJudgement{}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p := &u.passes[x.pass]
	p.open--
	if got == nil {
		p.loose = true // the gateway may have admitted it
		return useJudgement{}
	}
	crowded := x.crowded || p.sends != x.sends
	youngest := x.sent.Sub(u.begun.Add(time.Duration(p.to)*time.Millisecond)) - u.slack
	oldest := over.Sub(u.begun.Add(time.Duration(p.from)*time.Millisecond)) + u.slack
	j := useJudgement{denied: u.mode == passbackDeny, may: p.may(x, crowded, youngest, oldest)}
	if p.known && u.gateways && p.second != x.second && (youngest+u.slack < exchangeWithin || got.passback != passbackExact) {
		j.may |= mayPass // the other gateway does not know yet, or reports that it is cut off
	}
	if got.reason != tokens.ReasonOK && got.reason != tokens.ReasonUsed && got.reason != tokens.ReasonUsedElsewhere {
		return j // judged as for any other kind
	}
	j.double = p.known && got.result == resultFirst && oldest < codeLife
	j.wrong = j.judge(got, !crowded && !p.loose && p.known, youngest, oldest)
	p.note(u, x, got, over)
	return j
}

// may returns the right results of a scan. The passage, if one is known, is from youngest to oldest old.
func (p *used) may(x *scan, crowded bool, youngest, oldest time.Duration) (set int) {
	same := p.second == x.second && p.step == x.step
	if !p.known || oldest >= codeLife {
		set |= mayPass
	}
	if crowded || p.loose || p.known && same && youngest < repeatFor {
		set |= mayRepeat
	}
	// The window of the gateway may be longer than codeLife.
	if crowded || p.loose || p.known && (!same || oldest >= repeatFor) {
		set |= mayBeUsed
	}
	return set
}

// judge compares an answer with the right results. Where one passage decides for certain, its age must be right.
func (j *useJudgement) judge(got *answer, certain bool, youngest, oldest time.Duration) string {
	result := ""
	switch got.result {
	case resultFirst:
		if j.may&mayPass == 0 {
			result = ", first"
		}
	case resultRepeated:
		if j.may&mayRepeat == 0 {
			result = ", repeated"
		}
	case resultUsed:
		if j.may&mayBeUsed == 0 {
			result = ", used"
		}
	case resultNone:
		result = " without passback"
	default:
		result = ", " + got.result.String()
	}
	is := verdictOf(got.reason) + result
	age := time.Duration(got.passbackMS) * time.Millisecond
	switch {
	case result != "":
		return is
	case got.allow == (got.result == resultUsed && j.denied):
		return is + " for a result of " + got.result.String()
	case got.result == resultUsed && got.allow && !got.passbackFlagged:
		return is + ", used, not flagged"
	case certain && got.result != resultFirst && (age < youngest || age > oldest):
		return fmt.Sprintf("%s, %s, with an age of %v", is, got.result, age)
	}
	return ""
}

// note remembers what an answer tells.
func (p *used) note(u *uses, x *scan, got *answer, over time.Time) {
	switch {
	case got.result == resultFirst && got.passback == passbackFull:
		p.known, p.loose = false, true // the gateway may have had no room for it
	case got.result == resultFirst:
		p.known, p.from, p.to, p.step, p.second = true, u.since(x.sent), u.since(over)+1, x.step, x.second
	case got.result == resultUsed && u.mode == passbackFlag:
		p.loose = true // other gateways are told of it, and it comes back as a passage
	}
}
