package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/railgate/railgate/revocation/kafka"
)

const (
	maxWait     = 200 * time.Millisecond
	callTimeout = maxWait + 800*time.Millisecond
	minBackoff  = 50 * time.Millisecond
	maxBackoff  = 400 * time.Millisecond
	// recovery is the goal of 1.5 s and what a busy machine may add.
	recovery = 2 * time.Second
	patience = 10 * time.Second
)

// follow reads as the follower does until ctx ends; when renew is set it closes
// the link after every second failure in a row and opens another. The start of
// each call that worked, and each failure, is told if somebody listens.
func follow(ctx context.Context, cfg kafka.Config, renew bool, worked chan<- time.Time, failed chan<- error) error {
	link, err := kafka.Open(cfg)
	if err != nil {
		return err
	}
	defer func() { link.Close() }()
	for wait, failures := minBackoff, 0; ctx.Err() == nil; {
		start := time.Now()
		err := fetch(ctx, link)
		if err == nil {
			wait, failures = minBackoff, 0
			select {
			case worked <- start:
			default:
			}
			continue
		}
		select {
		case failed <- err:
		default:
		}
		if failures++; renew && failures%2 == 0 {
			link.Close()
			if link, err = kafka.Open(cfg); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		wait = min(2*wait, maxBackoff)
	}
	return nil
}

// follower is a follow that runs until the end of the test.
type follower struct {
	t      *testing.T
	worked chan time.Time
	failed chan error
}

func startFollower(t *testing.T, cfg kafka.Config, renew bool) *follower {
	t.Helper()
	f := &follower{t, make(chan time.Time), make(chan error)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- follow(ctx, cfg, renew, f.worked, f.failed) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return f
}

// awaitWork returns how long after since the first call began that worked.
func (f *follower) awaitWork(since time.Time) time.Duration {
	f.t.Helper()
	for timeout := time.After(patience); ; {
		select {
		case start := <-f.worked:
			if start.After(since) {
				return start.Sub(since)
			}
		case <-timeout:
			f.t.Fatalf("no call worked within %v", patience)
		}
	}
}

func (f *follower) awaitFailure() error {
	f.t.Helper()
	select {
	case err := <-f.failed:
		return err
	case <-time.After(patience):
		f.t.Fatalf("no call failed within %v", patience)
	}
	return nil
}

// Each broker in turn, wherever it stands in the bootstrap list, is the leader
// and freezes; the cluster notices and lets another lead. A link that is kept
// finds the new leader as soon as one that is opened anew.
func TestTheNextLeaderIsFound(t *testing.T) {
	for leader := range 3 {
		for _, renew := range []bool{false, true} {
			t.Run(fmt.Sprintf("broker %d, renew %v", leader, renew), func(t *testing.T) {
				t.Parallel()
				c := newCluster(t)
				c.leadBy(t, leader)
				f := startFollower(t, c.config(0), renew)
				f.awaitWork(time.Now())
				c.nodes[leader].freeze()
				f.awaitFailure()
				c.leadBy(t, (leader+1)%3)
				if took := f.awaitWork(time.Now()); took > recovery {
					t.Errorf("the new leader was found after %v", took)
				}
			})
		}
	}
}

// As above, with TLS and a login on every connection.
func TestTheNextLeaderIsFoundSecurely(t *testing.T) {
	t.Parallel()
	house := newAuthority(t, "house")
	c := newCluster(t, kfake.TLS(house.server(t, false)), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "gateway", "x"))
	config := c.config(0)
	config.Security = kafka.Security{TLS: true, CAFile: house.file,
		SASL: "scram-sha-512", User: "gateway", PasswordFile: write(t, "password", "x")}
	c.leadBy(t, 0)
	f := startFollower(t, config, false)
	f.awaitWork(time.Now())
	c.nodes[0].freeze()
	f.awaitFailure()
	c.leadBy(t, 1)
	if took := f.awaitWork(time.Now()); took > recovery {
		t.Errorf("the new leader was found after %v", took)
	}
}

// The broker that tells who leads freezes just when the leader, which is well,
// hands over.
func TestAFrozenGuideIsReplaced(t *testing.T) {
	for first := range 3 {
		t.Run(fmt.Sprintf("first broker %d", first), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			f := startFollower(t, c.config(first), false)
			f.awaitWork(time.Now())
			guide := int(c.asked.Load())
			from, to := (guide+1)%3, (guide+2)%3
			c.leadBy(t, from)
			f.awaitWork(time.Now().Add(time.Second)) // it is read from there by now
			if again := int(c.asked.Load()); again != guide {
				t.Fatalf("broker %d was asked, and then %d without need", guide, again)
			}
			c.nodes[guide].freeze()
			c.leadBy(t, to)
			if took := f.awaitWork(time.Now()); took > recovery {
				t.Errorf("the new leader was found after %v", took)
			}
		})
	}
}

// Two of three brokers, wherever they stand in the list, are frozen before the
// first call.
func TestALinkOpensPastFrozenBrokers(t *testing.T) {
	for alive := range 3 {
		t.Run(fmt.Sprintf("broker %d runs", alive), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			c.leadBy(t, alive)
			for i, n := range c.nodes {
				if i != alive {
					n.freeze()
				}
			}
			start := time.Now()
			if err := fetch(t.Context(), open(t, c.config(0))); err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
		})
	}
}

// With every broker frozen a call says so soon; when they run again, so does
// the link.
func TestAFrozenClusterThaws(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for _, n := range c.nodes {
		n.freeze()
	}
	f := startFollower(t, c.config(0), false)
	f.awaitFailure()
	var timeout interface{ Timeout() bool }
	if err := f.awaitFailure(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("not an error of time: %v", err)
	}
	for _, n := range c.nodes {
		n.thaw()
	}
	if took := f.awaitWork(time.Now()); took > recovery {
		t.Errorf("reading went on after %v", took)
	}
}

// A caller may forget to set a deadline.
func TestACallWithoutADeadlineEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	link := open(t, c.config(0))
	if err := fetch(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		n.freeze()
	}
	done := make(chan error, 1)
	go func() { done <- fetchBound(t.Context(), link) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a frozen broker answered")
		}
	case <-time.After(patience):
		t.Fatal("the call waits for ever")
	}
}
