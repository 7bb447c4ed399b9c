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

// ours returns the stacks of the goroutines that a link started.
func ours() []string {
	buf := make([]byte, 1<<20)
	var stacks []string
	for _, s := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(s, "segmentio/kafka-go") || strings.Contains(s, "revocation/kafka.(*") || strings.Contains(s, "kafka/guard.(*") {
			stacks = append(stacks, s)
		}
	}
	return stacks
}

// Not parallel: it counts goroutines.
func TestCloseDoesNotWaitForFrozenBrokers(t *testing.T) {
	runtest.Eventually(t, patience, "the links of other tests to end", func() bool { return len(ours()) == 0 })
	c := newCluster(t)
	// The first link is at work when the brokers freeze, the others are then
	// opened and stand in the middle of the greeting.
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
	runtest.Eventually(t, patience, "the first metadata", func() bool { return c.asked.Load() >= 0 })
	for _, n := range c.nodes {
		n.freeze()
	}
	call()
	call()
	runtest.Eventually(t, patience, "goroutines of three links", func() bool { return len(ours()) > 6 })
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
				t.Errorf("a call in flight ended with %v", err)
			}
		case <-time.After(time.Second):
			t.Fatal("a call in flight goes on after Close")
		}
	}
	var left []string
	defer func() {
		if len(left) > 0 {
			t.Logf("left after Close:\n%s", strings.Join(left, "\n\n"))
		}
	}()
	runtest.Eventually(t, 3*time.Second, "the goroutines to end", func() bool { left = ours(); return len(left) == 0 })
}

func TestAClosedLinkSaysSo(t *testing.T) {
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
