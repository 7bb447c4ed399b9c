package load

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/loadtest/openloop"
)

// Bounds of the waits.
const (
	dialWithin   = 5 * time.Second
	answerWithin = 10 * time.Second // after the end of a round, for requests in progress
)

// Connections is a set of keep-alive connections to one server, each used by one goroutine.
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

// Close closes all connections.
func (c *Connections) Close() {
	for _, one := range c.all {
		one.Close()
	}
}

// exchange sends one request and reads its answer.
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

// Run sends requests from the supply for a duration, or until it is empty, and judges the answers.
// It ends at the first wrong answer.
func (c *Connections) Run(s Supply, length time.Duration) (measure.Result, error) {
	bound := time.Now().Add(length + answerWithin)
	for _, one := range c.all {
		if err := one.SetDeadline(bound); err != nil {
			return measure.Result{}, err
		}
	}
	return measure.Closed(context.Background(), length, len(c.all), func(worker int) error {
		request := s.Next()
		if request == nil {
			return openloop.ErrOver
		}
		one := c.all[worker]
		answer, err := one.exchange(request)
		if err != nil {
			return err
		}
		verdict := s.Judge(answer)
		if answer.Close {
			if err := c.redial(one, bound); err != nil {
				return err
			}
		}
		return verdict
	})
}

// redial replaces a connection that the server closed.
func (c *Connections) redial(one *connection, bound time.Time) (err error) {
	one.Close()
	if one.Conn, err = net.DialTimeout("tcp", c.address, dialWithin); err != nil {
		return err
	}
	return one.SetDeadline(bound)
}

// Ask sends one request on a separate connection and returns any complete answer.
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
