package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	watchersEach = 2                     // per gateway
	watchPause   = 4 * time.Millisecond  // between two questions of one watcher
	deadPause    = 50 * time.Millisecond // after a question that nobody answered
)

// watch asks every gateway for random holders until ctx ends and judges every answer.
func (w *world) watch(ctx context.Context) {
	var wg sync.WaitGroup
	for i, g := range w.gateways {
		for n := range watchersEach {
			r := w.random(streamWatch + uint64(i*watchersEach+n))
			wg.Go(func() {
				for ctx.Err() == nil {
					pause := watchPause
					if e, before, ok := w.ledger.pick(r, time.Now()); ok && !w.question(ctx, g, e, before) {
						pause = deadPause
					}
					sleep(ctx, pause)
				}
			})
		}
	}
	wg.Wait()
}

// question asks one gateway for one holder; false means that there was no answer.
func (w *world) question(ctx context.Context, g *gateway, e *entry, before standing) bool {
	v, body, err := w.check(ctx, g, e.holder)
	if err != nil {
		if ctx.Err() == nil {
			w.report.count("no answer")
		}
		return false
	}
	w.hold(g.name, e, before, v, body)
	return true
}

// hold holds a verdict against the ledger and reports it if it is wrong.
func (w *world) hold(gateway string, e *entry, before standing, v *verdict, body string) {
	j := judge(before, w.ledger.look(e), v)
	w.report.count(string(j))
	if j == wrongAdmission || j == wrongRefusal {
		w.report.find(finding{What: j, Gateway: gateway, Serial: e.holder.serial, Standing: before, Body: body,
			Faults: w.report.current()})
	}
}

// check is a gate's question. An answer that is no verdict is an error.
func (w *world) check(ctx context.Context, g *gateway, h *holder) (*verdict, string, error) {
	status, body, err := post(ctx, g.client, g.url+"/v1/check?scope=entry", w.device, "text/plain", h.text(time.Now()))
	if err != nil {
		return nil, "", err
	}
	if status != http.StatusOK {
		return nil, "", fmt.Errorf("%s answered %d: %s", g.name, status, body)
	}
	var v verdict
	if err := json.Unmarshal(body, &v); err != nil || v.Verdict == "" {
		return nil, "", fmt.Errorf("%s sent no verdict: %s", g.name, body)
	}
	return &v, string(body), nil
}
