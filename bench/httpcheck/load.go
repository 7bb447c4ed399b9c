package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the load generator's waits and of an answer.
const (
	dialWithin   = 5 * time.Second
	answerWithin = 10 * time.Second // after the end of a round, for those at hand
	maxAnswer    = 4 << 10          // bytes
)

// load is a set of keep-alive connections to one server. Each is used by one
// goroutine, which writes a request that is ready and reads its answer: no HTTP
// client stands between, so that the server, and not this side, is the limit.
type load struct{ connections []*connection }

type connection struct {
	net.Conn
	layout layout
	buffer [maxAnswer]byte
	next   int // session to show
}

func dial(address string, connections int, l layout) (*load, error) {
	all := &load{}
	for range connections {
		c, err := net.DialTimeout("tcp", address, dialWithin)
		if err != nil {
			all.close()
			return nil, err
		}
		all.connections = append(all.connections, &connection{Conn: c, layout: l})
	}
	return all, nil
}

func (l *load) close() {
	for _, c := range l.connections {
		c.Close()
	}
}

// exchange is one request and its answer.
func (c *connection) exchange(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	for read, size := 0, 0; ; {
		n, err := c.Read(c.buffer[read:])
		read += n
		if size == 0 {
			var wrong error
			if size, wrong = c.layout.size(c.buffer[:read]); wrong != nil {
				return wrong
			}
		}
		if size > 0 && read >= size {
			return c.layout.check(c.buffer[:read], size)
		}
		if err != nil || read == len(c.buffer) {
			return errors.Join(errEnded, err)
		}
	}
}

// all runs f once per connection and waits for every one.
func (l *load) all(bound time.Time, f func(number int, c *connection) error) error {
	faults := make([]error, len(l.connections))
	var wait sync.WaitGroup
	for i, c := range l.connections {
		if err := c.SetDeadline(bound); err != nil {
			return err
		}
		wait.Go(func() { faults[i] = f(i, c) })
	}
	wait.Wait()
	return firstOf(faults)
}

// firstOf tells the first fault and how many connections had one.
func firstOf(faults []error) (first error) {
	n := 0
	for _, fault := range faults {
		if fault != nil {
			n++
			if first == nil {
				first = fault
			}
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%d of %d connections failed, the first: %w", n, len(faults), first)
}

// showAll shows every code once.
func (l *load) showAll(codes *codes) error {
	return l.all(time.Now().Add(answerWithin), func(number int, c *connection) error {
		for _, request := range codes.requests[number] {
			if err := c.exchange(request); err != nil {
				return err
			}
		}
		return nil
	})
}

// run shows codes in turn for so long and counts the answers, every one of which
// was an allow if err is nil. took ends with the last answer, which comes a
// little after length.
func (l *load) run(codes *codes, length time.Duration) (answers int, took time.Duration, err error) {
	var over atomic.Bool
	var total atomic.Int64
	start := time.Now()
	timer := time.AfterFunc(length, func() { over.Store(true) })
	defer timer.Stop()
	err = l.all(start.Add(length+answerWithin), func(number int, c *connection) error {
		requests, n := codes.requests[number], int64(0)
		defer func() { total.Add(n) }()
		for !over.Load() {
			if err := c.exchange(requests[c.next%len(requests)]); err != nil {
				over.Store(true) // one wrong answer spoils the round; the others need not go on
				return err
			}
			c.next++
			n++
		}
		return nil
	})
	return int(total.Load()), time.Since(start), err
}
