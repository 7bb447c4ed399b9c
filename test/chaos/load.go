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
	// requestTimeout bounds a request to the issuer or a gateway; longer than the
	// pauses of a process, so that most requests into one are answered late.
	requestTimeout = 4 * time.Second
	staffHands     = 3    // requests to revoke or lift at a time
	firstHolders   = 60   // before the first fault
	mostHolders    = 1000 // the check at the end asks for each at each gateway
	holderEvery    = 400 * time.Millisecond
	watchersEach   = 2                     // per gateway
	watchPause     = 4 * time.Millisecond  // between two questions of one watcher
	deadPause      = 50 * time.Millisecond // after a question that nobody answered
	// sessionMargin is how long before its end a session is no longer asked about:
	// a question to a paused gateway must still be in time.
	sessionMargin = 2 * time.Minute
)

// holder is a passenger with an open session; immutable.
type holder struct {
	*passenger.Session
	// leaves: this one closes the page some time, and staff leave the credential alone.
	leaves bool
}

// good reports whether the session is far from its end.
func (h *holder) good(now time.Time) bool {
	end := time.Unix(h.Start+tokens.Period*tokens.Length, 0)
	return now.Before(end.Add(-sessionMargin))
}

// refusal is the reason by which gates refuse the holder in the end.
func (h *holder) refusal() string {
	if h.leaves {
		return "session_closed"
	}
	return "revoked"
}

// newHolder goes a passenger's way through the issuer. Every n is another
// person, since a person has three applications a month.
func (sys *system) newHolder(ctx context.Context, n int) (*holder, error) {
	session, err := sys.passengers.Open(ctx, passenger.Resident(passenger.Tests, n), tokens.Link{byte(n), byte(n >> 8), byte(n >> 16)})
	return &holder{session, n%2 == 1}, err
}

// work revokes and lifts until ctx ends, whatever state the house is in.
func (sys *system) work(ctx context.Context) {
	var wg sync.WaitGroup
	for n := range staffHands {
		r := sys.random(streamStaff + uint64(n))
		wg.Go(func() {
			for sleep(ctx, time.Duration(5+r.IntN(50))*time.Millisecond) {
				if e, revoke, ok := sys.ledger.begin(r, time.Now()); ok {
					sys.change(e, revoke)
				}
			}
		})
	}
	wg.Go(func() { sys.admitPassengers(ctx) })
	wg.Wait()
}

// change sends one change that the ledger has begun. It does not end with the
// run: a request whose answer nobody hears would have an unknown fate.
func (sys *system) change(e *entry, revoke bool) {
	ctx, h := context.Background(), e.holder
	var err error
	again := false
	switch {
	case h.leaves:
		again = e.before.Ever // no other goroutine has the entry now
		err = sys.passengers.Leave(ctx, h.Of)
	case revoke:
		err = sys.passengers.Revoke(ctx, h.Of.Serial, sys.stack.Staff)
	default:
		err = sys.passengers.Unrevoke(ctx, h.Of.Serial, sys.stack.Staff)
	}
	became := unknown
	var refused *passenger.StatusError
	switch {
	case err == nil:
		became = acknowledged
	case again && errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		// The access token opens nothing after a leaving, so one whose answer was lost is
		// acknowledged by the refusal of the next one.
		became = acknowledged
	case errors.Is(err, syscall.ECONNREFUSED):
		became = neverSent
	}
	sys.ledger.end(e, revoke, became, time.Now())
}

// admitPassengers makes new holders and lets go of those whose session ends.
func (sys *system) admitPassengers(ctx context.Context) {
	for n := firstHolders; sleep(ctx, holderEvery); n++ {
		if sys.ledger.drop(time.Now()) >= mostHolders {
			continue
		}
		// An issuer that is down makes none; the next turn tries another person.
		if h, err := sys.newHolder(ctx, n); err == nil {
			sys.ledger.add(h)
		}
	}
}

// settle repeats the requests whose fate is unknown until each is acknowledged.
func (sys *system) settle(ctx context.Context) error {
	left := 0
	settled := await(ctx, comeBackBound, 100*time.Millisecond, func() bool {
		list, waiting := sys.ledger.open(time.Now())
		for _, e := range list {
			sys.change(e, true)
		}
		left = len(list) + waiting
		return left == 0
	})
	if !settled && ctx.Err() == nil {
		return fmt.Errorf("%d requests to the issuer are still without an answer after %v", left, comeBackBound)
	}
	return ctx.Err()
}

// watch asks every gateway for random holders until ctx ends and judges every answer.
func (sys *system) watch(ctx context.Context) {
	var wg sync.WaitGroup
	for i, g := range sys.gateways {
		for n := range watchersEach {
			r := sys.random(streamWatch + uint64(i*watchersEach+n))
			wg.Go(func() {
				for ctx.Err() == nil {
					pause := watchPause
					if e, before, ok := sys.ledger.pick(r, time.Now()); ok && !sys.question(ctx, g, e, before) {
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
func (sys *system) question(ctx context.Context, g *gateway, e *entry, before standing) bool {
	v, body, err := sys.check(ctx, g, e.holder)
	if err != nil {
		if ctx.Err() == nil {
			sys.report.count("no answer")
		}
		return false
	}
	sys.hold(g.Name, e, before, v, body)
	return true
}

// hold holds a verdict against the ledger and reports it if it is wrong.
func (sys *system) hold(gateway string, e *entry, before standing, v *verdict, body string) {
	j := judge(before, sys.ledger.look(e), v)
	sys.report.count(string(j))
	if j == wrongAdmission || j == wrongRefusal {
		sys.report.find(finding{What: j, Gateway: gateway, Serial: e.holder.Of.Serial.String(), Standing: before, Body: body,
			Faults: sys.report.current()})
	}
}

// check is a gate's question. An answer that is no verdict is an error.
func (sys *system) check(ctx context.Context, g *gateway, h *holder) (*verdict, string, error) {
	return verdictOf(ctx, &g.Gate, g.Name, h, time.Now())
}

// verdictOf asks a gateway about a code as it was shown at a moment.
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

// await looks every so often until cond holds; false means that the bound is over, or
// ctx.
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
