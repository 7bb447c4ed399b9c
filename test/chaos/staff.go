package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// requestTimeout bounds a request to the issuer or a gateway; longer than the
	// pauses of a process, so that most requests into one are answered late.
	requestTimeout = 4 * time.Second
	staffHands     = 3    // requests to revoke or lift at a time
	firstHolders   = 60   // before the first fault
	mostHolders    = 1000 // the check at the end asks for each at each gateway
	holderEvery    = 400 * time.Millisecond
	answerBytes    = 64 << 10
)

// work revokes and lifts until ctx ends, whatever state the house is in.
func (w *world) work(ctx context.Context) {
	var wg sync.WaitGroup
	for n := range staffHands {
		r := w.random(streamStaff + uint64(n))
		wg.Go(func() {
			for sleep(ctx, time.Duration(5+r.IntN(50))*time.Millisecond) {
				if e, revoke, ok := w.ledger.begin(r, time.Now()); ok {
					w.change(e, revoke)
				}
			}
		})
	}
	wg.Go(func() { w.admitPassengers(ctx) })
	wg.Wait()
}

// change sends one change that the ledger has begun. It does not end with the
// run: a request whose answer nobody hears would have an unknown fate.
func (w *world) change(e *entry, revoke bool) {
	if e.holder.leaves {
		w.leave(e)
		return
	}
	path, body := "/unrevoke", "{}"
	if revoke {
		path, body = "/revoke", `{"reason":"staff"}`
	}
	status, _, err := post(context.Background(), w.client, w.issuerURL+"/v1/credentials/"+e.holder.serial+path,
		w.staff, "application/json", body)
	became := unknown
	switch {
	case err == nil && status == http.StatusAccepted:
		became = acknowledged
	case errors.Is(err, syscall.ECONNREFUSED):
		became = neverSent
	}
	w.ledger.end(e, revoke, became, time.Now())
}

// leave closes the holder's page. The access token opens nothing afterwards, so a
// request whose answer was lost is acknowledged by the refusal of the next one.
func (w *world) leave(e *entry) {
	again := e.before.Ever // no other goroutine has the entry now
	status, _, err := post(context.Background(), w.client, w.issuerURL+"/v1/applications/"+e.holder.application+"/leave",
		e.holder.access, "application/json", "{}")
	became := unknown
	switch {
	case err == nil && (status == http.StatusNoContent || status == http.StatusUnauthorized && again):
		became = acknowledged
	case errors.Is(err, syscall.ECONNREFUSED):
		became = neverSent
	}
	w.ledger.end(e, true, became, time.Now())
}

// admitPassengers makes new holders and lets go of those whose session ends.
func (w *world) admitPassengers(ctx context.Context) {
	for n := firstHolders; sleep(ctx, holderEvery); n++ {
		if w.ledger.drop(time.Now()) >= mostHolders {
			continue
		}
		// An issuer that is down makes none; the next turn tries another person.
		if h, err := w.newHolder(ctx, n); err == nil {
			w.ledger.add(h)
		}
	}
}

// settle repeats the requests whose fate is unknown until each is acknowledged.
func (w *world) settle(ctx context.Context) error {
	for deadline := time.Now().Add(comeBackBound); ; {
		list, waiting := w.ledger.open(time.Now())
		if len(list) == 0 && waiting == 0 {
			return nil
		}
		for _, e := range list {
			w.change(e, true)
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%d requests to the issuer are still without an answer after %v", len(list)+waiting, comeBackBound)
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func post(ctx context.Context, c *http.Client, url, bearer, kind, body string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", kind)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerBytes))
	return answer.StatusCode, text, err
}

// sleep waits for d; false means that ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// between draws a duration.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)+1))
}
