package kafka_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/test/harness/runtest"
)

// linkGoroutines returns the stacks of the goroutines that a link started.
func linkGoroutines() []string {
	buf := make([]byte, 1<<20)
	var stacks []string
	for _, s := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(s, "segmentio/kafka-go") || strings.Contains(s, "revocation/kafka.(*") || strings.Contains(s, "kafka/guard.(*") {
			stacks = append(stacks, s)
		}
	}
	return stacks
}

// This test is not parallel because it counts goroutines.
func TestCloseDoesNotWaitForFrozenBrokers(t *testing.T) {
	runtest.Eventually(t, testTimeout, "the links of other tests to end", func() bool { return len(linkGoroutines()) == 0 })
	c := newCluster(t)
	// The first link is in use when the brokers freeze; the others are opened then and block in the middle of
	// the greeting.
	var links []*kafka.Link
	failed := make(chan error, 3)
	call := func() {
		link := open(t, c.config(0))
		links = append(links, link)
		go func() {
			for {
				if err := fetchBound(t.Context(), link); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	call()
	runtest.Eventually(t, testTimeout, "the first metadata", func() bool { return c.asked.Load() >= 0 })
	for _, n := range c.nodes {
		n.freeze()
	}
	call()
	call()
	runtest.Eventually(t, testTimeout, "goroutines of three links", func() bool { return len(linkGoroutines()) > 6 })
	start := time.Now()
	for _, l := range links {
		l.Close()
	}
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("Close took %v", took)
	}
	for range links {
		select {
		case err := <-failed:
			if !errors.Is(err, kafka.ErrClosed) {
				t.Errorf("a call in progress ended with %v", err)
			}
		case <-time.After(time.Second):
			t.Fatal("a call in progress continues after Close")
		}
	}
	var left []string
	defer func() {
		if len(left) > 0 {
			t.Logf("still running after Close:\n%s", strings.Join(left, "\n\n"))
		}
	}()
	runtest.Eventually(t, 3*time.Second, "the goroutines to end", func() bool { left = linkGoroutines(); return len(left) == 0 })
}

func TestClosedLinkReturnsErrClosed(t *testing.T) {
	c := newCluster(t)
	l := open(t, c.config(0))
	if err := fetch(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l.Close()
	if err := fetch(t.Context(), l); !errors.Is(err, kafka.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
