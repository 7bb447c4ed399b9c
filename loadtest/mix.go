package loadtest

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is one sort of code that passengers bring to a gate.
type Kind uint8

// The kinds. Each has one right answer.
const (
	Fresh    Kind = iota // a pass no gate saw before in this run: ok
	Rescan               // a pass shown before, at the next gate: ok
	Stale                // a step two or more behind, of a session that goes on: code_stale
	Tampered             // one bit flipped in signature, link or anchor: bad_signature or link_mismatch
	Revoked              // the current code of a credential that was really revoked: revoked
	kindCount
)

var kindNames = [kindCount]string{"fresh", "rescan", "stale", "tampered", "revoked"}

func (k Kind) String() string { return kindNames[k] }

// Mix holds each kind's weight; the sum may be anything above 0.
type Mix [kindCount]int

// maxWeight keeps sums far from overflow.
const maxWeight = 1_000_000

// DefaultMix is a busy entrance: half the passes are new, most others go from
// the entrance to the gate to the conductor.
var DefaultMix = Mix{Fresh: 50, Rescan: 40, Stale: 4, Tampered: 3, Revoked: 3}

func (m Mix) String() string {
	parts := make([]string, kindCount)
	for k, w := range m {
		parts[k] = fmt.Sprintf("%s=%d", Kind(k), w)
	}
	return strings.Join(parts, ",")
}

// ParseMix reads KIND=WEIGHT,...; a kind left out has weight 0.
func ParseMix(text string) (Mix, error) {
	var m Mix
	var seen [kindCount]bool
	for _, part := range strings.Split(text, ",") {
		name, weight, _ := strings.Cut(part, "=")
		k, ok := parseKind(name)
		if !ok {
			return Mix{}, fmt.Errorf("mix: %q is no kind (known: %s)", name, strings.Join(kindNames[:], ", "))
		}
		if seen[k] {
			return Mix{}, fmt.Errorf("mix: %s is named twice", k)
		}
		w, err := strconv.ParseUint(weight, 10, 32)
		if err != nil || w > maxWeight {
			return Mix{}, fmt.Errorf("mix: the weight of %s must be a whole number from 0 to %d", k, maxWeight)
		}
		seen[k], m[k] = true, int(w)
	}
	return m, m.Validate()
}

// Validate refuses mixes that mean nothing.
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
		return fmt.Errorf("mix: rescan needs fresh: without new passes there is nothing to show again")
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

// at is the kind to which ticket, from 0 to sum-1, falls.
func (m Mix) at(ticket int) Kind {
	for k, w := range m {
		if ticket < w {
			return Kind(k)
		}
		ticket -= w
	}
	panic("BUG: a mix was asked beyond its sum")
}

func parseKind(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return 0, false
}
