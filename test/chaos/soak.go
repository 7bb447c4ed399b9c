package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/railgate/railgate/test/harness/stack"
)

const (
	// brokerEvery is the time between two restarts of a broker.
	brokerEvery = 30 * time.Second
	// sampleEvery is the time between two samples of a process.
	sampleEvery = 5 * time.Second
	// settleFor is how long the first and the last level are sampled: a shorter time would measure
	// the fluctuation of the garbage collector.
	settleFor = time.Minute
	// shortestSoak proves that the command works. A soak shorter than judgedSoak restarts brokers
	// more often and does not judge the levels.
	shortestSoak = 15 * time.Second
	judgedSoak   = 3 * settleFor
)

// How far the levels at the end may exceed those at the start. A leak of one goroutine, descriptor
// or kilobyte per restart or per thousand checks would be far above.
const (
	moreGoroutines  = 10
	moreDescriptors = 10
	moreHeap        = 8 << 20 // bytes
)

// level is the least that a process used within some time: resources that it cannot release.
type level struct{ goroutines, descriptors, heap float64 }

func (l level) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f descriptors, %.1f MiB heap in use", l.goroutines, l.descriptors, l.heap/(1<<20))
}

// soak restarts a broker every 30 s during revocations and checks. It compares the levels of issuer
// and gateways in the first minute after warming up with those in the last.
func (sys *system) soak(ctx context.Context, length time.Duration) error {
	if length < shortestSoak {
		return fmt.Errorf("a soak takes at least %v, and at least %v to judge goroutines, descriptors and heap", shortestSoak, judgedSoak)
	}
	settle, restart, judged := settleFor, brokerEvery, length >= judgedSoak
	if !judged {
		settle, restart = length/3, length/5
		sys.log.printf("shorter than %v: goroutines, descriptors and heap are reported and not judged", judgedSoak)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var busy sync.WaitGroup
	busy.Go(func() { sys.work(working) })
	busy.Go(func() { sys.watch(working) })
	busy.Go(func() { sys.checkOthers(working) })
	restarts := 0
	busy.Go(func() {
		for sleep(working, restart) {
			if err := sys.broker.Restart(working); err != nil && working.Err() == nil {
				sys.log.printf("the broker could not be restarted: %v", err)
				continue
			}
			restarts++
			sys.log.printf("broker restarted, %d; %d checks of others", restarts, sys.others.Load())
		}
	})
	processes := []*stack.Server{sys.issuer.Server}
	for _, g := range sys.gateways {
		processes = append(processes, g.Server)
	}
	sleep(ctx, settle) // caches fill, connections open
	first := sys.levels(ctx, processes, settle)
	for name, l := range first {
		sys.log.printf("%s begins with %v", name, l)
	}
	sleep(ctx, length-3*settle)
	last := sys.levels(ctx, processes, settle)
	stop()
	busy.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	var faults []error
	for name, l := range last {
		sys.log.printf("%s ends with %v", name, l)
		f := first[name]
		if judged && (l.goroutines > f.goroutines+moreGoroutines || l.descriptors > f.descriptors+moreDescriptors || l.heap > f.heap+moreHeap) {
			faults = append(faults, fmt.Errorf("%s began with %v and ends with %v", name, f, l))
		}
	}
	sys.report.ledger = sys.ledger.count()
	if _, clean := sys.report.print(sys.log); !clean {
		faults = append(faults, errors.New("a verdict was wrong, or a process ended"))
	}
	if restarts == 0 {
		faults = append(faults, errors.New("no broker was ever restarted"))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	flat := "goroutines, descriptors and heap are flat"
	if !judged {
		flat = "too short to judge goroutines, descriptors and heap"
	}
	fmt.Printf("faults: soak of %v on %s, %d broker restarts, %d checks: %s\n", length, sys.broker.Name(), restarts, sys.others.Load(), flat)
	return nil
}

// levels returns the least of each figure over a time.
func (sys *system) levels(ctx context.Context, processes []*stack.Server, over time.Duration) map[string]level {
	least := map[string]level{}
	for end := time.Now().Add(over); time.Now().Before(end) && sleep(ctx, min(sampleEvery, over/2)); {
		for _, v := range processes {
			now, err := sys.level(ctx, v)
			if err != nil {
				sys.log.printf("no levels of %s: %v", v.Name, err)
				continue
			}
			if l, ok := least[v.Name]; ok {
				now = level{min(now.goroutines, l.goroutines), min(now.descriptors, l.descriptors), min(now.heap, l.heap)}
			}
			least[v.Name] = now
		}
	}
	return least
}

// level reads the levels of a process from its metrics.
func (sys *system) level(ctx context.Context, v *stack.Server) (l level, err error) {
	samples, err := sys.metrics(ctx, v)
	if err != nil {
		return l, err
	}
	for name, into := range map[string]*float64{"go_goroutines": &l.goroutines, "process_open_fds": &l.descriptors, "go_memstats_heap_inuse_bytes": &l.heap} {
		var ok bool
		if *into, ok = samples[name]; !ok {
			return l, fmt.Errorf("no metric %s", name)
		}
	}
	return l, nil
}
