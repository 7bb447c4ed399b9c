package revocation_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

func unrevoke(s tokens.Serial) revocation.Record {
	return revocation.Record{Kind: revocation.KindUnrevoke, Serial: s}
}

// Revoked, unrevoked, revoked again: while the log is read a second time the unrevocation is read once more,
// and must not count at any moment.
func TestRereadingKeepsEveryRevocation(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	records := []revocation.Record{revoke(serial), unrevoke(serial), revoke(serial)}
	for i, r := range records {
		h.send(revocation.Applied, 0, 1, uint64(i+1), start, r)
	}
	h.send(revocation.Gap, 0, 1, 5, start) // number 4 is missing
	h.Rewind(0, 4, "a gap in the numbering")
	for i, r := range records {
		h.send(revocation.Duplicate, 0, 1, uint64(i+1), start, r)
		if !h.Revoked(serial) {
			t.Fatalf("forgotten after number %d was read again", i+1)
		}
	}
	h.send(revocation.Applied, 0, 1, 4, start, unrevoke(serial))
	if !h.Revoked(serial) {
		t.Fatal("the missing unrevocation counts before the log was read to its end")
	}
	h.SetPosition(0, 4)
	if h.Revoked(serial) {
		t.Fatal("the unrevocation does not count though no record follows it")
	}
}

// A gap that remains must not make an earlier unrevocation count, nor drop it: when the gap heals later, it
// counts.
func TestUnrevocationWaitsForAReadingWithoutGap(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial))
	h.send(revocation.Gap, 0, 1, 5, start)
	for _, whole := range []bool{false, true} {
		h.Rewind(0, 5, "a gap in the numbering")
		h.send(revocation.Duplicate, 0, 1, 1, start, revoke(serial))
		h.send(revocation.Applied, 0, 1, 2, start, unrevoke(serial))
		if whole {
			h.send(revocation.Applied, 0, 1, 3, start, revoke(serial), unrevoke(serial))
			h.send(revocation.Applied, 0, 1, 5, start)
		} else {
			h.send(revocation.Gap, 0, 1, 5, start)
		}
		if trusted := h.SetPosition(0, 5); trusted != whole || h.Revoked(serial) == whole {
			t.Fatalf("whole %v: trusted %v, revoked %v", whole, trusted, h.Revoked(serial))
		}
	}
}

// Database and log are restored from the same backup: the issuer uses numbers again that this gateway knows.
// Revocations under them count, and the gateway reports it.
func TestReusedNumbersLoseNoRevocation(t *testing.T) {
	other, third := tokens.Serial{Day: serial.Day, Index: 1}, tokens.Serial{Day: serial.Day, Index: 2}
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial), revoke(serial), revoke(serial))
	h.send(revocation.RolledBack, 0, 1, 1, start+1, revoke(other), unrevoke(serial))
	h.send(revocation.RolledBack, 0, 1, 3, start+2)
	if !h.Revoked(other) || !h.Revoked(serial) {
		t.Fatalf("revoked under a used number: %v; unrevoked there: %v", h.Revoked(other), !h.Revoked(serial))
	}
	h.state(start+2, revocation.Suspect)
	if mark := h.Freshness(start + 2).WatermarkMS; mark != start {
		t.Fatalf("the watermark moved by %d ms", mark-start)
	}
	// Exactly as many numbers as were lost look like a retry, and are applied.
	h = newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial))
	h.send(revocation.Duplicate, 0, 1, 1, start+1, revoke(third))
	if !h.Revoked(third) || !h.Revoked(serial) {
		t.Fatal("a revocation that reuses the newest number was handled as a retry")
	}
	h.send(revocation.Duplicate, 0, 1, 1, start+2, unrevoke(third))
	if h.Revoked(third) {
		t.Fatal("a newer unrevocation does not count")
	}
}

// Whatever is lost, repeated and read again: a serial is never valid at a moment when its newest record seen
// so far is a revocation, and after a whole reading the set equals the stream.
func TestRandomLossesNeverFreeARevokedSerial(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var log [][]byte
		var words [][]revocation.Record
		next := uint64(1)
		for range 5 + rng.IntN(30) {
			var records []revocation.Record
			for range rng.IntN(4) {
				r := revoke(tokens.Serial{Day: serial.Day, Index: rng.Uint32N(5)})
				if rng.IntN(2) == 0 {
					r.Kind = revocation.KindUnrevoke
				}
				records = append(records, r)
			}
			at := start + int64(len(log))
			log = append(log, revocationtest.Seal(revocation.Batch{Epoch: 1, First: next, IssuedAt: at, Through: at}, records...))
			words = append(words, records)
			next += uint64(len(records))
		}
		h := newHarness(t, 1)
		h.SetTargetOffset(0, 0)
		last := map[tokens.Serial]bool{} // by the furthest number seen
		seen := -1
		play := func(lossy bool) {
			for i, raw := range log {
				if lossy && rng.IntN(4) == 0 {
					continue
				}
				h.Apply(0, raw, start+1000)
				if i > seen {
					for _, r := range words[i] {
						last[r.Serial] = r.Kind == revocation.KindRevoke
					}
					seen = i
				}
				for s, revoked := range last {
					if revoked && !h.Revoked(s) {
						t.Fatalf("seed %d, batch %d: %s is valid though its newest record is a revocation", seed, i, s)
					}
				}
			}
		}
		play(true)
		for range rng.IntN(3) {
			h.Rewind(0, int64(len(log)), "a test")
			play(true)
			if h.SetPosition(0, int64(len(log))) {
				break // by chance no message was lost: unrevocations that were missing count by right
			}
		}
		seen = len(log) // gaps may have hidden records: only the end counts now
		h.Rewind(0, int64(len(log)), "a test")
		last = map[tokens.Serial]bool{}
		play(false)
		if !h.SetPosition(0, int64(len(log))) {
			t.Fatalf("seed %d: not trusted after a whole reading", seed)
		}
		want := map[tokens.Serial]bool{}
		for _, records := range words {
			for _, r := range records {
				want[r.Serial] = r.Kind == revocation.KindRevoke
			}
		}
		for s, revoked := range want {
			if h.Revoked(s) != revoked {
				t.Fatalf("seed %d: %s is revoked %v, the stream says %v", seed, s, h.Revoked(s), revoked)
			}
		}
	}
}
