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
}

type scanResult struct {
	answer    Answer
	confirmed bool
}

// scanState is the passage that decides about the serial; the zero value: none.
type scanState plainPassage

func (s scanState) word() word { return wordOf(s.at, s.place, s.step, s.state) }

// scanModel is the plain rule as a sequential specification.
var scanModel = porcupine.Model{
	Init: func() any { return scanState{} },
	Step: func(state, input, output any) (bool, any) {
		s, op, got := state.(scanState), input.(scanOp), output.(scanResult)
		if op.confirm {
			return s.confirm(&op, got.confirmed)
		}
		a := &op.attempt
		var passages []*plainPassage
		if s != (scanState{}) {
			passages = append(passages, (*plainPassage)(&s))
		}
		want := plainJudge(passages, nil, a.At, a.Window, 0, a.Step, a.Place)
		if want.Outcome == Admitted {
			s = scanState{a.At, a.Place, a.Step, Passed}
			if a.Hold {
				s.state = Held
			}
		}
		return got.answer == want, s
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
	a := &op.attempt
	if s.place == a.Place && a.At-s.at < CodeLife {
		switch s.state {
		case Held:
			s.state = Released
			if op.passed {
				s.state = Passed
			}
			return got, s
		case Passed:
			return !got, s
		}
	}
	// A barrier that turned is a passage of its own, which gives way only to a later one.
	turned := scanState{a.At, a.Place, a.Step, Passed}
	if op.passed && (s == (scanState{}) || s.state != Passed || !s.word().later(turned.word(), a.At)) {
		s = turned
	}
	return !got, s
}

// yielding is a Forgiver up to a time that lets other goroutines run.
type yielding int64

func (y yielding) Forgiven(tokens.Serial) int64 {
	runtime.Gosched()
	return int64(y)
}

// atOnce makes calls on goroutines that all begin when the last one is ready, runs meanwhile beside them, and waits.
func atOnce(callers int, call func(caller int), meanwhile func()) {
	var ready, done sync.WaitGroup
	var begin atomic.Bool
	for caller := range callers {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			for !begin.Load() {
				runtime.Gosched()
			}
			call(caller)
		})
	}
	ready.Wait()
	begin.Store(true)
	meanwhile()
	done.Wait()
}

// history runs random calls on several goroutines and returns them. All calls of a phase are concurrent; a hold
// expires between two phases, so that clocks of calls that overlap do not decide whether it did.
func history(t *testing.T, seed uint64, change bool) []porcupine.Operation {
	const phases, callers, calls, phase = 4, 4, 2, 5_100
	table := newTable(t, 100, CodeLife)
	table.Turn(start)
	random := rand.New(rand.NewPCG(seed, 3))
	if seed%8 != 1 {
		// A forgiven passage makes every attempt ask the forgiver, which lets others run between judgement and swap.
		table.Merge(&Passage{Serial: serialOf(1), At: start - 1000, Station: "广州南", Device: "gate-1"})
	}
	forgive := yielding(start - 1)
	places := []Place{gateA, gateB, elsewhere, PlaceOf("上海虹桥", "gate-b")}
	changeIn := random.IntN(phases)
	var clock atomic.Int64
	var mu sync.Mutex
	var all []porcupine.Operation
	for ph := range phases {
		var ops [callers][calls]scanOp
		for caller := range ops {
			ops := ops[caller][:]
			for i := range ops {
				ops[i] = scanOp{attempt: Attempt{Serial: serialOf(1), Step: uint8(random.IntN(2)), At: start + int64(ph*phase+random.IntN(3)),
					Place: places[caller], Hold: random.IntN(4) > 0, Window: CodeLife}}
				ops[i].confirm, ops[i].passed = random.IntN(3) == 0, random.IntN(3) == 0
			}
		}
		atOnce(callers, func(caller int) {
			for _, op := range ops[caller] {
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
		}, func() {
			if change && ph == changeIn {
				for range random.IntN(3) {
					runtime.Gosched()
				}
				table.ChangeGenerations()
			}
		})
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
