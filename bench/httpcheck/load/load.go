// Package load sends prepared bytes to one server over raw keep-alive connections. Without an HTTP
// client, the server is the limit, not this side.
//
// In the closed loop each connection waits for its answer; this measures throughput and processor
// time. In the open loop requests are sent when they are due, whatever the state of earlier ones;
// this measures latency. The maker of a request judges its answer.
package load

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Supply makes requests and judges their answers. It is safe for concurrent use.
type Supply interface {
	// Next returns the next request; nil: none remain. Callers must not change it.
	Next() []byte
	// Judge returns nil for a correct answer, openloop.ErrDeclined if the server was too busy to
	// judge, and any other error for a wrong answer.
	Judge(Answer) error
}

// Stream is one kind of caller in an open loop, with its own connections.
type Stream struct {
	Supply      Supply
	Rate        float64 // requests per second
	Connections int
	Seed        uint64 // of the arrivals
}

// arrivals draws the times at which requests are due; the same seed draws the same times.
func (s *Stream) arrivals(length time.Duration) []time.Duration {
	return openloop.Poisson(s.Rate, length, rand.New(rand.NewPCG(s.Seed, 0x7261696c67617465))).All()
}

// Outcome is the result of a stream. Requests that found no free connection until the end are
// unsent.
type Outcome struct {
	openloop.Outcome
	// Unanswered requests had no answer at the end of the grace period. Broken ones lost their
	// connection, Wrong ones got a wrong answer.
	Unanswered, Broken, Wrong int
}

// Answer is a server's answer. Body is valid until the next answer.
type Answer struct {
	Status int
	Size   int // bytes, head and body
	Body   []byte
	Close  bool // the server closes the connection
}

// Errors of malformed answers. Their texts are fixed: an answer names a passenger.
var (
	errHead    = errors.New("the head of an answer is malformed")
	errTooLong = errors.New("an answer is longer than its Content-Length")
	errEnded   = errors.New("the connection ended before the answer was complete")
)

var (
	version = []byte("HTTP/1.1 ")
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ")
	closing = []byte("\r\nConnection: close\r\n")
)

// parse parses an answer from the bytes read so far; whole is false if it is incomplete. It
// supports the part of HTTP that the servers here use.
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
