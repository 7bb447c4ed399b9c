// Package guard checks the answers of a broker before kafka-go's decoder reads them. The decoder runs in a
// goroutine of its own, where a panic cannot be recovered. It panics, or allocates memory without bound, on
// answers that a network, a disk or a program with write access to the topic can cause. With a guard it only
// receives answers that are complete and right in every length, count and checksum.
//
// kafka-go has one request in progress per connection, from one goroutine, and reads the whole answer before
// it writes the next; the guard refuses anything else. It does not interpret records: that is the task of
// package revocation.
package guard

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/segmentio/kafka-go/protocol"
)

// conn is a guarded connection.
type conn struct {
	net.Conn
	inspector inspector

	failed error // ends the connection

	body    int64 // bytes of the last request that are not written yet
	waiting bool  // for an answer
	request request

	buffer []byte // the last answer, complete
	unread []byte // its unread part
}

// request is the guard's record of a request.
type request struct {
	api    apiVersion
	number int32
	offset int64 // of a fetch
	dated  place // whose offset at a time is requested; zero: of none
}

// Wrap guards a new connection to a broker. dropped counts the batches that were emptied, see
// kafka.Link.DroppedBatches. An error of Read or Write ends the connection.
func Wrap(c net.Conn, dropped *atomic.Uint64) net.Conn {
	return &conn{Conn: c, inspector: inspector{dropped: dropped}}
}

func (c *conn) fail(err error) error {
	if c.failed == nil {
		c.failed = err
	}
	return c.failed
}

func (c *conn) Write(b []byte) (int, error) {
	if c.failed != nil {
		return 0, c.failed
	}
	if err := c.checkRequest(b); err != nil {
		return 0, c.fail(err)
	}
	return c.Conn.Write(b)
}

// checkRequest checks the written bytes. kafka-go writes a request in pages of 64 KiB, so the header of each
// request is in one piece, and a fetch request is complete.
func (c *conn) checkRequest(b []byte) error {
	if c.body >= int64(len(b)) {
		c.body -= int64(len(b))
		return nil
	}
	if c.body > 0 || c.waiting || len(c.unread) > 0 {
		return errors.New("kafka: a request begins before the last one is answered")
	}
	w := walker{wire: wire{rest: b}}
	size := int64(w.int32())
	q := request{api: apiVersion{protocol.ApiKey(w.int16()), w.int16()}, number: w.int32()}
	if _, known := answers[q.api]; !known || w.invalid || size < requestHead-4 || size+4 < int64(len(b)) {
		return errors.New("kafka: the guard of the connection does not know this request")
	}
	if q.api == (apiVersion{protocol.SaslHandshake, 0}) {
		return errors.New("kafka: the broker is too old for a login (its SASL handshake has version 0)")
	}
	if shape, ok := fetches[q.api]; ok {
		w.sized(int64(w.int16())) // the client's name
		if err := walk(shape, &w); err != nil {
			return errors.New("kafka: the guard cannot parse a fetch request")
		}
		q.offset = w.fetchOffset
	}
	if shape, ok := offsetRequests[q.api]; ok {
		w.offsets, w.asks = true, true
		w.sized(int64(w.int16()))
		if walk(shape, &w) == nil { // otherwise any timestamp in the answer is refused
			q.dated = w.dated
		}
	}
	c.request, c.waiting, c.body = q, true, size+4-int64(len(b))
	return nil
}

func (c *conn) Read(b []byte) (int, error) {
	if len(c.unread) == 0 {
		if c.failed != nil {
			return 0, c.failed
		}
		if err := c.receive(); err != nil {
			return 0, c.fail(err)
		}
	}
	n := copy(b, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}
