package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

const (
	pollEvery = 50 * time.Millisecond
	// recoveryBound bounds the time until gateways are fresh after the last fault: several times
	// the backoffs, a re-read every 10 s and the start of a JVM.
	recoveryBound = 60 * time.Second
)

// recovered is how the gateways recovered from the faults of one kind.
type recovered struct {
	each    []time.Duration // from the start of the fault until all were fresh again; 0: they stayed fresh
	longest time.Duration   // greatest age of any gateway's data
}

func (r *recovered) text() string {
	if r == nil {
		return ""
	}
	var worst time.Duration
	for _, d := range r.each {
		worst = max(worst, d)
	}
	return fmt.Sprintf(" fresh again after at most %.1fs, data at most %.1fs old", worst.Seconds(), r.longest.Seconds())
}

// measure waits until every gateway is fresh, to exclude effects of an earlier fault. Then it runs
// the fault and polls the state of every gateway until all are fresh again.
func (sys *system) measure(ctx context.Context, kind string, run func() error) error {
	if err := awaitFresh(ctx, sys.gateways, recoveryBound); err != nil {
		if ctx.Err() == nil {
			sys.report.incident("the system did not recover between two faults: %v", err)
		}
		return err
	}
	began, done := time.Now(), make(chan error, 1)
	go func() { done <- run() }()
	var err error
	var took, oldest time.Duration
	for running := true; ; {
		fresh := true
		for _, g := range sys.gateways {
			state, age := g.health(ctx)
			fresh = fresh && state == "fresh"
			oldest = max(oldest, age)
		}
		if !fresh {
			took = time.Since(began)
		}
		select {
		case err = <-done:
			running = false
		default:
		}
		if !running && (fresh || time.Since(began) > 2*recoveryBound) {
			break
		}
		if !sleep(ctx, pollEvery) && !running {
			break
		}
	}
	sys.log.printf("  %s:%s", kind, (&recovered{[]time.Duration{took}, oldest}).text())
	sys.report.mu.Lock()
	defer sys.report.mu.Unlock()
	r := sys.report.recovery[kind]
	if r == nil {
		r = &recovered{}
		sys.report.recovery[kind] = r
	}
	r.each, r.longest = append(r.each, took), max(r.longest, oldest)
	return err
}

// health reads /readyz; the state is empty if the gateway does not answer.
func (g *gateway) health(ctx context.Context) (state string, age time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answer, err := g.Send(ctx, passenger.Request{Method: "GET", URL: g.Gate.URL + "/readyz"})
	if err != nil {
		return "", 0
	}
	var body struct {
		State string
		AgeMS int64 `json:"age_ms"`
	}
	if json.Unmarshal(answer.Body, &body) != nil {
		return "", 0
	}
	return body.State, time.Duration(max(0, body.AgeMS)) * time.Millisecond
}

// awaitFresh waits until every given gateway reports fresh.
func awaitFresh(ctx context.Context, gateways []*gateway, bound time.Duration) error {
	missing := ""
	fresh := await(ctx, bound, pollEvery, func() bool {
		missing = ""
		for _, g := range gateways {
			if state, _ := g.health(ctx); state != "fresh" {
				missing += fmt.Sprintf(" %s is %q;", g.Name, state)
			}
		}
		return missing == ""
	})
	if !fresh && ctx.Err() == nil {
		return fmt.Errorf("after %v:%s", bound, missing)
	}
	return ctx.Err()
}
