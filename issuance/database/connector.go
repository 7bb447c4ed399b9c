package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"
)

// How long a server that refused a connection is left alone, doubling from the
// first to the last. A server that ends or comes back needs its processor for
// that: with a new attempt for each request there was none left for it.
const (
	firstRest = 20 * time.Millisecond
	lastRest  = time.Second
)

// connector opens connections, and after a failure only one attempt at a time,
// with a rest between them. Whoever comes meanwhile gets the last failure at once.
type connector struct {
	driver.Connector

	mu     sync.Mutex
	failed error // the last attempt's; nil: it did not fail
	rest   time.Duration
	next   time.Time // when to try again
	trying bool      // an attempt after a failure is under way
}

// Connect opens a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	again, err := c.admit()
	if err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if again {
		c.trying = false
	}
	switch {
	case err == nil:
		c.failed, c.rest = nil, 0
	case errors.Is(ctx.Err(), context.Canceled): // who asked has left: that says nothing of the server
	case c.failed != nil && !again: // begun before the first failure was known
	default:
		c.failed = err
		c.rest = min(max(2*c.rest, firstRest), lastRest)
		c.next = time.Now().Add(c.rest)
	}
	return conn, err
}

// admit lets an attempt through or says why not. again: it is one after a failure.
func (c *connector) admit() (again bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		return false, nil
	}
	if c.trying || time.Now().Before(c.next) {
		return false, fmt.Errorf("not tried again yet: %w", c.failed)
	}
	c.trying = true
	return true, nil
}
