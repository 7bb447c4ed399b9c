package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// The resources of faults. Two faults that need the same resource do not run together.
const (
	theBroker  = "broker"
	theTopic   = "topic"
	theIssuer  = "issuer"
	theGateway = "gateway"
)

// fault is one kind of disturbance. run returns when the disturbance has ended. Its error means
// that the fault could not be injected, not that the system misbehaved.
type fault struct {
	name  string
	takes []string
	// measured faults run alone, and the time until all gateways are fresh is measured.
	measured bool
	run      func(ctx context.Context, sys *system, r *rand.Rand) error
}

func (f *fault) fits(other *fault) bool {
	return !slices.ContainsFunc(f.takes, func(t string) bool { return slices.Contains(other.takes, t) })
}

const (
	shortestFault = 300 * time.Millisecond
	longestFault  = 2500 * time.Millisecond
	longerFault   = 7 * time.Second // sometimes, in long runs
	longestBreak  = 500 * time.Millisecond
)

// duration draws the duration of a disturbance.
func (sys *system) duration(r *rand.Rand) time.Duration {
	if sys.length > 0 && r.IntN(8) == 0 {
		return between(r, longestFault, longerFault)
	}
	return between(r, shortestFault, longestFault)
}

// inject injects each kind once in random order, and then more until the time is over. Every third
// fault gets a second one at the same time.
func (sys *system) inject(ctx context.Context) {
	kinds := slices.Concat(sys.broker.Faults(), processFaults(), snapshotFaults(), strangerFaults(), lostFaults(), descriptorFaults(), clockFaults())
	kinds = slices.DeleteFunc(kinds, func(f fault) bool { return !strings.Contains(f.name, sys.only) })
	if len(kinds) == 0 {
		sys.report.incident("no kind of fault has %q in its name", sys.only)
		return
	}
	r := sys.random(streamPlan)
	for number, end := uint64(0), time.Now().Add(sys.length); ctx.Err() == nil; {
		// A new shuffle for each pass: every kind occurs regularly.
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
			sys.runFaults(ctx, batch, number)
			number += uint64(len(batch))
			sleep(ctx, between(r, 0, longestBreak))
		}
	}
}

// runFaults injects one or two faults at the same time and waits for their end.
func (sys *system) runFaults(ctx context.Context, batch []fault, number uint64) {
	var names []string
	for _, f := range batch {
		names = append(names, f.name)
	}
	sys.log.printf("%s", strings.Join(names, "  +  "))
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
				sys.log.printf("  %s could not be injected: %v", f.name, err)
			}
		})
	}
	wg.Wait()
}
