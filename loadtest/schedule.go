package loadtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Kind is a kind of code that passengers show at a gate.
type Kind uint8

// The kinds. Each has one right answer.
const (
	Fresh    Kind = iota // a pass not shown before in this run: ok
	Rescan               // a pass shown before, at the next gate: ok; with passback as uses says
	Stale                // a step two or more behind, in an open session: code_stale
	Tampered             // one bit flipped in signature, link or anchor: bad_signature or link_mismatch
	Revoked              // the current code of a really revoked credential: revoked
	Reused               // a pass that passed before and not just now, or at another device: already_used
	kindCount
)

var kindNames = [kindCount]string{"fresh", "rescan", "stale", "tampered", "revoked", "reused"}

func (k Kind) String() string { return kindNames[k] }

// Mix holds the weight of each kind; the sum may be any number above 0.
type Mix [kindCount]int

// maxWeight prevents overflow of sums.
const maxWeight = 1_000_000

// DefaultMix models a busy entrance: half the passes are new, most others are shown again
// at the gate and to the conductor.
var DefaultMix = Mix{Fresh: 50, Rescan: 40, Stale: 4, Tampered: 3, Revoked: 3}

func (m Mix) String() string {
	parts := make([]string, kindCount)
	for k, w := range m {
		parts[k] = fmt.Sprintf("%s=%d", Kind(k), w)
	}
	return strings.Join(parts, ",")
}

// ParseMix parses KIND=WEIGHT,...; an omitted kind has weight 0.
func ParseMix(text string) (Mix, error) {
	var m Mix
	var seen [kindCount]bool
	for _, part := range strings.Split(text, ",") {
		name, weight, _ := strings.Cut(part, "=")
		k, ok := parseKind(name)
		if !ok {
			return Mix{}, fmt.Errorf("mix: %q is no kind: use %s", name, strings.Join(kindNames[:], ", "))
		}
		if seen[k] {
			return Mix{}, fmt.Errorf("mix: %s is given twice", k)
		}
		w, err := strconv.ParseUint(weight, 10, 32)
		if err != nil || w > maxWeight {
			return Mix{}, fmt.Errorf("mix: the weight of %s must be a whole number from 0 to %d", k, maxWeight)
		}
		seen[k], m[k] = true, int(w)
	}
	return m, m.Validate()
}

// Validate refuses mixes that cannot be drawn.
func (m Mix) Validate() error {
	for k, w := range m {
		if w < 0 || w > maxWeight {
			return fmt.Errorf("mix: the weight of %s must be from 0 to %d", Kind(k), maxWeight)
		}
	}
	if m.sum() == 0 {
		return fmt.Errorf("mix: every weight is 0")
	}
	if m[Rescan] > 0 && m[Fresh] == 0 {
		return fmt.Errorf("mix: rescan needs fresh: without new passes there are none to repeat")
	}
	if m[Reused] > 0 && m[Fresh] == 0 {
		return fmt.Errorf("mix: reused needs fresh: without new passes none was used before")
	}
	return nil
}

func (m Mix) sum() int {
	sum := 0
	for _, w := range m {
		sum += w
	}
	return sum
}

// kindAt returns the kind of a ticket from 0 to sum-1.
func (m Mix) kindAt(ticket int) Kind {
	for k, w := range m {
		if ticket < w {
			return Kind(k)
		}
		ticket -= w
	}
	panic("BUG: ticket beyond the sum of the mix")
}

