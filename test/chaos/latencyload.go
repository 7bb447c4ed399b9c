package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	askEvery      = 3 * time.Millisecond // more frequent checks would use the processors themselves
	refusedWithin = 5 * time.Second
)

// round is the result of one run of revokeAll.
type round struct {
	mu                               sync.Mutex
	acknowledged, requested, refused []time.Duration
	late                             []time.Duration // from the time a request was due until it was sent
	failed                           map[string]int  // revocations and checks that failed, by class
	others                           int64           // checks of other passengers
	checks                           int64           // checks of revoked passengers until refusal
	last                             time.Time       // last acknowledgement
	reached                          float64         // acknowledged revocations a second
	cost                             cost
}

// client uses fasthttp: net/http used as much processor time for a revocation and its checks as the
// issuer did.
var client = fasthttp.Client{ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, MaxConnsPerHost: 1024, MaxIdleConnDuration: time.Minute,
	NoDefaultUserAgentHeader: true, DisableHeaderNamesNormalizing: true, DisablePathNormalizing: true}

// call sends a POST request and passes the body of the answer to read, which must not keep it.
func call(url, bearer, kind, body string, read func(body []byte)) (status int, err error) {
	r, a := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(r)
	defer fasthttp.ReleaseResponse(a)
	r.Header.SetMethod(fasthttp.MethodPost)
	r.SetRequestURI(url)
	r.Header.SetContentType(kind)
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.SetBodyString(body)
	if err := client.Do(r, a); err != nil {
		return 0, err
	}
	read(a.Body())
	return a.StatusCode(), nil
}

// revokeAll revokes each holder when it is due and checks it until the gateway refuses. A failed
// revocation is counted and excluded from the percentiles.
func (sys *system) revokeAll(ctx context.Context, holders []*holder, rate int) (*round, error) {
	m := &round{failed: map[string]int{}}
	before := sys.others.Load()
	var wg sync.WaitGroup
	began := time.Now()
	for i, h := range holders {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if !sleep(ctx, time.Until(due)) {
			break
		}
		wg.Go(func() { sys.revokeOne(ctx, m, h, due) })
	}
	wg.Wait()
	m.others = sys.others.Load() - before
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(m.refused) == 0 {
		return nil, fmt.Errorf("no revocation reached the gateway%s", m.failures())
	}
	m.reached = float64(len(m.refused)) / m.last.Sub(began).Seconds()
	return m, nil
}

func (sys *system) revokeOne(ctx context.Context, m *round, h *holder, due time.Time) {
	sent := time.Now()
	status, err := call(sys.issuer.URL+"/v1/credentials/"+h.Of.Serial.String()+"/revoke", sys.stack.Staff, "application/json", `{"reason":"staff"}`, func([]byte) {})
	acknowledged := time.Now()
	switch {
	case err != nil:
		m.fail("revocation without an answer")
		return
	case status != fasthttp.StatusAccepted:
		m.fail(fmt.Sprintf("revocation answered with %d", status))
		return
	}
	checks := int64(0)
	for time.Since(acknowledged) < refusedWithin && ctx.Err() == nil {
		checks++
		refused, err := sys.isRefused(sys.gateways[0], h)
		if err != nil {
			m.fail("check without a verdict")
			return
		}
		if refused {
			m.done(sent.Sub(due), acknowledged.Sub(sent), time.Since(acknowledged), acknowledged, checks)
			return
		}
		sleep(ctx, askEvery)
	}
	m.fail(fmt.Sprintf("not refused within %v", refusedWithin))
}

var (
	revokedReason = []byte(`"reason":"revoked"`)
	allowVerdict  = []byte(`"verdict":"allow"`)
)

// isRefused checks a holder once. Any verdict except allowed and revoked is an error.
func (sys *system) isRefused(g *gateway, h *holder) (refused bool, err error) {
	allowed := false
	status, err := call(g.Gate.URL+"/v1/check?scope=entry", sys.stack.Device, "text/plain", h.Text(time.Now()), func(body []byte) {
		refused, allowed = bytes.Contains(body, revokedReason), bytes.Contains(body, allowVerdict)
	})
	if err == nil && (status != fasthttp.StatusOK || !refused && !allowed) {
		err = fmt.Errorf("a check was answered with %d and an unexpected verdict", status)
	}
	return refused, err
}

func (m *round) fail(class string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed[class]++
}

func (m *round) done(late, acknowledged, refused time.Duration, at time.Time, checks int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.After(m.last) {
		m.last = at
	}
	m.late = append(m.late, late)
	m.acknowledged = append(m.acknowledged, acknowledged)
	m.requested = append(m.requested, acknowledged+refused)
	m.refused = append(m.refused, refused)
	m.checks += checks
}

// failures lists the classes; empty if nothing failed.
func (m *round) failures() string {
	var all []string
	for class, n := range m.failed {
		all = append(all, fmt.Sprintf("%d × %s", n, class))
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return "; failed: " + strings.Join(all, ", ")
}

// checkOthers checks the first passengers continuously.
func (sys *system) checkOthers(ctx context.Context) {
	all := sys.ledger.all()
	var wg sync.WaitGroup
	began := time.Now()
	for i := 0; sleep(ctx, time.Until(began.Add(time.Duration(i)*time.Second/otherChecks))); i++ {
		h, g := all[i%len(all)].holder, sys.gateways[i%len(sys.gateways)]
		wg.Go(func() {
			if refused, err := sys.isRefused(g, h); err == nil && !refused {
				sys.others.Add(1)
			}
		})
	}
	wg.Wait()
}

func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "no data"
	}
	d = slices.Sorted(slices.Values(d))
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, p99.9 %v, max %v", quantile(d, 0.5), quantile(d, 0.9), quantile(d, 0.99), quantile(d, 0.999), quantile(d, 1))
}

// quantile returns a quantile of sorted times.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(10 * time.Microsecond)
}
