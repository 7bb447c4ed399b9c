package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a fault needs for itself. Two faults that need the same are not on at once.
const (
	theBroker  = "broker"
	theTopic   = "topic"
	theIssuer  = "issuer"
	theGateway = "gateway"
)

// fault is one kind of disturbance. run ends when the disturbance has ended; its
// error says that the fault could not be injected, not that anything is wrong.
type fault struct {
	name  string
	takes []string
	// measured faults run alone, and the way back to fresh is timed.
	measured bool
	run      func(ctx context.Context, sys *system, r *rand.Rand) error
}

func (f *fault) fits(other *fault) bool {
	return !slices.ContainsFunc(f.takes, func(t string) bool { return slices.Contains(other.takes, t) })
}

const (
	shortestFault = 300 * time.Millisecond
	longestFault  = 2500 * time.Millisecond
	longerFault   = 7 * time.Second // in a long run now and then
	longestRest   = 500 * time.Millisecond
)

// lasting draws how long a disturbance stays on.
func (sys *system) lasting(r *rand.Rand) time.Duration {
	if sys.length > 0 && r.IntN(8) == 0 {
		return between(r, longestFault, longerFault)
	}
	return between(r, shortestFault, longestFault)
}

// inject goes through all kinds in random order, each once, and then draws
// until the time is over. Every third fault gets a second one beside it.
func (sys *system) inject(ctx context.Context) {
	kinds := slices.Concat(sys.broker.Faults(), processFaults(), snapshotFaults(), strangerFaults(), lostFaults(), descriptorFaults(), clockFaults())
	kinds = slices.DeleteFunc(kinds, func(f fault) bool { return !strings.Contains(f.name, sys.only) })
	if len(kinds) == 0 {
		sys.report.incident("no kind of fault has %q in its name", sys.only)
		return
	}
	r := sys.random(streamPlan)
	for number, end := uint64(0), time.Now().Add(sys.length); ctx.Err() == nil; {
		// A fresh shuffle each round is a draw that leaves no kind out for long.
		r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for i := 0; i < len(kinds) && ctx.Err() == nil; i++ {
			if number >= uint64(len(kinds)) && !time.Now().Before(end) {
				return
			}
			batch := []fault{kinds[i]}
			if next := i + 1; next < len(kinds) && r.IntN(3) == 0 && kinds[i].fits(&kinds[next]) &&
				!kinds[i].measured && !kinds[next].measured {
				batch = append(batch, kinds[next])
				i = next
			}
			sys.play(ctx, batch, number)
			number += uint64(len(batch))
			sleep(ctx, between(r, 0, longestRest))
		}
	}
}

// play has one or two faults on at once and waits for their end.
func (sys *system) play(ctx context.Context, batch []fault, number uint64) {
	var names []string
	for _, f := range batch {
		names = append(names, f.name)
	}
	sys.say.line("%s", strings.Join(names, "  +  "))
	var wg sync.WaitGroup
	for i, f := range batch {
		r := sys.random(streamFault + number + uint64(i))
		wg.Go(func() {
			sys.report.begin(f.name)
			run := func() error { return f.run(ctx, sys, r) }
			var err error
			if f.measured {
				err = sys.measure(ctx, f.name, run)
			} else {
				err = run()
			}
			sys.report.end(f.name, err)
			if err != nil && ctx.Err() == nil {
				sys.say.line("  %s could not be injected: %v", f.name, err)
			}
		})
	}
	wg.Wait()
}
