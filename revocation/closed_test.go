package revocation_test

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// closedModel is ClosedSessions as a plain map.
type closedModel map[closedKey]int64 // the second of the closing

type closedKey struct {
	serial tokens.Serial
	start  int64
}

func (m closedModel) add(serial tokens.Serial, start, closed int64) (changed bool) {
	k := closedKey{serial, start}
	if days := tokens.DayOf(start) - int64(serial.Day); days != 0 && days != 1 {
		return false
	}
	closed = min(max(closed, start), start+revocation.MaxOpen)
	if was, ok := m[k]; ok && was <= closed {
		return false
	}
	m[k] = closed
	return true
}

func (m closedModel) closed(serial tokens.Serial, start, by int64) bool {
	at, ok := m[closedKey{serial, start}]
	return ok && at <= by
}

func (m closedModel) forget(now int64) {
	maps.DeleteFunc(m, func(k closedKey, _ int64) bool {
		return (k.start/revocation.SliceSpan+1)*revocation.SliceSpan+revocation.ShownFor <= now
	})
}

const startSecond = start / 1000

// Whatever sessions are closed, repeated and forgotten, in whatever order: the set answers like a map, for
// every session and every second.
func TestClosedSessionsEqualAPlainMap(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 77))
		set, model := revocation.NewClosedSessions(), closedModel{}
		var keys []closedKey
		now := int64(startSecond)
		for range 4000 {
			var k closedKey
			if len(keys) > 0 && random.IntN(4) == 0 {
				k = keys[random.IntN(len(keys))]
			} else {
				k.start = now - random.Int64N(3*revocation.SliceSpan)
				// Days before and after the valid ones for a start are included.
				k.serial = tokens.Serial{Day: uint16(tokens.DayOf(k.start) + 1 - random.Int64N(4)), Index: random.Uint32N(50) << (random.IntN(2) * 26)}
				keys = append(keys, k)
			}
			closed := k.start + random.Int64N(2400) - 100
			if random.IntN(50) == 0 {
				closed = random.Int64()
			}
			got, fits := set.Add(k.serial, k.start, closed)
			if want := model.add(k.serial, k.start, closed); got != want || !fits {
				t.Fatalf("seed %d: adding %+v changed %v, want %v; fits %v", seed, k, got, want, fits)
			}
			if random.IntN(40) == 0 {
				now += random.Int64N(2 * revocation.SliceSpan)
				past := now - 4*revocation.SliceSpan
				was := len(model)
				model.forget(past)
				if n := set.Forget(past); n != was-len(model) {
					t.Fatalf("seed %d: %d forgotten, want %d", seed, n, was-len(model))
				}
			}
		}
		for _, k := range keys {
			for _, by := range []int64{0, k.start - 1, k.start, k.start + random.Int64N(2400), model[k] - 1, model[k], tokens.Never} {
				if got, want := set.Closed(k.serial, k.start, by), model.closed(k.serial, k.start, by); got != want {
					t.Fatalf("seed %d: %+v closed by %d: %v, want %v", seed, k, by, got, want)
				}
			}
			other := k.serial
			other.Index ^= 1 << random.IntN(32)
			if got, want := set.Closed(other, k.start, tokens.Never), model.closed(other, k.start, tokens.Never); got != want {
				t.Fatalf("seed %d: a neighbour of %+v: %v, want %v", seed, k, got, want)
			}
		}
		all := closedModel{}
		for s := range set.All() {
			all[closedKey{s.Serial, s.Start}] = s.Closed
		}
		if !maps.Equal(all, model) {
			t.Fatalf("seed %d: the set lists %d sessions, the model %d, and they differ", seed, len(all), len(model))
		}
		if n, _ := set.Len(); n != len(model) {
			t.Fatalf("seed %d: %d sessions, want %d", seed, n, len(model))
		}
	}
}

// The bounds of every field of a word.
func TestClosedSessionAtTheBoundsOfItsFields(t *testing.T) {
	day := tokens.DayStart(int64(serial.Day))
	for _, start := range []int64{day, day + 86399, day + 86400, day + 2*86400 - 1} {
		set := revocation.NewClosedSessions()
		for _, index := range []uint32{0, 1, 1<<31 - 1, 1<<32 - 1} {
			s := tokens.Serial{Day: serial.Day, Index: index}
			if changed, fits := set.Add(s, start, start+7); !changed || !fits {
				t.Fatalf("%s at %d is not taken", s, start)
			}
			if set.Closed(s, start, start+6) || !set.Closed(s, start, start+7) || set.Closed(s, start+1, tokens.Never) || set.Closed(s, start-1, tokens.Never) {
				t.Errorf("%s at %d: another second is closed, or this one is not", s, start)
			}
		}
	}
	for _, start := range []int64{day - 1, day + 2*86400, -1, 0} {
		set := revocation.NewClosedSessions()
		if changed, _ := set.Add(tokens.Serial{Day: serial.Day}, start, start); changed || set.Closed(tokens.Serial{Day: serial.Day}, start, tokens.Never) {
			t.Errorf("a start that no credential of the day can have: %d", start)
		}
	}
	if revocation.NewClosedSessions().Closed(serial, startSecond, tokens.Never) {
		t.Error("an empty set has a session")
	}
}

