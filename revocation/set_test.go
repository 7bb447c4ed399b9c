package revocation

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/tokens"
)

// A map is the meaning of a set; the two must agree whatever operations are applied.
func TestSetIsAMapOfSerials(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	set, model := NewSet(), map[tokens.Serial]bool{}
	indexes := []uint32{0, 1, 63, 64, pageBits - 1, pageBits, 1 << 20, 1<<20 + 1}
	for range 20_000 {
		s := tokens.Serial{Day: uint16(20_000 + rng.IntN(4)), Index: indexes[rng.IntN(len(indexes))]}
		if rng.IntN(3) == 0 {
			if set.Remove(s) != model[s] {
				t.Fatalf("unrevoke %s disagrees", s)
			}
			delete(model, s)
		} else {
			if changed := set.Add(s); changed == model[s] {
				t.Fatalf("revoke %s: changed %v", s, changed)
			}
			model[s] = true
		}
		probe := tokens.Serial{Day: uint16(19_999 + rng.IntN(6)), Index: indexes[rng.IntN(len(indexes))]}
		if set.Has(probe) != model[probe] {
			t.Fatalf("%s: set says %v", probe, set.Has(probe))
		}
	}
	if n, _ := set.Len(); n != len(model) {
		t.Fatalf("set counts %d, map %d", n, len(model))
	}
}

func TestSetForgetsOnlyDaysThatAreOver(t *testing.T) {
	set := NewSet()
	for day := uint16(100); day < 103; day++ {
		set.Add(tokens.Serial{Day: day, Index: 7})
	}
	if n := set.Forget(tokens.DayOver(101) - 1); n != 1 {
		t.Fatalf("dropped %d revocations one second before day 101 is over, want day 100's one", n)
	}
	if !set.Has(tokens.Serial{Day: 101, Index: 7}) {
		t.Fatal("a live revocation was dropped")
	}
	if n := set.Forget(tokens.DayOver(102)); n != 2 {
		t.Fatalf("dropped %d, want 2", n)
	}
	if n, bytes := set.Len(); n != 0 || bytes != 0 {
		t.Fatalf("an empty set holds %d serials in %d bytes", n, bytes)
	}
	if !set.Add(tokens.Serial{Day: 110}) || !set.Has(tokens.Serial{Day: 110}) {
		t.Fatal("a set that forgot everything accepts no new day")
	}
}

// A revocation is never refused because of the days that are already in the set.
func TestSetHoldsDaysFarApart(t *testing.T) {
	set := NewSet()
	days := []uint16{100, 101, 108, 92, 0, 65535}
	for i, day := range days {
		set.Add(tokens.Serial{Day: day, Index: 5})
		for _, there := range days[:i+1] {
			if !set.Has(tokens.Serial{Day: there, Index: 5}) {
				t.Fatalf("day %d is missing after day %d was added", there, day)
			}
		}
	}
	if n, bytes := set.Len(); n != len(days) || bytes != len(days)*pageBits/8 {
		t.Fatalf("%d serials in %d bytes", n, bytes)
	}
	if n := set.Forget(tokens.DayOver(101)); n != 4 || set.Has(tokens.Serial{Day: 101, Index: 5}) || !set.Has(tokens.Serial{Day: 108, Index: 5}) {
		t.Fatalf("%d dropped", n)
	}
}

// Readers run while the set grows pages and days; with -race this shows that they need no lock.
func TestSetReadersNeedNoLock(t *testing.T) {
	set := NewSet()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for i := uint32(0); ; i++ {
				select {
				case <-done:
					return
				default:
					set.Has(tokens.Serial{Day: uint16(50 + i%4), Index: i * 4099})
				}
			}
		})
	}
	for i := range uint32(4000) {
		s := tokens.Serial{Day: uint16(50 + i%3), Index: i * 4099}
		set.Add(s)
		if !set.Has(s) {
			t.Fatalf("%s is not visible after it was added", s)
		}
	}
	set.Forget(tokens.DayOver(50))
	close(done)
	readers.Wait()
}

func TestSetReadsDoNotAllocate(t *testing.T) {
	set := NewSet()
	s := tokens.Serial{Day: 50, Index: 1 << 20}
	set.Add(s)
	if n := testing.AllocsPerRun(100, func() { set.Has(s) }); n != 0 {
		t.Fatalf("a lookup allocates %v times", n)
	}
}
