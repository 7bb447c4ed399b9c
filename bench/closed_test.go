package bench

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// 300 sessions closed a second, for the 31 minutes in which a code of theirs could still be valid.
// Gateways store a day of them, but scans look up these.
const (
	closedPerSecond = 300
	closedSeconds   = 31 * 60
	closedCount     = closedPerSecond * closedSeconds
	// closedIndex is the first index of closed sessions' serials: none is in the corpus.
	closedIndex = 1 << 25
)

// opened identifies a session.
type opened struct {
	serial tokens.Serial
	start  int64
}

// closed is the set of closed sessions in both forms, and the queries to it.
type closed struct {
	sessions []opened // in the order of closing
	set      *revocation.ClosedSessions
	plain    *plainClosed
	queries  []opened // open sessions, like almost all that are shown at a gate
}

var theClosed = sync.OnceValue(func() *closed {
	random := rand.New(rand.NewPCG(5, 6))
	c := &closed{}
	any := func() opened {
		start := now - random.Int64N(closedSeconds)
		return opened{tokens.Serial{Day: uint16(tokens.DayOf(start)) - uint16(random.IntN(2)), Index: closedIndex + random.Uint32N(perDay)}, start}
	}
	taken := map[opened]bool{}
	for len(c.sessions) < closedCount {
		if s := any(); !taken[s] {
			taken[s] = true
			c.sessions = append(c.sessions, s)
		}
	}
	for len(c.queries) < lookups {
		if s := any(); !taken[s] {
			c.queries = append(c.queries, s)
		}
	}
	c.set, c.plain = buildClosed(c.sessions), buildPlainClosed(c.sessions)
	return c
})

func buildClosed(sessions []opened) *revocation.ClosedSessions {
	set := revocation.NewClosedSessions()
	for _, s := range sessions {
		set.Add(s.serial, s.start, s.start+60)
	}
	return set
}

func buildPlainClosed(sessions []opened) *plainClosed {
	set := &plainClosed{sessions: map[opened]int64{}}
	for _, s := range sessions {
		set.mu.Lock()
		set.sessions[s] = s.start + 60
		set.mu.Unlock()
	}
	return set
}

// BenchmarkClosedLookup looks up open sessions among half a million closed ones.
func BenchmarkClosedLookup(b *testing.B) {
	c := theClosed()
	for _, rival := range []struct {
		name   string
		closed func(tokens.Serial, int64, int64) bool
	}{{"ours", c.set.Closed}, {"plain-map-rwmutex", c.plain.Closed}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if s := &c.queries[i%lookups]; rival.closed(s.serial, s.start, tokens.Never) {
					b.Fatal("an open session was reported as closed")
				}
			}
		})
	}
}

// BenchmarkClosedBuild closes half a million sessions one by one, in random order, and reports the
// heap size of the finished set.
func BenchmarkClosedBuild(b *testing.B) {
	sessions := theClosed().sessions
	b.Run("ours", func(b *testing.B) { benchmarkBuild(b, func() any { return buildClosed(sessions) }) })
	b.Run("plain-map-rwmutex", func(b *testing.B) { benchmarkBuild(b, func() any { return buildPlainClosed(sessions) }) })
}

func TestClosedSetsAgree(t *testing.T) {
	c := theClosed()
	for _, s := range append(c.sessions, c.queries...) {
		for _, by := range []int64{s.start + 59, s.start + 60, tokens.Never} {
			if ours, plain := c.set.Closed(s.serial, s.start, by), c.plain.Closed(s.serial, s.start, by); ours != plain {
				t.Fatalf("%+v by %d: ours %v, plain %v", s, by, ours, plain)
			}
		}
	}
	if n, _ := c.set.Len(); n != closedCount || len(c.plain.sessions) != closedCount {
		t.Errorf("ours has %d, plain %d, want %d", n, len(c.plain.sessions), closedCount)
	}
}
