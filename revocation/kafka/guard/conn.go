// Package guard stands between a connection to a broker and kafka-go's decoder. The
// decoder runs in a goroutine of its own, where a panic cannot be recovered. It panics,
// or takes memory without bound, on answers that a network, a disk or a program with
// write access to the topic can bring about. Behind a guard it sees only answers that
// are whole and right in every length, count and checksum.
//
// kafka-go has one request on its way per connection, from one goroutine, and reads
// the whole answer before it writes the next; the guard refuses anything else. It does
// not judge what a record says: that is for package revocation.
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

	body    int64 // bytes of the last request that are still to be written
	waiting bool  // for an answer
	asked   question

	buffer []byte // the last answer, whole
	unread []byte // what is left of it
}

// question is what the guard keeps of a request.
type question struct {
	api    apiVersion
	number int32
	offset int64 // of a fetch
}

// Wrap guards a connection to a broker on which nothing was asked yet. swallowed
// counts the batches that were emptied, see kafka.Link.DroppedBatches. An error of Read or
// Write ends the connection.
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
	if err := c.note(b); err != nil {
		return 0, c.fail(err)
	}
	return c.Conn.Write(b)
}

// note looks at what is written. kafka-go writes a request in pages of 64 KiB,
// so the head of each is in one piece, and a request to fetch is whole.
func (c *conn) note(b []byte) error {
	if c.body >= int64(len(b)) {
		c.body -= int64(len(b))
		return nil
	}
	if c.body > 0 || c.waiting || len(c.unread) > 0 {
		return errors.New("kafka: a request begins before the last one is answered")
	}
	w := walker{wire: wire{left: b}}
	size := int64(w.int32())
	q := question{api: apiVersion{protocol.ApiKey(w.int16()), w.int16()}, number: w.int32()}
	if _, known := answers[q.api]; !known || w.bad || size < requestHead-4 || size+4 < int64(len(b)) {
		return errors.New("kafka: this request is not known to the guard of the connection")
	}
	if q.api == (apiVersion{protocol.SaslHandshake, 0}) {
		return errors.New("kafka: the broker is too old for a login (its SASL handshake has version 0)")
	}
	if shape, ok := fetches[q.api]; ok {
		w.sized(int64(w.int16())) // the client's name
		if err := walk(shape, &w); err != nil {
			return errors.New("kafka: the guard cannot read a request to fetch")
		}
		q.offset = w.fetchOffset
	}
	c.asked, c.waiting, c.body = q, true, size+4-int64(len(b))
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
