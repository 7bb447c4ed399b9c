package bundle_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// The sizes that docs/offline.md states, from these assumptions: 50 million credentials issued in the two railway
// days whose credentials can be valid, 2 % of them revoked; 300 sessions closed each second; 10,000 cutoffs;
// 10,000 exempt serials; 10,000 passages at the station in the window; a train of 1,300 seats, each sold three
// times, under the pseudonyms of three days.
const (
	issued     = 50_000_000
	days       = 2
	closedRate = 300 // sessions per second
	shown      = 1860
)

func someSerials(r *rand.Rand, share float64) *revocation.Set {
	set := revocation.NewSet()
	today := uint16(tokens.DayOf(at / 1000))
	for range int(issued * share) {
		set.Add(tokens.Serial{Day: today - uint16(r.IntN(days)), Index: uint32(r.IntN(issued / days))})
	}
	return set
}

func someClosed(r *rand.Rand, n int) (list []bundle.Session) {
	seen := map[bundle.Session]bool{}
	for range n {
		start := at/1000 - int64(r.IntN(shown))
		s := bundle.Session{Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: uint32(r.IntN(issued / days))}, Start: start}
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

func somePassages(r *rand.Rand, n int) *bundle.Passages {
	p := &bundle.Passages{SinceMS: at - 120_000, Reach: passage.Exact}
	seen := map[tokens.Serial]bool{}
	for range n {
		s := tokens.Serial{Day: uint16(tokens.DayOf(at/1000)) - uint16(r.IntN(days)), Index: uint32(r.IntN(issued / days))}
		if !seen[s] {
			seen[s] = true
			p.List = append(p.List, bundle.Passage{Serial: s, Way: passage.Way(r.IntN(2)), Step: uint8(r.IntN(30)), AtMS: at - r.Int64N(120_000)})
		}
	}
	return p
}

func sizeOf(t *testing.T, since int64, c *bundle.Content) int {
	t.Helper()
	s, err := bundle.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	h := bundletest.Head(at)
	h.SinceMS = since
	d, err := bundle.Sign(h, s, gate7)
	if err != nil {
		t.Fatal(err)
	}
	return d.Size()
}

func TestSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds sets of millions of serials")
	}
	if runtest.Race {
		t.Skip("one goroutine builds sets of millions of serials")
	}
	r := rand.New(rand.NewPCG(1, 2))
	c := bundletest.Sample(gate7)
	c.Revoked, c.Closed, c.Passages = someSerials(r, 0.02), someClosed(r, closedRate*shown), somePassages(r, 10_000)
	c.Exempt[1] = revocation.NewSet()
	for range 10_000 {
		c.Exempt[1].Add(tokens.Serial{Day: uint16(tokens.DayOf(at / 1000)), Index: uint32(r.IntN(issued / days))})
		var subject tokens.Subject
		for i := range subject {
			subject[i] = byte(r.Uint32())
		}
		c.Cutoffs = append(c.Cutoffs, bundle.Cutoff{Subject: subject, Before: at / 1000})
	}
	c.Bookings.Bodies = nil
	for i := range 1300 * 3 * 3 {
		c.Bookings.Bodies = append(c.Bookings.Bodies, bundletest.Booking(bundletest.Session(uint32(i)), bundletest.Train))
	}
	full := sizeOf(t, 0, c)
	check := func(what string, bytes, most int) {
		t.Helper()
		t.Logf("%s: %d bytes", what, bytes)
		if bytes > most {
			t.Errorf("%s: %d bytes, more than %d", what, bytes, most)
		}
	}
	check("full bundle, 2 % of 50 million serials revoked", full, 10_000_000)

	// No set of revoked serials takes more than a bit for each that was issued.
	half := *c
	half.Revoked = someSerials(r, 0.7)
	check("full bundle, half of 50 million serials revoked at random", sizeOf(t, 0, &half), 10_000_000)

	// A minute of the peak: 300 sessions closed and 100 serials revoked each second, and 25 passages a minute
	// at each of 60 gates of the station, with the overlap of ten seconds.
	delta := bundletest.Sample(gate7)
	delta.Bookings = nil
	delta.Revoked, delta.Unrevoked = revocation.NewSet(), nil
	for range 60 * 100 {
		delta.Revoked.Add(tokens.Serial{Day: uint16(tokens.DayOf(at/1000)) - uint16(r.IntN(days)), Index: uint32(r.IntN(issued / days))})
	}
	delta.Closed, delta.Passages = someClosed(r, 60*closedRate), somePassages(r, 60*25*70/60)
	check("delta of a minute", sizeOf(t, at-60_000, delta), 100_000)
}
