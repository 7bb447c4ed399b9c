package bench

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// 50 million credentials in the three days that can be valid at the same time, one in a hundred
// revoked at random.
const (
	days         = 3
	issued       = 50_000_000
	perDay       = issued/days + 1
	revokedCount = issued / 100
	lookups      = 1 << 18 // different serials looked up, one in a hundred of them revoked
)

func randomSerial(random *rand.Rand) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(now)) - uint16(random.IntN(days)), Index: random.Uint32N(perDay)}
}

// checked is the set as a checker uses it, with the closed sessions of a busy half hour and no
// cutoffs of subjects.
type checked struct {
	*revocation.Set
	subjects revocation.Subjects
	closed   *revocation.ClosedSessions
}

func (c *checked) Revoked(s tokens.Serial) bool  { return c.Has(s) }
func (c *checked) Cutoff(s tokens.Subject) int64 { return c.subjects.Cutoff(s) }
func (c *checked) Closed(s tokens.Serial, start, by int64) bool {
	return c.closed.Closed(s, start, by)
}

// revoked is the set in both forms, and the queries to it.
type revoked struct {
	serials []tokens.Serial // in the order of revocation
	set     *checked
	plain   *plainRevoked
	queries []tokens.Serial
}

var theRevoked = sync.OnceValue(func() *revoked {
	random := rand.New(rand.NewPCG(3, 4))
	r := &revoked{set: &checked{Set: revocation.NewSet(), closed: theClosed().set}}
	for len(r.serials) < revokedCount {
		serial := randomSerial(random)
		if r.set.Add(serial) {
			r.serials = append(r.serials, serial)
		}
	}
	r.plain = buildPlain(r.serials)
	for range lookups {
		r.queries = append(r.queries, randomSerial(random))
	}
	return r
})

func buildOurs(serials []tokens.Serial) *revocation.Set {
	set := revocation.NewSet()
	for _, s := range serials {
		set.Add(s)
	}
	return set
}

func buildPlain(serials []tokens.Serial) *plainRevoked {
	r := &plainRevoked{serials: map[tokens.Serial]struct{}{}}
	for _, s := range serials {
		r.mu.Lock()
		r.serials[s] = struct{}{}
		r.mu.Unlock()
	}
	return r
}

// BenchmarkRevocationLookup looks up random serials out of 50 million.
func BenchmarkRevocationLookup(b *testing.B) {
	r := theRevoked()
	for _, rival := range []struct {
		name string
		set  tokens.Revocations
	}{{"ours", r.set}, {"plain-map-rwmutex", r.plain}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for i := 0; b.Loop(); i++ {
				if rival.set.Revoked(r.queries[i%lookups]) {
					found++
				}
			}
			if found == 0 && b.N >= lookups {
				b.Fatal("no revoked serial was found in a whole pass")
			}
		})
	}
}

// BenchmarkRevocationBuild revokes half a million serials one by one, in random order, and reports
// the heap size of the finished set.
func BenchmarkRevocationBuild(b *testing.B) {
	serials := theRevoked().serials
	b.Run("ours", func(b *testing.B) { benchmarkBuild(b, func() any { return buildOurs(serials) }) })
	b.Run("plain-map-rwmutex", func(b *testing.B) { benchmarkBuild(b, func() any { return buildPlain(serials) }) })
}

func benchmarkBuild(b *testing.B, build func() any) {
	b.ReportAllocs()
	for b.Loop() {
		build()
	}
	before := heap()
	set := build()
	b.ReportMetric(float64(heap()-before), "held-B")
	runtime.KeepAlive(set)
}

// heap returns the reachable heap in bytes. It collects twice: finalizers and pools may still hold
// memory after the first.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestRevocationSetsAgree(t *testing.T) {
	r := theRevoked()
	revoked := 0
	for _, serial := range append(r.serials, r.queries...) {
		ours, plain := r.set.Has(serial), r.plain.Revoked(serial)
		if ours != plain {
			t.Fatalf("serial %s: ours %v, plain %v", serial, ours, plain)
		}
		if ours {
			revoked++
		}
	}
	// All revoked serials, and about one in a hundred of the random ones.
	if byChance := revoked - revokedCount; byChance < lookups/200 || byChance > lookups/50 {
		t.Errorf("%d of %d random serials are revoked, want about one in a hundred", byChance, lookups)
	}
	if n, _ := r.set.Len(); n != revokedCount || len(r.plain.serials) != revokedCount {
		t.Errorf("ours has %d, plain %d, want %d", n, len(r.plain.serials), revokedCount)
	}
}
