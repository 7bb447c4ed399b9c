package kafka

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var errRefused = errors.New("connection refused")

// Ten failures per second of two parts for five minutes: one line at the start, one per minute, one at the
// end.
func TestOutageHasOneLinePerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, lines := observer.New(zap.InfoLevel)
		l := NewOutage(zap.New(core), "reading fails", "reading works again")
		l.Works("one")
		if n := lines.Len(); n != 0 {
			t.Fatalf("%d lines while all works", n)
		}
		began := time.Now()
		for time.Since(began) < 5*time.Minute {
			l.Failed("one", errRefused)
			l.Failed("two", errRefused)
			time.Sleep(time.Second / 5)
		}
		if n := lines.FilterMessage("reading fails").Len(); n != 5 {
			t.Errorf("%d lines in 5 minutes, want one at the start and one for each minute after the first", n)
		}
		if since, cause := l.State(); !since.Equal(began) || cause != errRefused.Error() {
			t.Errorf("state: since %v, %q", since, cause)
		}
		l.Works("one")
		if _, cause := l.State(); cause == "" {
			t.Error("no cause while part two fails")
		}
		l.Works("two")
		if _, cause := l.State(); cause != "" {
			t.Errorf("cause %q when both parts work", cause)
		}
		if n := lines.FilterMessage("reading works again").Len(); n != 0 {
			t.Error("ended before the calm period")
		}
		time.Sleep(outageCalm)
		l.Works("one")
		over := lines.FilterMessage("reading works again").All()
		if len(over) != 1 || over[0].ContextMap()["failures"] != uint64(3000) {
			t.Errorf("lines at the end: %v", over)
		}
	})
}

// Calls that fail and succeed in turn are one outage, and a new outage after a pause has its line
// immediately.
func TestIntermittentFailuresAreOneOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, lines := observer.New(zap.InfoLevel)
		l := NewOutage(zap.New(core), "fails", "works")
		for range 50 {
			l.Failed("one", errRefused)
			time.Sleep(time.Second / 2)
			l.Works("one")
			time.Sleep(time.Second / 2)
		}
		if n := lines.Len(); n != 1 {
			t.Fatalf("%d lines, want 1", n)
		}
		time.Sleep(outageCalm)
		l.Works("one")
		l.Failed("one", errRefused)
		if n := lines.FilterMessage("fails").Len(); n != 2 {
			t.Fatalf("%d lines of failures, want one per outage", n)
		}
		l.Forget()
		if _, cause := l.State(); cause != "" {
			t.Fatalf("cause %q after Forget", cause)
		}
	})
}
