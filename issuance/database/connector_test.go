package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// server counts attempts and fails them while it is down.
type server struct {
	driver.Connector
	down     atomic.Bool
	attempts atomic.Int32
	takes    time.Duration
}

var errDown = errors.New("connection refused")

func (s *server) Connect(ctx context.Context) (driver.Conn, error) {
	s.attempts.Add(1)
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.down.Load() {
		return nil, errDown
	}
	return nil, nil
}

// However many ask, a server that is down is tried a few times a second; and when
// it is back, everybody is let through after one rest at most.
func TestAServerThatIsDownIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: time.Millisecond}
		c := &connector{Connector: s}
		s.down.Store(true)
		const length = 10 * time.Second
		var all sync.WaitGroup
		end := time.Now().Add(length)
		for range 32 {
			all.Go(func() {
				for time.Now().Before(end) {
					if _, err := c.Connect(t.Context()); !errors.Is(err, errDown) {
						t.Errorf("%v, want the server's own error", err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		all.Wait()
		// The first 32 come before anyone knows; then 20, 40, ... 640 ms, then a second.
		if n := s.attempts.Load(); n < 32+10 || n > 32+20 {
			t.Errorf("%d attempts in %v", n, length)
		}
		s.down.Store(false)
		time.Sleep(lastRest)
		for range 32 {
			if _, err := c.Connect(t.Context()); err != nil {
				t.Errorf("the server is back: %v", err)
			}
		}
	})
}

// Somebody who gives up has learned nothing of the server, and holds nobody up.
func TestWhoGivesUpIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: time.Second}
		c := &connector{Connector: s}
		for _, down := range []bool{false, true} {
			if down { // also while the server is known to be down
				s.down.Store(true)
				c.Connect(t.Context())
				s.down.Store(false)
				time.Sleep(lastRest)
			}
			ctx, leave := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, leave)
			if _, err := c.Connect(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
			if _, err := c.Connect(t.Context()); err != nil {
				t.Errorf("who came next got %v", err)
			}
		}
	})
}
