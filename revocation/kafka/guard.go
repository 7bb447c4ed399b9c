package kafka

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/segmentio/kafka-go/protocol"
)

// guard stands between a connection and kafka-go's decoder. That runs in a
// goroutine of its own, so nobody can recover a panic there, and it panics or
// takes memory without bound on answers that a network, a disk or somebody who
// may write to the topic can bring about. Behind a guard it sees only answers
// that are whole and right in every length, count and checksum.
//
// kafka-go has one request on its way per connection, from one goroutine, and
// reads the whole answer before it writes the next; the guard refuses anything else.
type guard struct {
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

// Guard wraps a connection to a broker on which nothing was asked yet. swallowed
// counts the batches that were emptied, see Link.Swallowed. An error of Read or
// Write ends the connection.
func Guard(c net.Conn, swallowed *atomic.Uint64) net.Conn {
	return &guard{Conn: c, inspector: inspector{swallowed: swallowed}}
}

// Swallowed counts the record batches that arrived as they were sent, and that
// were made to do harm: they claim more records than they hold, or unpack to
// more than any message of ours. Each is stepped over as if compaction had
// emptied it. Only somebody who may write to the topic can make one.
func (l *Link) Swallowed() uint64 { return l.dialer.swallowed.Load() }

func (g *guard) fail(err error) error {
	if g.failed == nil {
		g.failed = err
	}
	return g.failed
}

func (g *guard) Write(b []byte) (int, error) {
	if g.failed != nil {
		return 0, g.failed
	}
	if err := g.note(b); err != nil {
		return 0, g.fail(err)
	}
	return g.Conn.Write(b)
}

// note looks at what is written. kafka-go writes a request in pages of 64 KiB,
// so the head of each is in one piece, and a request to fetch is whole.
func (g *guard) note(b []byte) error {
	if g.body >= int64(len(b)) {
		g.body -= int64(len(b))
		return nil
	}
	if g.body > 0 || g.waiting || len(g.unread) > 0 {
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
	g.asked, g.waiting, g.body = q, true, size+4-int64(len(b))
	return nil
}

func (g *guard) Read(b []byte) (int, error) {
	if len(g.unread) == 0 {
		if g.failed != nil {
			return 0, g.failed
		}
		if err := g.receive(); err != nil {
			return 0, g.fail(err)
		}
	}
	n := copy(b, g.unread)
	g.unread = g.unread[n:]
	return n, nil
}
