package passage

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

const second = 1000

func newTable(t testing.TB, entries int, window int64) *Table {
	t.Helper()
	table, err := NewTable(entries, time.Duration(window)*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func serialOf(i int) tokens.Serial { return tokens.Serial{Day: 20778, Index: uint32(i)} }

type forgiven map[tokens.Serial]int64

func (f forgiven) Forgiven(s tokens.Serial) int64 { return f[s] }

func TestSecondUse(t *testing.T) {
	table := newTable(t, 1000, CodeLife)
	table.Turn(start)
	scan := func(place Place, step uint8, after int64) Answer {
		return table.Attempt(&Attempt{Serial: serialOf(1), Step: step, At: start + after, Place: place, Window: CodeLife}, nil)
	}
	for _, c := range []struct {
		place Place
		step  uint8
		after int64
		want  Answer
	}{
		{gateA, 3, 0, Answer{Admitted, 0}},
		{gateA, 3, 9_999, Answer{Repeated, 9_999}},
		{gateA, 3, 10_000, Answer{Used, 10_000}},
		{gateA, 4, 5_000, Answer{Used, 5_000}},
		{gateB, 3, 5_000, Answer{Used, 5_000}},
		{elsewhere, 3, 5_000, Answer{UsedElsewhere, 5_000}},
		{elsewhere, 4, 5_000, Answer{Used, 5_000}},
		{elsewhere, 3, -4_000, Answer{UsedElsewhere, 0}},
		{gateA, 5, CodeLife - 1, Answer{Used, CodeLife - 1}},
		{gateA, 5, CodeLife, Answer{Admitted, 0}},
	} {
		if got := scan(c.place, c.step, c.after); got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// An exit releases the entry after CodeLife, and an entry the exit; only staff end the window earlier.
func TestInsideUntilExit(t *testing.T) {
	table := newTable(t, 1000, MaxWindow)
	table.Turn(start)
	pass := forgiven{}
	scan := func(way Way, after int64) Outcome {
		return table.Attempt(&Attempt{Serial: serialOf(1), Way: way, At: start + after, Place: gateA, Window: MaxWindow}, pass).Outcome
	}
	const hour = 3600 * second
	for _, c := range []struct {
		way   Way
		after int64
		want  Outcome
	}{
		{In, 0, Admitted}, {In, 5 * hour, Used}, {Out, 5*hour + 1, Admitted}, {Out, 5*hour + 60*second, Used},
		{In, 5*hour + 60*second, Admitted}, {In, 6 * hour, Used}, {Out, 6 * hour, Admitted}, {Out, 7 * hour, Used},
		{In, 7 * hour, Admitted}, {In, 31*hour - 1, Used}, {In, 31 * hour, Admitted},
	} {
		if got := scan(c.way, c.after); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	pass[serialOf(1)] = start + 31*hour - 1
	if got := scan(In, 32*hour); got != Used {
		t.Errorf("a passage after the forgiven time does not count: %d", got)
	}
	pass[serialOf(1)] = start + 31*hour
	if got := scan(In, 32*hour); got != Admitted {
		t.Errorf("a forgiven passage counts: %d", got)
	}
}

func TestHold(t *testing.T) {
	for _, change := range []bool{false, true} {
		table := newTable(t, 1000, CodeLife)
		table.Turn(start)
		a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Hold: true, Window: CodeLife}
		b := a
		b.Place = gateB
		attempt := func(a *Attempt, after int64, want Outcome) {
			t.Helper()
			a.At = start + after
			if got := table.Attempt(a, nil); got.Outcome != want {
				t.Errorf("change %v, after %d: %+v, want %d", change, after, got, want)
			}
		}
		confirm := func(a *Attempt, passed, want bool) {
			t.Helper()
			if got := table.Confirm(a, passed); got != want {
				t.Errorf("change %v: confirmed %v, want %v", change, got, want)
			}
		}
		attempt(&a, 0, Admitted)
		if change {
			table.ChangeGenerations()
		}
		attempt(&b, 9_999, Used)
		confirm(&b, true, false) // not its hold; a barrier that turned is recorded
		attempt(&a, 10_000, Used)

		a.Serial, b.Serial = serialOf(2), serialOf(2)
		attempt(&a, 0, Admitted)
		confirm(&a, false, true)
		confirm(&a, false, false)
		attempt(&b, 1, Admitted)

		a.Serial, b.Serial = serialOf(3), serialOf(3)
		attempt(&a, 0, Admitted)
		if change {
			table.ChangeGenerations()
		}
		attempt(&a, 5_000, Repeated)
		confirm(&a, true, true) // the repetition names the same hold
		confirm(&a, true, false)
		attempt(&b, 124_999, Used)
		attempt(&b, 125_000, Admitted) // by the time of the scan

		a.Serial, b.Serial = serialOf(4), serialOf(4)
		attempt(&a, 0, Admitted)
		if change {
			table.ChangeGenerations()
		}
		attempt(&b, 10_000, Admitted) // expired
		a.At = start
		confirm(&a, true, false)
		table.Confirm(&b, false)
		attempt(&b, 124_999, Used) // a's barrier turned, though late

		a.Serial = serialOf(5)
		attempt(&a, 0, Admitted)
		if change {
			table.ChangeGenerations()
		}
		a.At = start + 60_000
		confirm(&a, true, true) // late, and no other attempt came
	}
}

// Random sequences have the answers of the plain rule.
func TestDifferential(t *testing.T) {
	for seed := range 2000 / uint64(runtest.Every(10)) {
		random := rand.New(rand.NewPCG(seed, 7))
		window := []int64{CodeLife, 300_000, MaxWindow}[seed%3]
		table, plain := newTable(t, 100, window), newPlainTable(window)
		now := int64(start)
		table.Turn(now)
		f := forgiven{}
		holds, merges := seed&1 == 0, seed&2 == 0
		exact := !holds || !merges
		for range 400 {
			next := now + []int64{1, 3000, 10_000, 60_000, 120_000, window / 2}[random.IntN(6)]
			for now < next {
				now = min(now+120_000, next)
				table.Turn(now)
			}
			place := random.IntN(3)
			a := Attempt{Serial: serialOf(random.IntN(3)), Step: uint8(random.IntN(2)), Way: Way(random.IntN(2)), At: now,
				Place: []Place{gateA, gateB, elsewhere}[place], Hold: holds && random.IntN(2) == 0, Window: window}
			switch n := random.IntN(10); {
			case n == 0:
				f[a.Serial] = max(f[a.Serial], now-random.Int64N(200_000))
			case n == 1 && holds:
				passed := random.IntN(2) == 0
				if got, want := table.Confirm(&a, passed), plain.Confirm(&a, passed); got != want && exact {
					t.Fatalf("seed %d: confirm %v %+v: %v, want %v", seed, passed, a, got, want)
				}
			case n <= 3 && merges:
				p := Passage{Serial: a.Serial, Way: a.Way, Step: a.Step, At: now - random.Int64N(window)}
				p.Station, p.Device = []string{"北京南", "北京南", "上海虹桥"}[place], []string{"far-a", "far-b", "far-a"}[place]
				if holds {
					p.State = State(random.IntN(3))
				}
				table.Merge(&p)
				plain.Merge(&p)
			default:
				got := table.Attempt(&a, f)
				want := plain.Attempt(&a, f)
				switch {
				case exact && got != want:
					t.Fatalf("seed %d: %+v: %+v, want %+v", seed, a, got, want)
				case !exact && got.Outcome != want.Outcome:
					if got.Outcome == Admitted && !plain.onlyHolds(&a, f) {
						t.Fatalf("seed %d: %+v was admitted, want %+v", seed, a, want)
					}
					table, plain = newTable(t, 100, window), newPlainTable(window)
					table.Turn(now)
				}
			}
		}
	}
}

// onlyHolds reports whether all passages that refuse an attempt are holds.
func (p *plainTable) onlyHolds(a *Attempt, f forgiven) bool {
	for _, w := range p.passages[plainKey{a.Serial, a.Way}] {
		if w.at > f[a.Serial] && w.state == Passed && plainRefuses(w, p.passages[plainKey{a.Serial, 1 - a.Way}], a.At, p.window) {
			return false
		}
	}
	return true
}

func TestMerge(t *testing.T) {
	table := newTable(t, 1000, CodeLife)
	table.Turn(start)
	p := Passage{Serial: serialOf(1), At: start - 20*second, Station: "上海虹桥", Device: "gate-a"}
	a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Window: CodeLife}
	for range 2 {
		table.Merge(&p)
		if got, want := table.Attempt(&a, nil), (Answer{UsedElsewhere, 20 * second}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	for _, at := range []int64{start - CodeLife - slack, start + maxAhead + 1} {
		table.Merge(&Passage{Serial: serialOf(2), At: at})
	}
	if s := table.Stats(); s.Merged != 2 || s.Untimely != 2 || s.Entries != 1 {
		t.Errorf("%+v", s)
	}
	// A passage that is told again after a change takes no further entry, but its new state counts.
	p.Serial, p.At, p.State = serialOf(3), start, Held
	a.Serial = p.Serial
	table.Merge(&p)
	table.ChangeGenerations()
	table.Merge(&p)
	if s := table.Stats(); s.Entries != 2 {
		t.Errorf("told again: %+v", s)
	}
	p.State = Passed
	table.Merge(&p)
	if a.At = start + 2*HoldFor; table.Attempt(&a, nil).Outcome != UsedElsewhere {
		t.Error("a barrier that turned after a change does not refuse")
	}
	// A passage that was merged is known for its window, however the generations change.
	for i := range int64(20) {
		table = newTable(t, 1000, CodeLife)
		table.Turn(start)
		now := start + i*7*second
		table.Turn(now)
		p.At = now
		table.Merge(&p)
		for ; now < p.At+CodeLife; now += second {
			table.Turn(now)
			if a.At = now; table.Attempt(&a, nil).Outcome == Admitted {
				t.Fatalf("begun %d s after the generation: admitted after %d ms", i*7, now-p.At)
			}
		}
	}
}

func TestClockSetBack(t *testing.T) {
	table := newTable(t, 1000, CodeLife)
	table.Turn(start)
	a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Window: CodeLife}
	table.Attempt(&a, nil)
	for now := int64(start) - 3600*second; now < start+CodeLife; now += 30 * second {
		table.Turn(now)
		a.At, a.Place = now, gateB
		if got := table.Attempt(&a, nil); got.Outcome != Used && now < start-3600*second+CodeLife {
			t.Fatalf("%d s from the passage: %+v", (now-start)/1000, got)
		}
	}
}

// A table that is full admits nothing unrecorded, evicts nothing and reports it.
func TestFull(t *testing.T) {
	table := newTable(t, 200, CodeLife)
	table.Turn(start)
	a := Attempt{At: start, Place: gateA, Window: CodeLife}
	admitted := map[int]bool{}
	full := 0
	for i := range 1000 {
		a.Serial = serialOf(i)
		switch got := table.Attempt(&a, nil); got.Outcome {
		case Admitted:
			admitted[i] = true
		case Full:
			full++
		default:
			t.Fatalf("%+v", got)
		}
	}
	if len(admitted) < 100 || full == 0 || len(admitted)+full != 1000 {
		t.Errorf("%d admitted, %d full", len(admitted), full)
	}
	a.Place = gateB
	for i := range 1000 {
		a.Serial = serialOf(i)
		if got, want := table.Attempt(&a, nil).Outcome, map[bool]Outcome{true: Used, false: Full}[admitted[i]]; got != want {
			t.Fatalf("serial %d: %d, want %d", i, got, want)
		}
	}
	for i := range 1000 {
		table.Merge(&Passage{Serial: serialOf(i), At: start + 1})
	}
	if s := table.Stats(); s.Lost != int64(3*full) || s.Entries != len(admitted) {
		t.Errorf("%+v, %d full", s, full)
	}
	if got := table.LostUntil(); got != start+1+CodeLife {
		t.Errorf("lost until %d", got)
	}
}

// Four million passages take at most 80 MB, and all have room.
func TestMemory(t *testing.T) {
	if testing.Short() || runtest.Race {
		t.Skip("fills a large table, with one goroutine")
	}
	const entries, megabyte = 4_000_000, 1_000_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	table := newTable(t, entries, CodeLife)
	table.Turn(start)
	a := Attempt{At: start, Place: gateA, Window: CodeLife}
	for i := range entries {
		if i == entries/2 {
			a.At = start + table.TurnSpan()
			table.Turn(a.At)
		}
		a.Serial = serialOf(i)
		if got := table.Attempt(&a, nil); got.Outcome != Admitted {
			t.Fatalf("passage %d: %+v", i, got)
		}
	}
	used, s := heap()-before, table.Stats()
	t.Logf("%d passages, %.1f MB on the heap, %.1f MB by Stats", s.Entries, float64(used)/megabyte, float64(s.Bytes)/megabyte)
	if s.Entries != entries || s.Capacity < entries || used > 80*megabyte || s.Bytes > 80*megabyte || uint64(s.Bytes) > used+megabyte {
		t.Errorf("%+v, %d bytes on the heap", s, used)
	}
	runtime.KeepAlive(table)
}

func TestNoAllocations(t *testing.T) {
	table := newTable(t, 100_000, MaxWindow)
	table.Turn(start)
	i, f := 0, forgiven{serialOf(5): start}
	a := Attempt{At: start, Place: gateA, Window: MaxWindow, Hold: true}
	p := Passage{At: start, Station: "北京南", Device: "gate-c"}
	if n := testing.AllocsPerRun(1000, func() {
		i++
		a.Serial, p.Serial = serialOf(i%500), serialOf(i%700)
		table.Prefetch(a.Serial)
		table.Attempt(&a, f)
		table.Merge(&p)
		table.Confirm(&a, i%2 == 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewTableRefuses(t *testing.T) {
	for _, c := range []struct {
		entries int
		window  time.Duration
	}{{1, 3 * time.Minute}, {MaxEntries + 1, 3 * time.Minute}, {1000, 125*time.Second - time.Millisecond}, {1000, 24*time.Hour + time.Millisecond}} {
		if _, err := NewTable(c.entries, c.window); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestPlaces(t *testing.T) {
	if gateA == gateB || gateA.station() != gateB.station() || gateA.station() == elsewhere.station() {
		t.Errorf("%x %x %x", gateA, gateB, elsewhere)
	}
	if PlaceOf("ab", "c") == PlaceOf("a", "bc") {
		t.Error("station and device run together")
	}
	var devices []Located
	for i := range 300 {
		devices = append(devices, Located{"北京南", "gate-" + strconv.Itoa(i)})
	}
	if err := Clash(append(devices, devices[3])); err != nil {
		t.Error(err)
	}
	for _, odd := range []Located{{"北京南", "gate\x00"}, {"北京\n", "gate"}, {"北京南", "\xff"}, {strings.Repeat("n", 65), "gate"}} {
		if Clash([]Located{odd}) == nil {
			t.Errorf("%q: no batch can contain its passages", odd)
		}
	}
	// With enough devices two cannot be told apart.
	for i := range 10_000 {
		devices = append(devices, Located{"北京南", "desk-" + strconv.Itoa(i)})
	}
	if Clash(devices) == nil {
		t.Error("10,000 devices of one station have different places")
	}
}
