package load

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the waits.
const (
	dialWithin   = 5 * time.Second
	answerWithin = 10 * time.Second // after the end of a round, for those at hand
)

// Connections is a set of keep-alive connections to one server, each used by
// one goroutine.
type Connections struct {
	address string
	all     []*connection
}

type connection struct {
	net.Conn
	buffer []byte
}

// Dial opens n connections for answers of at most answerMax bytes.
func Dial(address string, n, answerMax int) (*Connections, error) {
	c := &Connections{address: address}
	for range n {
		conn, err := net.DialTimeout("tcp", address, dialWithin)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.all = append(c.all, &connection{conn, make([]byte, answerMax)})
	}
	return c, nil
}

// Close closes all.
func (c *Connections) Close() {
	for _, one := range c.all {
		one.Close()
	}
}

// exchange is one request and its answer.
func (c *connection) exchange(request []byte) (Answer, error) {
	if _, err := c.Write(request); err != nil {
		return Answer{}, err
	}
	for read := 0; ; {
		n, err := c.Read(c.buffer[read:])
		read += n
		if a, whole, wrong := parse(c.buffer[:read]); wrong != nil || whole {
			return a, wrong
		}
		if err != nil || read == len(c.buffer) {
			return Answer{}, errors.Join(errEnded, err)
		}
	}
}

// Result is what a closed loop did.
type Result struct {
	Answers int // as they must be
	Busy    int // ErrBusy
	Took    time.Duration
}

// Run draws requests for so long, or until there are no more, and judges the
// answers. It ends at the first wrong one. Took ends with the last answer, which
// comes a little after length.
func (c *Connections) Run(s Supply, length time.Duration) (r Result, err error) {
	var over atomic.Bool
	var answers, busy atomic.Int64
	start := time.Now()
	timer := time.AfterFunc(length, func() { over.Store(true) })
	defer timer.Stop()
	bound := start.Add(length + answerWithin)
	faults := make([]error, len(c.all))
	var wait sync.WaitGroup
	for i, one := range c.all {
		if err := one.SetDeadline(bound); err != nil {
			return r, err
		}
		wait.Go(func() {
			var good, declined int64
			good, declined, faults[i] = c.draw(one, s, &over, bound)
			answers.Add(good)
			busy.Add(declined)
		})
	}
	wait.Wait()
	return Result{int(answers.Load()), int(busy.Load()), time.Since(start)}, firstOf(faults)
}

// draw is one connection's part of Run.
func (c *Connections) draw(one *connection, s Supply, over *atomic.Bool, bound time.Time) (good, busy int64, err error) {
	defer func() {
		if err != nil {
			over.Store(true) // one wrong answer spoils the round; the others need not go on
		}
	}()
	for !over.Load() {
		request := s.Next()
		if request == nil {
			return good, busy, nil
		}
		answer, err := one.exchange(request)
		if err != nil {
			return good, busy, err
		}
		switch err := s.Judge(answer); {
		case err == nil:
			good++
		case errors.Is(err, ErrBusy):
			busy++
		default:
			return good, busy, err
		}
		if answer.Close {
			one.Close()
			if one.Conn, err = net.DialTimeout("tcp", c.address, dialWithin); err != nil {
				return good, busy, err
			}
			if err := one.SetDeadline(bound); err != nil {
				return good, busy, err
			}
		}
	}
	return good, busy, nil
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

// Ask sends one request on a connection of its own and hands back the whole
// answer, whatever it says.
func Ask(address string, request []byte, answerMax int) (Answer, error) {
	c, err := Dial(address, 1, answerMax)
	if err != nil {
		return Answer{}, err
	}
	defer c.Close()
	if err := c.all[0].SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return Answer{}, err
	}
	return c.all[0].exchange(request)
}
