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
	// the goal of 1.5 s plus a margin for a busy machine
	recovery    = 2 * time.Second
	testTimeout = 10 * time.Second
)

// follow reads like the follower until ctx ends. If renew is set it closes the link after every second
// failure in a row and opens another. The start of each successful call, and each failure, is sent if a
// receiver is ready.
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

// awaitWork returns how long after since the first successful call began.
func (f *follower) awaitWork(since time.Time) time.Duration {
	f.t.Helper()
	for timeout := time.After(testTimeout); ; {
		select {
		case start := <-f.worked:
			if start.After(since) {
				return start.Sub(since)
			}
		case <-timeout:
			f.t.Fatalf("no call worked within %v", testTimeout)
		}
	}
}

func (f *follower) awaitFailure() error {
	f.t.Helper()
	select {
	case err := <-f.failed:
		return err
	case <-time.After(testTimeout):
		f.t.Fatalf("no call failed within %v", testTimeout)
	}
	return nil
}

// Each broker in turn, at any place in the bootstrap list, is the leader and freezes; the cluster elects
// another leader. A kept link finds the new leader as fast as a new link.
func TestNextLeaderIsFound(t *testing.T) {
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

// The same with TLS and a login on every connection.
func TestNextLeaderIsFoundOverTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "house")
	c := newCluster(t, kfake.TLS(ca.server(t, false)), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "gateway", "x"))
	config := c.config(0)
	config.Security = kafka.Security{TLS: true, CAFile: ca.file,
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

// The broker that answers metadata requests freezes just when the leader, which works, hands over.
func TestFrozenMetadataBrokerIsReplaced(t *testing.T) {
	for first := range 3 {
		t.Run(fmt.Sprintf("first broker %d", first), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			f := startFollower(t, c.config(first), false)
			f.awaitWork(time.Now())
			asked := int(c.asked.Load())
			from, to := (asked+1)%3, (asked+2)%3
			c.leadBy(t, from)
			f.awaitWork(time.Now().Add(time.Second)) // the leader answers by now
			if again := int(c.asked.Load()); again != asked {
				t.Fatalf("broker %d was asked, and then %d without need", asked, again)
			}
			c.nodes[asked].freeze()
			c.leadBy(t, to)
			if took := f.awaitWork(time.Now()); took > recovery {
				t.Errorf("the new leader was found after %v", took)
			}
		})
	}
}

// Two of three brokers, at any place in the list, are frozen before the first call.
func TestLinkOpensDespiteFrozenBrokers(t *testing.T) {
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

// With every broker frozen a call fails soon; when they run again, the link works again.
func TestLinkRecoversWhenAFrozenClusterResumes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for _, n := range c.nodes {
		n.freeze()
	}
	f := startFollower(t, c.config(0), false)
	f.awaitFailure()
	var timeout interface{ Timeout() bool }
	if err := f.awaitFailure(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("not a timeout: %v", err)
	}
	for _, n := range c.nodes {
		n.thaw()
	}
	if took := f.awaitWork(time.Now()); took > recovery {
		t.Errorf("reading continued after %v", took)
	}
}

// A caller may forget to set a deadline.
func TestCallWithoutADeadlineEnds(t *testing.T) {
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
	case <-time.After(testTimeout):
		t.Fatal("the call waits for ever")
	}
}