func parseKind(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// The probability that a pass is shown again falls with the number d of passes shown since:
// P(d) ∝ (rescanFlat+d)^-rescanSkew. Four in five go back at most 4000 passes (entrance,
// platform gate, conductor); the tail reaches any pass of the run.
const (
	rescanSkew = 2.0
	rescanFlat = 1000.0
	rescanTail = 1 << 22
)

// Arrival is one passenger at the gate.
type Arrival struct {
	Due  time.Duration // since the schedule's start
	Kind Kind
	// Which selects the pass: for Fresh a number counted from 0; for Rescan, and for
	// Tampered if Shown, the number of a fresh one that arrived before; for Reused
	// that of one that arrived long enough before; otherwise a number to be taken
	// modulo the available sessions.
	Which uint32
	Shown bool
	// Dice are random bits for the other differences between codes of a kind.
	Dice uint64
}

// Schedule draws arrivals in order. The same arguments draw the same arrivals. It is not
// safe for concurrent use.
type Schedule struct {
	mix      Mix
	arrivals *openloop.Arrivals
	random   *rand.Rand
	back     *rand.Zipf
	shown    uint32

	// reuseAfter is how long before a reused code its fresh one arrived, at least.
	reuseAfter time.Duration
	due        []time.Duration // of fresh passes, for mixes with reused codes
	past, near uint32          // passes from past to near-1 can be reused
}

// Least time from a fresh code to its reuse. At the same device it is longer than repeatFor, at another one long enough
// for the answer to the fresh code; another gateway must know of the passage.
const (
	reuseAtSame    = repeatFor + 2*time.Second
	reuseAtOther   = time.Second
	reuseElsewhere = exchangeWithin + time.Second
)

// reuseBefore is how long before a reused code its fresh one arrived, at most: later the gateway may have forgotten
// the passage.
const reuseBefore = codeLife - 25*time.Second

// NewSchedule draws arrivals at rate per second until end. They are a Poisson process, the
// model of unrelated passengers, or evenly spaced if uniform.
func NewSchedule(mix Mix, rate float64, end time.Duration, uniform bool, seed uint64) *Schedule {
	random := rand.New(rand.NewPCG(seed, 0x7261696c67617465))
	s := &Schedule{mix: mix, arrivals: openloop.Poisson(rate, end, random), random: random,
		back: rand.NewZipf(random, rescanSkew, rescanFlat, rescanTail), reuseAfter: reuseAtSame}
	if uniform {
		s.arrivals = openloop.Even(rate, end)
	}
	return s
}

// Next draws the next arrival; false after the last.
func (s *Schedule) Next() (Arrival, bool) {
	due, ok := s.arrivals.Next()
	if !ok {
		return Arrival{}, false
	}
	if s.mix[Reused] > 0 {
		for int(s.near) < len(s.due) && s.due[s.near] <= due-s.reuseAfter {
			s.near++
		}
		for s.past < s.near && s.due[s.past] < due-reuseBefore {
			s.past++
		}
	}
	a := Arrival{
		Due:  due,
		Kind: s.mix.kindAt(s.random.IntN(s.mix.sum())),
		Dice: s.random.Uint64(),
	}
	if a.Kind == Rescan && s.shown == 0 {
		a.Kind = Fresh // there is no earlier pass to repeat
	}
	if a.Kind == Reused && s.past == s.near {
		a.Kind = Fresh // none passed long enough ago
	}
	switch {
	case a.Kind == Fresh:
		a.Which = s.shown
		s.shown++
		if s.mix[Reused] > 0 {
			s.due = append(s.due, due)
		}
	case a.Kind == Reused:
		a.Which = s.past + s.random.Uint32N(s.near-s.past)
	case s.shown > 0 && (a.Kind == Rescan || a.Kind == Tampered):
		// A tampered code is made from a pass that the gateway has allowed: a cache that
		// compares too few bytes would allow it.
		a.Which, a.Shown = s.pickShown(), true
	default:
		a.Which = s.random.Uint32()
	}
	return a, true
}

// pickShown picks a pass shown before.
func (s *Schedule) pickShown() uint32 {
	back := s.back.Uint64()
	if back >= uint64(s.shown) {
		return s.random.Uint32N(s.shown)
	}
	return s.shown - 1 - uint32(back)
}

// Count draws and counts all remaining arrivals, and the fresh ones among them.
func (s *Schedule) Count() (arrivals, fresh int) {
	for {
		a, ok := s.Next()
		if !ok {
			return arrivals, fresh
		}
		arrivals++
		if a.Kind == Fresh {
			fresh++
		}
	}
}
