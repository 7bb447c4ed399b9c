// Package load asks one server over raw keep-alive connections whose requests
// are ready bytes: no HTTP client stands between, so that the server, and not
// this side, is the limit.
//
// Closed loop: each connection waits for its answer; that measures throughput
// and processor time. Open loop: requests come when they are due, whatever
// became of earlier ones; that measures latency. Every answer is judged by who
// made the request.
package load

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Supply makes requests and knows what must be answered. It is used by many
// goroutines at once.
type Supply interface {
	// Next is the next request; nil: there are no more. It is not changed later.
	Next() []byte
	// Judge is nil if the answer is as it must be, openloop.ErrDeclined if the server was
	// too busy to judge; anything else is a wrong answer.
	Judge(Answer) error
}

// Stream is one kind of caller in an open loop, on connections of its own.
type Stream struct {
	Supply      Supply
	Rate        float64 // requests per second
	Connections int
	Seed        uint64 // of the arrivals
}

// arrivals draws the moments at which requests are due; the same seed draws the same ones.
func (s *Stream) arrivals(length time.Duration) []time.Duration {
	return openloop.Poisson(s.Rate, length, rand.New(rand.NewPCG(s.Seed, 0x7261696c67617465))).All()
}

// Outcome is what became of a stream; requests that found no free connection until the
// end are unsent.
type Outcome struct {
	openloop.Outcome
	// Unanswered requests had no answer when the grace was over. Broken ones lost their
	// connection, Wrong ones got a wrong answer.
	Unanswered, Broken, Wrong int
}

// Answer is what a server sent. Body is good until the next answer.
type Answer struct {
	Status int
	Size   int // bytes, head and body
	Body   []byte
	Close  bool // the server ends the connection
}

// Ways in which bytes are no answer. Fixed texts: an answer names a passenger.
var (
	errHead    = errors.New("an answer's head cannot be read")
	errTooLong = errors.New("an answer was longer than it said")
	errEnded   = errors.New("the connection ended inside an answer")
)

var (
	version = []byte("HTTP/1.1 ")
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ")
	closing = []byte("\r\nConnection: close\r\n")
)

// parse reads an answer off what has come so far; whole is false while more
// must come. It knows as much of HTTP as the servers here speak.
func parse(read []byte) (a Answer, whole bool, err error) {
	if n := min(len(read), len(version)); !bytes.Equal(read[:n], version[:n]) {
		return a, false, errHead
	}
	end := bytes.Index(read, headEnd)
	if end < 0 {
		return a, false, nil
	}
	head := read[:end+2]
	at := bytes.Index(head, length)
	if at < 0 || len(head) < len(version)+3 {
		return a, false, errHead
	}
	if a.Status, err = strconv.Atoi(string(head[len(version) : len(version)+3])); err != nil {
		return a, false, errHead
	}
	size := 0
	for _, d := range head[at+len(length):] {
		if d == '\r' {
			break
		}
		if d < '0' || d > '9' || size > 1<<24 {
			return a, false, errHead
		}
		size = 10*size + int(d-'0')
	}
	a.Size = end + len(headEnd) + size
	switch {
	case len(read) < a.Size:
		return a, false, nil
	case len(read) > a.Size:
		return a, false, errTooLong
	}
	a.Body = read[end+len(headEnd):]
	a.Close = bytes.Contains(head, closing)
	return a, true, nil
}