// Sessions that start on either side of midnight, and days and clocks far apart, do not affect each other,
// and each is forgotten in its time.
func TestClosedSessionsFarApartDoNotAffectEachOther(t *testing.T) {
	set := revocation.NewClosedSessions()
	starts := []int64{startSecond, startSecond + 400*86400, startSecond - 300*86400, startSecond + 1}
	for _, at := range starts {
		set.Add(tokens.Serial{Day: uint16(tokens.DayOf(at)), Index: 3}, at, at)
	}
	for _, at := range starts {
		if !set.Closed(tokens.Serial{Day: uint16(tokens.DayOf(at)), Index: 3}, at, at) {
			t.Errorf("%d is lost", at)
		}
	}
	if n := set.Forget(startSecond - 1); n != 1 {
		t.Errorf("%d forgotten, want the one of last year", n)
	}
	if n := set.Forget(startSecond + revocation.SliceSpan + revocation.ShownFor); n != 2 {
		t.Errorf("%d forgotten, want two", n)
	}
	if n, bytes := set.Len(); n != 1 || bytes != 64*9 {
		t.Errorf("%d sessions in %d bytes, want 1 in one table", n, bytes)
	}
}

// Readers run concurrently with growth and forgetting, and find every session that was there when they began.
func TestClosedSessionsStayReadableDuringChanges(t *testing.T) {
	set := revocation.NewClosedSessions()
	set.Add(serial, startSecond, startSecond)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if !set.Closed(serial, startSecond, startSecond) {
					t.Error("a closed session is open for a moment")
					return
				}
				if set.Closed(tokens.Serial{Day: serial.Day, Index: 1 << 31}, startSecond, tokens.Never) {
					t.Error("an open session is closed for a moment")
					return
				}
			}
		})
	}
	for i := range uint32(30_000) {
		at := int64(startSecond) + int64(i%2)*revocation.SliceSpan
		set.Add(tokens.Serial{Day: serial.Day, Index: 100 + i}, at, at)
		if i%5000 == 0 {
			set.Forget(startSecond)
		}
	}
	close(done)
	readers.Wait()
}

// A session takes 12 to 18 bytes, so 5 million in a day take about 75 MB, and the 558,000 of the busiest half
// hour about 9 MB.
func TestClosedSessionTakesAtMost18Bytes(t *testing.T) {
	set := revocation.NewClosedSessions()
	const sessions = 400_000
	for i := range uint32(sessions) {
		at := startSecond + int64(i/300)
		set.Add(tokens.Serial{Day: serial.Day, Index: i}, at, at+60)
	}
	n, bytes := set.Len()
	if each := float64(bytes) / float64(n); n != sessions || each > 18.1 {
		t.Errorf("%d sessions in %.1f bytes each", n, each)
	}
}

func TestClosedSessionLookupDoesNotAllocate(t *testing.T) {
	set := revocation.NewClosedSessions()
	set.Add(serial, startSecond, startSecond)
	if n := testing.AllocsPerRun(100, func() {
		if !set.Closed(serial, startSecond, tokens.Never) || set.Closed(serial, startSecond+1, tokens.Never) {
			t.Fatal("wrong answer")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzClosedSessions(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, script []byte) {
		set, model := revocation.NewClosedSessions(), closedModel{}
		var keys []closedKey
		for ; len(script) >= 10; script = script[10:] {
			at := startSecond + int64(script[1])<<8 + int64(script[2])
			k := closedKey{tokens.Serial{Day: uint16(tokens.DayOf(at)) + uint16(script[3]%4) - 2, Index: uint32(script[4])<<24 | uint32(script[5])}, at}
			if script[0]%8 == 7 {
				set.Forget(at)
				model.forget(at)
				continue
			}
			closed := at + int64(script[6])<<8 + int64(script[7]) - 300
			got, _ := set.Add(k.serial, k.start, closed)
			if got != model.add(k.serial, k.start, closed) {
				t.Fatalf("adding %+v", k)
			}
			keys = append(keys, k)
		}
		for _, k := range keys {
			for _, by := range []int64{k.start, model[k] - 1, model[k], tokens.Never} {
				if set.Closed(k.serial, k.start, by) != model.closed(k.serial, k.start, by) {
					t.Fatalf("%+v by %d", k, by)
				}
			}
		}
	})
}
