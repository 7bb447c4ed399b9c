package passage_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

const codeLife = passage.CodeLife * time.Millisecond

func at(device, station string, step uint8, ms int64) passage.Passage {
	return passage.Passage{Serial: tokens.Serial{Day: 20494, Index: 7}, Start: now/1000 - 600, Step: step, At: now + ms,
		ErrorMS: 200, Station: station, Device: device, Gateway: 3}
}

func exit(p passage.Passage) passage.Passage { p.Way = passage.Out; return p }

func in(p passage.Passage, s passage.State) passage.Passage { p.State = s; return p }

func uploaded(p passage.Passage, id uint64) passage.Passage { p.Upload = id; return p }

func TestFind(t *testing.T) {
	const minute = 60_000
	a, b, far := at("gate-a", "北京南", 9, 0), at("gate-b", "北京南", 9, 20_000), at("gate-a", "上海虹桥", 9, 30_000)
	late := func(p passage.Passage, ms int64) passage.Passage { p.At += ms; return p }
	type pair struct {
		first, second passage.Passage
		class         tokens.Class
	}
	for _, c := range []struct {
		name   string
		window time.Duration
		all    []passage.Passage
		want   []pair
	}{
		{"none", codeLife, nil, nil},
		{"one", codeLife, []passage.Passage{a, a}, nil},
		{"second gate", codeLife, []passage.Passage{b, a}, []pair{{a, b, tokens.ClassPassenger}}},
		{"other station", codeLife, []passage.Passage{far, a}, []pair{{a, far, tokens.ClassFraud}}},
		{"other station, other step", codeLife, []passage.Passage{at("gate-a", "上海虹桥", 10, 30_000), a},
			[]pair{{a, at("gate-a", "上海虹桥", 10, 30_000), tokens.ClassPassenger}}},
		{"chain of three", codeLife, []passage.Passage{far, b, a}, []pair{{a, b, tokens.ClassPassenger}, {b, far, tokens.ClassFraud}}},
		{"repetition", codeLife, []passage.Passage{a, late(a, 9_999), late(b, 1)}, []pair{{a, late(b, 1), tokens.ClassPassenger}}},
		{"same device after 10 s", codeLife, []passage.Passage{a, late(a, 10_000)}, []pair{{a, late(a, 10_000), tokens.ClassPassenger}}},
		{"end of the window", codeLife, []passage.Passage{a, late(a, passage.CodeLife)}, nil},
		{"ways apart", codeLife, []passage.Passage{a, exit(b)}, nil},
		{"inside without exit", 24 * time.Hour, []passage.Passage{a, late(a, 60*minute)}, []pair{{a, late(a, 60*minute), tokens.ClassPassenger}}},
		{"inside after exit", 24 * time.Hour, []passage.Passage{a, exit(late(b, 30*minute)), late(a, 60*minute)}, nil},
		{"exit before", 24 * time.Hour, []passage.Passage{exit(late(b, -30*minute)), a, late(a, 60*minute)},
			[]pair{{a, late(a, 60*minute), tokens.ClassPassenger}}},
		{"exit does not end CodeLife", 24 * time.Hour, []passage.Passage{a, exit(late(b, 10_000)), late(far, 60_000)},
			[]pair{{a, late(far, 60_000), tokens.ClassFraud}}},
		{"hold", codeLife, []passage.Passage{a, in(b, passage.Held)}, nil},
		{"hold, confirmed", codeLife, []passage.Passage{b, a, in(b, passage.Held)}, []pair{{a, b, tokens.ClassPassenger}}},
		{"hold, released", codeLife, []passage.Passage{in(b, passage.Released), a, in(b, passage.Held)}, nil},
		{"upload twice", codeLife, []passage.Passage{uploaded(late(b, 50), 5), a, uploaded(b, 5)},
			[]pair{{a, uploaded(b, 5), tokens.ClassPassenger}}},
		{"uploads of two devices", codeLife, []passage.Passage{uploaded(a, 5), uploaded(b, 5)},
			[]pair{{uploaded(a, 5), uploaded(b, 5), tokens.ClassPassenger}}},
	} {
		got := passage.Find(c.all, c.window)
		var pairs []pair
		for _, x := range got {
			pairs = append(pairs, pair{x.First, x.Second, x.Class})
		}
		if !reflect.DeepEqual(pairs, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// The clocks' errors leave an interval; the order is certain if the interval has one sign.
func TestConflictInterval(t *testing.T) {
	a, b := at("gate-a", "北京南", 9, 0), at("handheld", "北京南", 9, 300)
	b.ErrorMS = 100
	for _, c := range []struct {
		errorMS   uint16
		low, high int64
		certain   bool
	}{{199, 1, 599, true}, {200, 0, 600, false}, {5000, -4800, 5400, false}} {
		a.ErrorMS = c.errorMS
		got := passage.Find([]passage.Passage{a, b}, codeLife)[0]
		if got.GapMS != 300 || got.LowMS != c.low || got.HighMS != c.high || got.Certain != c.certain {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// scattered returns random passages of few serials, many of them twice.
func scattered(random *rand.Rand, n int) (all []passage.Passage) {
	for range n {
		p := at([]string{"gate-a", "gate-b", "h-1"}[random.IntN(3)], []string{"北京南", "上海虹桥"}[random.IntN(2)],
			uint8(random.IntN(2)), random.Int64N(40)*7_000)
		p.Serial.Index, p.Way, p.State = random.Uint32N(4), passage.Way(random.IntN(2)), passage.State(random.IntN(3))
		p.ErrorMS, p.Gateway = uint16(random.IntN(2)), 1
		if random.IntN(3) == 0 {
			p.Upload = 1 + random.Uint64N(3)
		}
		all = append(all, p)
		if random.IntN(4) == 0 {
			all = append(all, p)
		}
	}
	return all
}

// The list does not depend on the order of arrival, and a collector has the list of all passages.
func TestConflictsDoNotDependOnOrder(t *testing.T) {
	found := 0
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 11))
		all := scattered(random, 1+random.IntN(40))
		window := []time.Duration{codeLife, 24 * time.Hour}[seed%2]
		want := passage.Find(all, window)
		found += len(want)
		for range 3 {
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			if got := passage.Find(all, window); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %+v, want %+v", seed, got, want)
			}
			c := newConflicts(t, window, 1000)
			for i := range all {
				c.Add(&all[i])
			}
			if got := c.List(); !slices.Equal(got, want) {
				t.Fatalf("seed %d: collected %+v, want %+v", seed, got, want)
			}
		}
	}
	if found < 500 {
		t.Errorf("only %d conflicts", found)
	}
}

func newConflicts(t testing.TB, window time.Duration, passages int) *passage.Conflicts {
	t.Helper()
	c, err := passage.NewConflicts(passage.ConflictsConfig{Window: window, Passages: passages})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConflictsBounds(t *testing.T) {
	c := newConflicts(t, codeLife, 100)
	add := func(index uint32, device string, ms int64) {
		p := at(device, "北京南", 9, ms)
		p.Serial.Index = index
		c.Add(&p)
	}
	for i := range uint32(150) {
		add(i, "gate-a", int64(i))
	}
	if s := c.Stats(); s.Passages != 100 || s.Dropped != 50 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
	add(60, "gate-b", 20_000)
	add(10, "gate-b", 20_000) // its first passage was dropped
	if got := c.List(); len(got) != 1 || got[0].First.At != now+60 {
		t.Errorf("%+v", got)
	}
	for i := range int64(2 * passage.MaxGroup) {
		add(60, "gate-b", 40_000+i)
	}
	if s := c.Stats(); s.Lost != passage.MaxGroup+2 || s.Serials != 1 {
		t.Errorf("%+v", s)
	}
	c.Forget(now + 20_000)
	if len(c.List()) == 0 {
		t.Error("a serial with later passages was forgotten")
	}
	c.Forget(now + 300_000)
	c.Forget(now + 300_000)
	if s := c.Stats(); s.Passages != 0 || s.Serials != 0 || len(c.List()) != 0 {
		t.Errorf("%+v", s)
	}
	for i := range uint32(passage.MaxGroups + 1) {
		add(1000+i, "gate-a", 0)
		add(1000+i, "gate-b", 1)
	}
	if s := c.Stats(); s.Serials != passage.MaxGroups || s.Lost != passage.MaxGroup+3 {
		t.Errorf("%+v", s)
	}
}

// A gateway that claims many passages of many serials does not fill the memory, and the claims are forgotten.
func TestConflictsUnderAFlood(t *testing.T) {
	c := newConflicts(t, codeLife, 1_000_000)
	const each = passage.MaxGroup
	const serials = passage.MaxGrouped/each + 100
	for i := range uint32(serials) {
		for j := range int64(each) {
			p := at("gate-a", "北京南", 9, j)
			p.Serial.Index = i
			c.Add(&p)
		}
	}
	if s := c.Stats(); s.Whole > passage.MaxGrouped+2 || s.Whole < passage.MaxGrouped || s.Lost == 0 {
		t.Errorf("%+v", s)
	}
	c.Forget(now + 300_000)
	if s := c.Stats(); s.Whole != 0 || s.Serials != 0 {
		t.Errorf("after it: %+v", s)
	}
}

// A passage that is alone of its serial takes 44 bytes.
func TestConflictsMemory(t *testing.T) {
	const n = 100_000
	c := newConflicts(t, codeLife, n)
	p := at("gate-a", "北京南", 9, 0)
	for i := range uint32(n) {
		p.Serial.Index = i
		c.Add(&p)
	}
	s := c.Stats()
	t.Logf("%d passages, %.1f bytes each", s.Passages, float64(s.Bytes)/n)
	if s.Passages != n || s.Bytes > 44*n*5/4 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}
