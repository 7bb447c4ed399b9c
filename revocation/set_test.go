package revocation

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/tokens"
)

// A map is what a set means; the two must agree whatever is done to them.
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
			changed, err := set.Add(s)
			if err != nil || changed == model[s] {
				t.Fatalf("revoke %s: changed %v, err %v", s, changed, err)
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
		if _, err := set.Add(tokens.Serial{Day: day, Index: 7}); err != nil {
			t.Fatal(err)
		}
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
	if _, err := set.Add(tokens.Serial{Day: 110}); err != nil {
		t.Fatalf("a set that forgot everything takes no new day: %v", err)
	}
}

func TestSetRefusesDaysFarApart(t *testing.T) {
	set := NewSet()
	if _, err := set.Add(tokens.Serial{Day: 100}); err != nil {
		t.Fatal(err)
	}
	for _, day := range []uint16{100 + maxDays, 100 - maxDays, 0, 65535} {
		if _, err := set.Add(tokens.Serial{Day: day}); err != ErrDay {
			t.Errorf("day %d: %v, want ErrDay", day, err)
		}
	}
	for _, day := range []uint16{100 + maxDays - 1, 101} {
		if _, err := set.Add(tokens.Serial{Day: day}); err != nil {
			t.Errorf("day %d: %v", day, err)
		}
	}
}

// Readers run while the set grows pages and days; with -race this is the proof
// that they need no lock.
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
		if _, err := set.Add(s); err != nil {
			t.Fatal(err)
		}
		if !set.Has(s) {
			t.Fatalf("%s is not visible to the one who revoked it", s)
		}
	}
	set.Forget(tokens.DayOver(50))
	close(done)
	readers.Wait()
}

func TestSetReadsDoNotAllocate(t *testing.T) {
	set := NewSet()
	s := tokens.Serial{Day: 50, Index: 1 << 20}
	if _, err := set.Add(s); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { set.Has(s) }); n != 0 {
		t.Fatalf("a lookup allocates %v times", n)
	}
}
