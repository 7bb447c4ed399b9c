package passage

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/railgate/railgate/tokens"
)

// scanOp is one call of Attempt or Confirm for one serial.
type scanOp struct {
	attempt Attempt
	confirm bool
	passed  bool
	// changing says that the generations change during the call.
	changing bool
}

type scanResult struct {
	answer    Answer
	confirmed bool
}

// scanState is the passages of the serial in the order of their admission.
type scanState struct {
	n   int
	all [48]plainPassage
	// late says that a barrier turned although its hold did not count any more. The table then knows the passage,
	// but need not know the hold that replaced it.
	late bool
}

func (s *scanState) passages() (all []*plainPassage) {
	for i := range s.n {
		p := s.all[i]
		all = append(all, &p)
	}
	return all
}

// scanModel is the plain rule as a sequential specification.
var scanModel = porcupine.Model{
	Init: func() any { return scanState{} },
	Step: func(state, input, output any) (bool, any) {
		s, op, got := state.(scanState), input.(scanOp), output.(scanResult)
		if op.confirm {
			return s.confirm(&op, got.confirmed)
		}
		a := &op.attempt
		want := plainJudge(s.passages(), nil, a.At, a.Window, 0, a.Step, a.Place)
		if want.Outcome == Admitted {
			s.all[s.n] = plainPassage{a.At, a.Place, a.Step, Passed}
			if a.Hold {
				s.all[s.n].state = Held
			}
			s.n++
		}
		if s.late {
			return (got.answer.Outcome == Admitted) == (want.Outcome == Admitted), s
		}
		// At a change of generations the class of a refusal can be that of a provisional passage, which can also refuse
		// a repetition.
		refused := func(o Outcome) bool { return o == Used || o == UsedElsewhere }
		return got.answer.Outcome == want.Outcome || refused(got.answer.Outcome) &&
			(refused(want.Outcome) || op.changing && want.Outcome == Repeated), s
	},
	DescribeOperation: func(input, output any) string {
		op, got := input.(scanOp), output.(scanResult)
		if op.confirm {
			return fmt.Sprintf("confirm %x at %d passed %v: %v", op.attempt.Place, op.attempt.At-start, op.passed, got.confirmed)
		}
		return fmt.Sprintf("attempt %x at %d hold %v: %+v", op.attempt.Place, op.attempt.At-start, op.attempt.Hold, got.answer)
	},
}

func (s scanState) confirm(op *scanOp, got bool) (bool, any) {
	for i := s.n - 1; i >= 0; i-- {
		p := &s.all[i]
		if p.place != op.attempt.Place {
			continue
		}
		latest := i == s.n-1
		switch {
		case p.state == Held && op.passed:
			p.state = Passed
			s.late = s.late || !latest
			return s.late || got == latest, s
		case p.state == Held && latest:
			p.state = Released
			return s.late || got, s
		case p.state == Passed:
			return s.late || !got, s
		}
	}
	if op.passed {
		s.all[s.n] = plainPassage{op.attempt.At, op.attempt.Place, op.attempt.Step, Passed}
		s.n++
		s.late = true
	}
	return s.late || !got, s
}

// yielding is a Forgiver up to a time that lets other goroutines run.
type yielding int64

func (y yielding) Forgiven(tokens.Serial) int64 {
	runtime.Gosched()
	return int64(y)
}

