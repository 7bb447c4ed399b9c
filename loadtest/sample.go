package loadtest

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// pool holds all sessions from which codes are made.
type pool struct{ fresh, old, revoked *sessions }

// sample is one code and the only right answer to it.
type sample struct {
	token tokens.Token
	kind  Kind
	part  string // the tampered part; empty for other kinds
	want  tokens.Reason
	step  uint8
	use   useJudgement // what uses knows about the answer to a good code
}

// sample returns the code that an arrival's phone shows at now.
func (p *pool) sample(a Arrival, now time.Time) sample {
	at := now.Unix()
	switch a.Kind {
	case Fresh, Rescan, Reused:
		i := int(a.Which)
		step := p.fresh.step(i, at)
		return sample{token: p.fresh.code(i, step), kind: a.Kind, want: tokens.ReasonOK, step: uint8(step)}
	case Stale:
		i := int(a.Which) % p.old.len()
		// Two behind even for a clock that is ClockMargin slow. The ages of these
		// sessions ensure that there is such a step.
		newest := p.old.step(i, now.Add(-ClockMargin).Unix()) - tokens.PreviousSteps - 1
		step := int(a.Dice % uint64(newest+1))
		return sample{token: p.old.code(i, step), kind: a.Kind, want: tokens.ReasonStale}
	case Tampered:
		if a.Shown {
			return tamper(p.fresh, int(a.Which), at, a.Dice)
		}
		return tamper(p.old, int(a.Which)%p.old.len(), at, a.Dice)
	case Revoked:
		i := int(a.Which) % p.revoked.len()
		return sample{token: p.revoked.code(i, p.revoked.step(i, at)), kind: a.Kind, want: tokens.ReasonRevoked}
	}
	panic("BUG: an arrival has no kind")
}

// tamper flips one bit. The gateway checks the link before the signature, so an altered
// anchor appears as a link that does not lead to it.
func tamper(s *sessions, i int, at int64, dice uint64) sample {
	pass, step := s.passes[i], s.step(i, at)
	link := s.link(i, step)
	bit := byte(1) << (dice & 7)
	where := int(dice >> 8 & 0xffff)
	out := sample{kind: Tampered}
	switch dice >> 32 % 3 {
	case 0:
		pass[tokens.BodySize+where%tokens.SigSize] ^= bit
		out.part, out.want = "signature", tokens.ReasonSignature
	case 1:
		link[where%len(link)] ^= bit
		out.part, out.want = "link", tokens.ReasonLink
	default:
		pass[tokens.BodySize-1-where%len(link)] ^= bit // the anchor ends the body
		out.part, out.want = "anchor", tokens.ReasonLink
	}
	out.token = tokens.Assemble(&pass, uint8(step), link)
	return out
}

// judge compares an answer, to a code sent at the second at, with the right one. It
// returns a description of a different answer, or an empty text.
func (s *sample) judge(got *answer, at int64) string {
	if s.use.wrong != "" {
		return s.use.wrong
	}
	if s.use.denied && s.use.may&mayBeUsed != 0 && (got.reason == tokens.ReasonUsed || got.reason == tokens.ReasonUsedElsewhere) {
		return s.judgeClass(got)
	}
	if got.reason != s.want {
		return verdictOf(got.reason)
	}
	if s.want == tokens.ReasonOK && got.ticket >= ticketHeld {
		return verdictOf(got.reason) + " with a ticket of an invented person"
	}
	if differs := s.judgeClass(got); differs != "" || !got.allow {
		return differs
	}
	serial := s.token.Serial()
	if named, err := tokens.ParseSerial(string(got.serial)); err != nil || named != serial {
		return verdictOf(got.reason) + " for another serial"
	}
	if string(got.subject) != s.token.Subject().String() {
		return verdictOf(got.reason) + " for another subject"
	}
	if got.scopes != s.token.Scopes() {
		return verdictOf(got.reason) + " with other scopes"
	}
	// The tolerance is that of the clocks, see the package comment.
	left := s.token.SecondsLeft(at)
	if got.secondsLeft < left-tokens.Period || got.secondsLeft > left+int64(ClockMargin/time.Second) {
		return fmt.Sprintf("%s with %d seconds left instead of %d", verdictOf(got.reason), got.secondsLeft, left)
	}
	return ""
}

func (s *sample) judgeClass(got *answer) string {
	if string(got.class) != got.reason.Class().String() {
		return verdictOf(got.reason) + " of another class"
	}
	return ""
}

// verdictOf returns a reason with its verdict.
func verdictOf(r tokens.Reason) string {
	if r == tokens.ReasonOK {
		return "allow " + r.String()
	}
	return "deny " + reasonName(r)
}

// Wrong is one wrong verdict. It does not contain the code.
type Wrong struct {
	Kind     string `json:"kind"`
	Part     string `json:"part,omitempty"` // the tampered part
	Serial   string `json:"serial"`
	Step     int64  `json:"step"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

func (w Wrong) String() string {
	kind := w.Kind
	if w.Part != "" {
		kind += " (" + w.Part + ")"
	}
	return fmt.Sprintf("%s, serial %s, step %d: expected %s, got %s", kind, w.Serial, w.Step, w.Expected, w.Got)
}

func (s *sample) wrong(got string) Wrong {
	expected := verdictOf(s.want)
	if s.use.may != 0 {
		expected = s.use.expected()
	}
	return Wrong{
		Kind: s.kind.String(), Part: s.part, Serial: s.token.Serial().String(), Step: s.token.Step(),
		Expected: expected, Got: got,
	}
}
