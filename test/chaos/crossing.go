package main

import (
	"cmp"
	"slices"
	"time"
)

// streamLag is how long after an admission was answered another connected gateway may still admit the same code.
// The stream needs some milliseconds; the bound allows for a machine that every process of this test shares.
const streamLag = time.Second

// crossing is one code that was shown at several gateways.
type crossing struct {
	serial string
	// isolated has a bit for each gateway that was cut off from the broker during the whole crossing.
	isolated uint
	scans    []crossed
}

// crossed is one scan of a crossing.
type crossed struct {
	gateway        int
	sent, answered time.Time
	admitted       bool
	state, result  string // of passback in the verdict
}

// doubles counts the admissions beyond the first, and how many of them the rules of docs/passback.md permit: one
// for each isolated gateway, and those between two connected gateways whose scans were within the stream's lag.
// wrong has the admissions that no rule permits.
func (c *crossing) doubles() (count, bound int, wrong []crossed) {
	slices.SortFunc(c.scans, func(a, b crossed) int { return cmp.Compare(a.sent.UnixNano(), b.sent.UnixNano()) })
	var admitted []crossed
	for _, s := range c.scans {
		permitted, any := true, false
		for _, before := range c.scans {
			if before.sent.Before(s.sent) || before.sent.Equal(s.sent) && before.gateway < s.gateway {
				any = true
				permitted = permitted && c.mayMiss(before, s)
			}
		}
		if any && permitted {
			bound++
		}
		if !s.admitted {
			continue
		}
		for _, before := range admitted {
			if !c.mayMiss(before, s) {
				wrong = append(wrong, s)
				break
			}
		}
		admitted = append(admitted, s)
	}
	return max(0, len(admitted)-1), bound, wrong
}

// mayMiss reports whether the gateway of a scan may not know of an earlier one.
func (c *crossing) mayMiss(before, s crossed) bool {
	if before.gateway == s.gateway {
		return false
	}
	if c.cut(before.gateway) || c.cut(s.gateway) {
		return true
	}
	return s.sent.Before(before.answered.Add(streamLag))
}

func (c *crossing) cut(gateway int) bool { return c.isolated>>gateway&1 != 0 }