// history runs random calls on several goroutines and returns them. All calls of a phase are concurrent; a hold
// expires between two phases, so that clocks of calls that overlap do not decide whether it did.
func history(t *testing.T, seed uint64, change bool) []porcupine.Operation {
	const phases, callers, calls, phase = 4, 4, 2, 5_100
	table := newTable(t, 100, CodeLife)
	table.Turn(start)
	random := rand.New(rand.NewPCG(seed, 3))
	// A forgiven passage makes every attempt ask the forgiver, which lets others run between judgement and swap.
	table.Merge(&Passage{Serial: serialOf(1), At: start - 1000, Station: "广州南", Device: "gate-1"})
	forgive := yielding(start - 1)
	places := []Place{gateA, gateB, elsewhere, PlaceOf("上海虹桥", "gate-b")}
	changeIn := random.IntN(phases)
	var clock atomic.Int64
	var mu sync.Mutex
	var all []porcupine.Operation
	for ph := range phases {
		var ready, done sync.WaitGroup
		var begin atomic.Bool
		for caller := range callers {
			ops := make([]scanOp, calls)
			for i := range ops {
				ops[i] = scanOp{attempt: Attempt{Serial: serialOf(1), Step: uint8(random.IntN(2)), At: start + int64(ph*phase+random.IntN(3)),
					Place: places[caller], Hold: random.IntN(4) > 0, Window: CodeLife}}
				ops[i].changing = change && ph == changeIn
				ops[i].confirm, ops[i].passed = random.IntN(3) == 0, random.IntN(3) == 0
				if change && ph == changeIn {
					// Without a hold such a confirmation is a merge, which is no party to the argument.
					ops[i].passed = false
				}
			}
			ready.Add(1)
			done.Add(1)
			go func() {
				defer done.Done()
				ready.Done()
				for !begin.Load() {
					runtime.Gosched()
				}
				for _, op := range ops {
					o := porcupine.Operation{ClientId: caller, Input: op, Call: clock.Add(1)}
					var r scanResult
					if op.confirm {
						r.confirmed = table.Confirm(&op.attempt, op.passed)
					} else {
						r.answer = table.Attempt(&op.attempt, forgive)
					}
					o.Output, o.Return = r, clock.Add(1)
					mu.Lock()
					all = append(all, o)
					mu.Unlock()
				}
			}()
		}
		ready.Wait()
		begin.Store(true)
		if change && ph == changeIn {
			for range random.IntN(3) {
				runtime.Gosched()
			}
			table.ChangeGenerations()
		}
		done.Wait()
	}
	return all
}

// Concurrent attempts and confirmations take effect one after another, also while the generations change.
func TestLinearizable(t *testing.T) {
	rounds := 4000
	if testing.Short() {
		rounds = 500
	}
	for seed := range rounds {
		all := history(t, uint64(seed), seed%4 != 0)
		if got := porcupine.CheckOperationsTimeout(scanModel, all, 10*time.Second); got != porcupine.Ok {
			for _, o := range all {
				t.Logf("%d-%d caller %d: %s", o.Call, o.Return, o.ClientId, scanModel.DescribeOperation(o.Input, o.Output))
			}
			t.Fatalf("seed %d: %s", seed, got)
		}
	}
}

// meanwhile is a Forgiver that does something between the judgement of an attempt and its swap, once.
type meanwhile struct {
	floor int64
	do    func()
}

func (m *meanwhile) Forgiven(tokens.Serial) int64 {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.floor
}

// An attempt that swaps in a generation that is not the current one any more competes again.
func TestAttemptAcrossGenerations(t *testing.T) {
	const floor = start
	serial := serialOf(1)
	a := Attempt{Serial: serial, At: start + 1000, Place: gateA, Window: CodeLife}
	b := Attempt{Serial: serial, At: start + 1000, Place: gateB, Window: CodeLife}
	hold := b
	hold.Hold = true
	for _, c := range []struct {
		name string
		do   func(t *testing.T, table *Table)
		want Outcome
		left Outcome // of a third attempt
	}{
		{"change", func(_ *testing.T, table *Table) { table.ChangeGenerations() }, Admitted, Used},
		{"two changes", func(_ *testing.T, table *Table) { table.ChangeGenerations(); table.ChangeGenerations() }, Admitted, Used},
		{"other wins, change", func(t *testing.T, table *Table) { mustPass(t, table, &b); table.ChangeGenerations() }, Used, Used},
		{"change, other wins", func(t *testing.T, table *Table) { table.ChangeGenerations(); mustPass(t, table, &b) }, Used, Used},
		{"change, other wins, change", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			mustPass(t, table, &b)
			table.ChangeGenerations()
		}, Used, Used},
		{"change, other holds", func(t *testing.T, table *Table) { table.ChangeGenerations(); mustPass(t, table, &hold) }, Used,
			Admitted}, // the hold expired, and the loser left nothing
		{"change, other is released", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			mustPass(t, table, &hold)
			if !table.Confirm(&hold, false) {
				t.Error("the hold is not known")
			}
		}, Admitted, Used},
		{"change, merge", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			table.Merge(&Passage{Serial: serial, At: start + 900, Station: "北京南", Device: "gate-b"})
		}, Used, Used},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t, 100, CodeLife)
			table.Turn(start)
			first := Attempt{Serial: serial, At: start, Place: elsewhere, Window: CodeLife}
			mustPass(t, table, &first)
			got := table.Attempt(&a, &meanwhile{floor, func() { c.do(t, table) }})
			if got.Outcome != c.want {
				t.Errorf("%+v, want %d", got, c.want)
			}
			third := Attempt{Serial: serial, At: start + 20_000, Place: elsewhere, Step: 1, Window: CodeLife}
			if got := table.Attempt(&third, &meanwhile{floor: floor}); got.Outcome != c.left {
				t.Errorf("afterwards %+v, want %d", got, c.left)
			}
		})
	}
}

