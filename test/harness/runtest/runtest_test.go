package runtest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder records a test's failures instead of failing.
type recorder struct {
	testing.TB
	fatal  string
	errors int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// ended runs a test function and returns how it ended.
func ended(test func(t testing.TB)) (fatal string, returned bool) {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
		returned = true
	}()
	<-done
	return r.fatal, returned
}

func wait(within time.Duration, cond func() bool) (fatal string, returned bool) {
	return ended(func(t testing.TB) { Eventually(t, within, "the train", cond) })
}

func TestMustEndsTheTestOnlyOnAnError(t *testing.T) {
	for err, want := range map[error]string{nil: "", errors.New("no power"): "no power"} {
		if fatal, returned := ended(func(t testing.TB) { Must(t, err) }); fatal != want || returned != (err == nil) {
			t.Errorf("%v: ended with %q, returned %v", err, fatal, returned)
		}
	}
}

func TestHasAndHasNotReportEveryPart(t *testing.T) {
	var has, hasNot recorder
	Has(&has, "the train to 上海", "train", "上海", "plane", "北京")
	HasNot(&hasNot, "the train to 上海", "train", "上海", "plane")
	if has.errors != 2 || hasNot.errors != 2 {
		t.Errorf("Has reported %d parts and HasNot %d, want 2 and 2", has.errors, hasNot.errors)
	}
}

func TestEventuallyReturnsOnceTheConditionHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		fatal, returned := wait(time.Minute, func() bool { return time.Since(start) >= time.Second })
		if fatal != "" || !returned {
			t.Fatalf("ended with %q, returned %v", fatal, returned)
		}
		if took := time.Since(start); took > time.Second+pollInterval {
			t.Fatalf("returned only after %v", took)
		}
	})
}

func TestEventuallyEndsTheTestAtItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		fatal, returned := wait(time.Second, func() bool { return false })
		if returned || fatal != "waited 1s for the train" {
			t.Fatalf("ended with %q, returned %v", fatal, returned)
		}
		if took := time.Since(start); took < time.Second || took > time.Second+pollInterval {
			t.Fatalf("gave up after %v", took)
		}
	})
}

func TestEventuallyChecksOnceEvenWithoutTime(t *testing.T) {
	if fatal, returned := wait(0, func() bool { return true }); fatal != "" || !returned {
		t.Fatalf("ended with %q, returned %v", fatal, returned)
	}
}

func TestBufferKeepsEveryLineOfManyWriters(t *testing.T) {
	const writers, lines = 8, 100
	var b Buffer
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range lines {
				fmt.Fprintf(&b, "writer %d\n", w)
				_ = b.String()
			}
		})
	}
	wg.Wait()
	for w := range writers {
		if n := strings.Count(b.String(), fmt.Sprintf("writer %d\n", w)); n != lines {
			t.Errorf("writer %d: %d lines kept, wrote %d", w, n, lines)
		}
	}
}
