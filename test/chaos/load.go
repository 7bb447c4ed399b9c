package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

const (
	// requestTimeout bounds a request to the issuer or a gateway. It is longer than the pauses of a
	// process: most requests to a paused process get a late answer.
	requestTimeout = 4 * time.Second
	staffWorkers   = 3    // concurrent requests to revoke or unrevoke
	firstHolders   = 60   // before the first fault
	mostHolders    = 1000 // the final verification checks each at each gateway
	holderEvery    = 400 * time.Millisecond
	watchersEach   = 2                     // per gateway
	watchPause     = 4 * time.Millisecond  // between two checks of one watcher
	deadPause      = 50 * time.Millisecond // after a check without an answer
	// sessionMargin is the time before a session's end during which it is no longer checked: a
	// check at a paused gateway must still be in time.
	sessionMargin = 2 * time.Minute
)

// holder is a passenger with an open session; immutable.
type holder struct {
	*passenger.Session
	// leaves means that this passenger closes the page at some time, and staff do not revoke the
	// credential.
	leaves bool
}

// usable reports whether the session is far from its end.
func (h *holder) usable(now time.Time) bool {
	end := time.Unix(h.Start+tokens.Period*tokens.Length, 0)
	return now.Before(end.Add(-sessionMargin))
}

// refusal returns the reason with which gates finally refuse the holder.
func (h *holder) refusal() string {
	if h.leaves {
		return "session_closed"
	}
	return "revoked"
}

// newHolder applies and opens a session. Every n is another person, since a person may apply three
// times a month.
func (sys *system) newHolder(ctx context.Context, n int) (*holder, error) {
	session, err := sys.passengers.Open(ctx, passenger.Resident(passenger.Tests, n), tokens.Link{byte(n), byte(n >> 8), byte(n >> 16)})
	return &holder{session, n%2 == 1}, err
}

// work revokes and unrevokes until ctx ends, whatever the state of the system.
func (sys *system) work(ctx context.Context) {
	var wg sync.WaitGroup
	for n := range staffWorkers {
		r := sys.random(streamStaff + uint64(n))
		wg.Go(func() {
			for sleep(ctx, time.Duration(5+r.IntN(50))*time.Millisecond) {
				if e, revoke, ok := sys.ledger.begin(r, time.Now()); ok {
					sys.sendChange(e, revoke)
				}
			}
		})
	}
	wg.Go(func() { sys.replaceHolders(ctx) })
	wg.Wait()
}

// sendChange sends one change that the ledger has begun. It does not end with the run: without its
// answer the outcome of the request would be unknown.
func (sys *system) sendChange(e *entry, revoke bool) {
	ctx, h := context.Background(), e.holder
	var err error
	retry := false
	switch {
	case h.leaves:
		retry = e.before.Ever // no other goroutine uses the entry now
		err = sys.passengers.Leave(ctx, h.Of)
	case revoke:
		err = sys.passengers.Revoke(ctx, h.Of.Serial, sys.stack.Staff)
	default:
		err = sys.passengers.Unrevoke(ctx, h.Of.Serial, sys.stack.Staff)
	}
	became := unknown
	var status *passenger.StatusError
	switch {
	case err == nil:
		became = acknowledged
	case retry && errors.As(err, &status) && status.Status == http.StatusUnauthorized:
		// The access token is void after leaving. If the answer to a first request was lost, this
		// status acknowledges it.
		became = acknowledged
	case errors.Is(err, syscall.ECONNREFUSED):
		became = neverSent
	}
	sys.ledger.end(e, revoke, became, time.Now())
}

// replaceHolders creates new holders and drops those whose session is about to end.
func (sys *system) replaceHolders(ctx context.Context) {
	for n := firstHolders; sleep(ctx, holderEvery); n++ {
		if sys.ledger.drop(time.Now()) >= mostHolders {
			continue
		}
		// If the issuer is down, the next turn tries another person.
		if h, err := sys.newHolder(ctx, n); err == nil {
			sys.ledger.add(h)
		}
	}
}

// resolveUnknown repeats the requests with an unknown outcome until each is acknowledged.
func (sys *system) resolveUnknown(ctx context.Context) error {
	left := 0
	settled := await(ctx, recoveryBound, 100*time.Millisecond, func() bool {
		list, waiting := sys.ledger.unresolved(time.Now())
		for _, e := range list {
			sys.sendChange(e, true)
		}
		left = len(list) + waiting
		return left == 0
	})
	if !settled && ctx.Err() == nil {
		return fmt.Errorf("%d requests to the issuer still have no answer after %v", left, recoveryBound)
	}
	return ctx.Err()
}

// watch checks random holders at every gateway until ctx ends and judges every answer.
func (sys *system) watch(ctx context.Context) {
	var wg sync.WaitGroup
	for i, g := range sys.gateways {
		for n := range watchersEach {
			r := sys.random(streamWatch + uint64(i*watchersEach+n))
			wg.Go(func() {
				for ctx.Err() == nil {
					pause := watchPause
					if e, before, ok := sys.ledger.pick(r, time.Now()); ok && !sys.checkAndJudge(ctx, g, e, before) {
						pause = deadPause
					}
					sleep(ctx, pause)
				}
			})
		}
	}
	wg.Wait()
}

// checkAndJudge checks one holder at one gateway; false means that there was no answer.
func (sys *system) checkAndJudge(ctx context.Context, g *gateway, e *entry, before status) bool {
	v, body, err := sys.check(ctx, g, e.holder)
	if err != nil {
		if ctx.Err() == nil {
			sys.report.count("no answer")
		}
		return false
	}
	sys.judgeVerdict(g.Name, e, before, v, body)
	return true
}

// judgeVerdict compares a verdict with the ledger and reports it if it is wrong.
func (sys *system) judgeVerdict(gateway string, e *entry, before status, v *verdict, body string) {
	j := judge(before, sys.ledger.statusOf(e), v)
	sys.report.count(string(j))
	if j == wrongAdmission || j == wrongRefusal {
		sys.report.addFinding(finding{What: j, Gateway: gateway, Serial: e.holder.Of.Serial.String(), Status: before, Body: body,
			Faults: sys.report.current()})
	}
}

// check sends a holder's code to a gateway. An answer without a verdict is an error.
func (sys *system) check(ctx context.Context, g *gateway, h *holder) (*verdict, string, error) {
	return verdictOf(ctx, &g.Gate, g.Name, h, time.Now())
}

// verdictOf sends a code as it was shown at a time to a gateway.
func verdictOf(ctx context.Context, g *passenger.Gate, name string, h *holder, shown time.Time) (*verdict, string, error) {
	answer, err := g.Ask(ctx, h.Text(shown), "entry")
	if err != nil {
		return nil, "", err
	}
	v, err := answer.Verdict()
	if err != nil || answer.Status != http.StatusOK || v.Verdict == "" {
		return nil, "", fmt.Errorf("%s answered %d: %s", name, answer.Status, answer.Body)
	}
	return &v, string(answer.Body), nil
}

// sleep waits for d; false means that ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	return kafka.Wait(ctx, d)
}

// await polls until cond holds; false means that the bound has passed or ctx ended.
func await(ctx context.Context, bound, every time.Duration, cond func() bool) bool {
	for deadline := time.Now().Add(bound); !cond(); {
		if !time.Now().Before(deadline) || !sleep(ctx, every) {
			return false
		}
	}
	return true
}

// between draws a duration.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)+1))
}