// A confirmation that comes after the hold expired, in the previous generation, and an attempt that judged it expired:
// one of them counts.
func TestConfirmAgainstAttempt(t *testing.T) {
	table := newTable(t, 100, CodeLife)
	table.Turn(start)
	a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Hold: true, Window: CodeLife}
	b := Attempt{Serial: serialOf(1), At: start + HoldFor, Place: gateB, Window: CodeLife}
	mustPass(t, table, &a)
	table.ChangeGenerations()
	// An older, forgiven passage in the current generation.
	table.Merge(&Passage{Serial: serialOf(1), At: start - 5000, Station: "上海虹桥", Device: "gate-a"})
	confirmed := false
	f := &meanwhile{start - 1, func() { confirmed = table.Confirm(&a, true) }}
	if got := table.Attempt(&b, f); got.Outcome != Used || !confirmed || f.do != nil {
		t.Errorf("confirmed %v, attempt %+v", confirmed, got)
	}
}

// Concurrent claims of the same and of different keys: each key has one slot.
func TestClaim(t *testing.T) {
	for round := range uint64(2000) {
		g := newGeneration(5)
		var ready, done sync.WaitGroup
		var begin atomic.Bool
		slots := make([][16]*slot, 4)
		for caller := range slots {
			ready.Add(1)
			done.Add(1)
			go func() {
				defer done.Done()
				ready.Done()
				for !begin.Load() {
					runtime.Gosched()
				}
				for i := range slots[caller] {
					// Two callers share their keys; the others claim the same slots for other keys.
					key := 1 + uint64(i) + uint64(caller/2)<<32
					slots[caller][i] = g.claim(key, round*0x9E3779B97F4A7C15)
				}
			}()
		}
		ready.Wait()
		begin.Store(true)
		done.Wait()
		for caller := range slots {
			for i, s := range slots[caller] {
				if key := 1 + uint64(i) + uint64(caller/2)<<32; s == nil || s.key.Load() != key || s != slots[caller^1][i] {
					t.Fatalf("round %d: callers %d and %d have different slots of key %d", round, caller, caller^1, i)
				}
			}
		}
		if n := g.entries(); n != 32 {
			t.Fatalf("round %d: %d entries", round, n)
		}
	}
}

// mustPass attempts in spite of the passage that the test forgives.
func mustPass(t *testing.T, table *Table, a *Attempt) {
	t.Helper()
	if got := table.Attempt(a, &meanwhile{floor: start}); got.Outcome != Admitted {
		t.Fatalf("%+v", got)
	}
}

// One of many goroutines with one code passes, whatever happens to the generations.
func TestOneOfMany(t *testing.T) {
	table := newTable(t, 4000, CodeLife)
	table.Turn(start)
	const serials, callers = 1500, 4
	var passed [serials]atomic.Int32
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range serials {
				a := Attempt{Serial: serialOf(i), At: start, Place: Place(caller), Window: CodeLife}
				if table.Attempt(&a, nil).Outcome == Admitted {
					passed[i].Add(1)
				}
				if caller == 0 && i == serials/2 {
					table.ChangeGenerations()
				}
			}
		}()
	}
	wg.Wait()
	for i := range passed {
		if n := passed[i].Load(); n != 1 {
			t.Errorf("serial %d passed %d times", i, n)
		}
	}
}
