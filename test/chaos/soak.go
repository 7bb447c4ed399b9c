package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	// brokerEvery is the time between two restarts of a broker.
	brokerEvery = 30 * time.Second
	// sampleEvery spaces the looks at what a process holds.
	sampleEvery = 5 * time.Second
	// settleFor is how long the first and the last level are taken over: shorter
	// than that, the garbage collector's own swing would be measured.
	settleFor = time.Minute
	// shortestSoak is what proves that the command works. A soak that is shorter than
	// judgedSoak restarts brokers more often and judges no levels.
	shortestSoak = 15 * time.Second
	judgedSoak   = 3 * settleFor
)

// What the levels at the end may exceed those at the start by. A leak of one
// goroutine, descriptor or kilobyte per restart or per thousand checks would be
// far above.
const (
	moreGoroutines  = 10
	moreDescriptors = 10
	moreHeap        = 8 << 20 // bytes
)

// level is what a process holds, the least within some time: what it needs and
// cannot give back.
type level struct{ goroutines, descriptors, heap float64 }

func (l level) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f descriptors, %.1f MiB heap in use", l.goroutines, l.descriptors, l.heap/(1<<20))
}

// soak restarts a broker every 30 s under revocations and checks, and compares
// what issuer and gateways hold in the first minute after warming up with what
// they hold in the last.
func (w *world) soak(ctx context.Context, length time.Duration) error {
	if length < shortestSoak {
		return fmt.Errorf("a soak takes at least %v, and at least %v to judge goroutines, descriptors and heap", shortestSoak, judgedSoak)
	}
	settle, restart, judged := settleFor, brokerEvery, length >= judgedSoak
	if !judged {
		settle, restart = length/3, length/5
		w.say.line("shorter than %v: goroutines, descriptors and heap are told and not judged", judgedSoak)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var busy sync.WaitGroup
	busy.Go(func() { w.work(working) })
	busy.Go(func() { w.watch(working) })
	busy.Go(func() { w.checkOthers(working) })
	restarts := 0
	busy.Go(func() {
		for sleep(working, restart) {
			if err := w.broker.Restart(working); err != nil && working.Err() == nil {
				w.say.line("the broker could not be restarted: %v", err)
				continue
			}
			restarts++
			w.say.line("broker restarted, %d; %d checks of others", restarts, w.others.Load())
		}
	})
	processes := map[string]string{"issuer": w.issuerAdmin}
	for _, g := range w.gateways {
		processes[g.name] = g.admin
	}
	sleep(ctx, settle) // caches fill, connections open
	first := w.levels(ctx, processes, settle)
	for name, l := range first {
		w.say.line("%s begins with %v", name, l)
	}
	sleep(ctx, length-3*settle)
	last := w.levels(ctx, processes, settle)
	stop()
	busy.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	var faults []error
	for name, l := range last {
		w.say.line("%s ends with %v", name, l)
		f := first[name]
		if judged && (l.goroutines > f.goroutines+moreGoroutines || l.descriptors > f.descriptors+moreDescriptors || l.heap > f.heap+moreHeap) {
			faults = append(faults, fmt.Errorf("%s began with %v and ends with %v", name, f, l))
		}
	}
	w.report.ledger = w.ledger.count()
	if _, clean := w.report.print(w.say); !clean {
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
	fmt.Printf("faults: soak of %v on %s, %d broker restarts, %d checks: %s\n", length, w.broker.Name(), restarts, w.others.Load(), flat)
	return nil
}

// levels takes the least of each figure over a time.
func (w *world) levels(ctx context.Context, processes map[string]string, over time.Duration) map[string]level {
	least := map[string]level{}
	for end := time.Now().Add(over); time.Now().Before(end) && sleep(ctx, min(sampleEvery, over/2)); {
		for name, admin := range processes {
			now, err := sample(ctx, w.client, admin)
			if err != nil {
				w.say.line("%s does not tell what it holds: %v", name, err)
				continue
			}
			if l, ok := least[name]; ok {
				now = level{min(now.goroutines, l.goroutines), min(now.descriptors, l.descriptors), min(now.heap, l.heap)}
			}
			least[name] = now
		}
	}
	return least
}

var gauges = map[string]*regexp.Regexp{
	"goroutines":  regexp.MustCompile(`(?m)^go_goroutines (\S+)$`),
	"descriptors": regexp.MustCompile(`(?m)^process_open_fds (\S+)$`),
	"heap":        regexp.MustCompile(`(?m)^go_memstats_heap_inuse_bytes (\S+)$`),
}

// sample reads a process's own metrics.
func sample(ctx context.Context, c *http.Client, admin string) (l level, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		return l, err
	}
	answer, err := c.Do(r)
	if err != nil {
		return l, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return l, err
	}
	for name, into := range map[string]*float64{"goroutines": &l.goroutines, "descriptors": &l.descriptors, "heap": &l.heap} {
		found := gauges[name].FindSubmatch(text)
		if found == nil {
			return l, fmt.Errorf("no metric of its %s", name)
		}
		if *into, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
			return l, err
		}
	}
	return l, nil
}
