package passage

import (
	"math/rand/v2"
	"testing"
)

// start is a time whose milliseconds are near the end of a period of 2^28 ms, so that times of a test wrap around.
const start = 6651<<timeBits - 100_000

var (
	gateA     = PlaceOf("北京南", "gate-a")
	gateB     = PlaceOf("北京南", "gate-b")
	elsewhere = PlaceOf("上海虹桥", "gate-a")
)

// Every combination of at most one passage of the own way and two of the other, at all sides of every bound, in every
// state, gives the answer of the plain rule.
func TestRulesExhaustively(t *testing.T) {
	const at = start + 90_000_000
	ages := []int64{-3000, 0, 9_999, 10_000, 124_999, 125_000, 299_999, 300_000}
	var own, other []*plainPassage
	for _, age := range ages {
		for _, s := range []State{Passed, Held, Released} {
			other = append(other, &plainPassage{at - age, gateA, 1, s})
			for _, place := range []Place{gateA, gateB, elsewhere} {
				own = append(own, &plainPassage{at - age, place, 1, s})
			}
			own = append(own, &plainPassage{at - age, gateA, 2, s})
		}
	}
	own, other = append(own, nil), append(other, nil)
	words := func(p ...*plainPassage) (w otherWay, all []*plainPassage) {
		for i, p := range p {
			if p != nil {
				w[i], all = wordOf(p.at, p.place, p.step, p.state), append(all, p)
			}
		}
		return
	}
	type outcome struct {
		outcome Outcome
		followed,
		forgiven bool
	}
	seen, n := map[outcome]int{}, 0
	for _, p := range own {
		ownWord, ownAll := words(p)
		for _, o := range other {
			for _, r := range other {
				otherWords, otherAll := words(o, r)
				for _, window := range []int64{CodeLife, 300_000} {
					for _, floor := range []int64{0, at - 125_000, at - 124_999} {
						got := judge(ownWord[0], &otherWords, terms{at: at, window: window, floor: floor}, 1, gateA)
						want := plainJudge(ownAll, otherAll, at, window, floor, 1, gateA)
						if got != want {
							t.Fatalf("own %+v, other %+v %+v, window %d, floor %d: %+v, want %+v", p, o, r, window, at-floor, got, want)
						}
						seen[outcome{got.Outcome, len(otherAll) > 0, floor != 0}]++
						n++
					}
				}
			}
		}
	}
	for _, o := range []Outcome{Admitted, Repeated, Used, UsedElsewhere} {
		for _, b := range []bool{false, true} {
			if seen[outcome{o, b, true}] == 0 || seen[outcome{o, b, false}] == 0 {
				t.Errorf("no case has outcome %d", o)
			}
		}
	}
	t.Logf("%d cases", n)
}

// Passages that passed are merged to the same word in every order.
func TestMergedDoesNotDependOnOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		all := make([]word, 4)
		for i := range all {
			all[i] = wordOf(start+random.Int64N(4)*50_000, []Place{gateA, gateB}[random.IntN(2)], uint8(random.IntN(2)), Passed)
		}
		tell := func() (w word) {
			for _, n := range all {
				w = merged(w, n, &otherWay{}, terms{at: start, window: CodeLife})
			}
			return w
		}
		first := tell()
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if second := tell(); first != second {
			t.Fatalf("%x: %x and %x", all, first, second)
		}
	}
}

// A hold or release never hides an earlier passage that still refuses, and the passage is not lost if it is told
// later.
func TestMergedKeepsPassageUnderHold(t *testing.T) {
	passed, held := wordOf(start, gateA, 1, Passed), wordOf(start+1000, gateB, 1, Held)
	rules := terms{at: start + 2000, window: CodeLife}
	for _, s := range []State{Held, Released} {
		for _, pair := range [][2]word{{passed, held.in(s)}, {held.in(s), passed}} {
			if got := merged(pair[0], pair[1], &otherWay{}, rules); got != passed {
				t.Errorf("%x after %x gives %x, want the passage", pair[1], pair[0], got)
			}
		}
	}
	old := wordOf(start-CodeLife, gateA, 1, Passed)
	if got := merged(old, held, &otherWay{}, rules); got != held {
		t.Error("a hold does not replace a passage that does not refuse any more")
	}
	inside := terms{at: start + 2000, window: MaxWindow}
	if got := merged(old, held, &otherWay{}, inside); got != old {
		t.Error("a hold replaces a passage without exit")
	}
	exit := otherWay{wordOf(start-500, gateB, 1, Passed)}
	if got := merged(old, held, &exit, inside); got != held {
		t.Error("a hold does not replace a passage with a later exit")
	}
}

func TestOrderOfOneMillisecond(t *testing.T) {
	a, b := wordOf(start, gateA, 1, Passed), wordOf(start, gateB, 1, Passed)
	if a.later(b, start) == b.later(a, start) || a.later(a, start) {
		t.Error("two passages of one millisecond have no order")
	}
}

// Ages are right over the whole range of times modulo 2^28.
func TestAge(t *testing.T) {
	for _, age := range []int64{0, 1, CodeLife, MaxWindow, 3*MaxWindow + 60_000, -1, -maxAhead, 1<<timeBits - maxAhead - 1} {
		for _, at := range []int64{start, start + 100_000, start + 1<<timeBits - 1} {
			if got := wordOf(at-age, gateA, 29, Held).age(at); got != age {
				t.Errorf("age %d at %d, want %d", got, at, age)
			}
		}
	}
}

func TestWord(t *testing.T) {
	for _, s := range []State{Passed, Held, Released} {
		for step := range uint8(30) {
			w := wordOf(start, elsewhere, step, s)
			if w == 0 || w.state() != s || w.step() != step || w.place() != elsewhere || !w.same(w.in(Held)) {
				t.Fatalf("%x: %d %d %d", w, w.state(), w.step(), w.place())
			}
		}
	}
}
