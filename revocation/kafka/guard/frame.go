package guard

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

const (
	// maxFetchFrame bounds an answer with messages, bytes. A follower requests at most half of it; a broker
	// exceeds the request by one batch if that batch alone is larger.
	maxFetchFrame = 16 << 20
	// maxFrame bounds any other answer, bytes. All of them are about one topic.
	maxFrame = 1 << 20
	// keptBuffer is the memory that a connection keeps between answers, bytes: a usual fetch and a margin.
	keptBuffer = 2 << 20
	// firstBuffer is allocated on the basis of an answer's declared length alone.
	firstBuffer = 64 << 10
)

// The sizes of the headers of requests and answers, bytes.
const (
	requestHead = 12 // size, key and version of the request, a number that the answer repeats
	answerHead  = 8  // size, the number
)

// receive reads and checks the answer to the last request.
func (c *conn) receive() error {
	if !c.waiting || c.body > 0 {
		return errors.New("kafka: no request was sent on this connection")
	}
	if err := c.readFrame(); err != nil {
		return err
	}
	if number := int32(binary.BigEndian.Uint32(c.buffer[4:])); number != c.request.number {
		return damaged("it does not answer the last request")
	}
	c.inspector.begin(c.request.offset)
	w := walker{wire: wire{rest: c.buffer[answerHead:]}, sets: &c.inspector,
		offsets: c.request.api.key == protocol.ListOffsets, dated: c.request.dated}
	if err := walk(answers[c.request.api], &w); err != nil {
		return err
	}
	c.unread, c.waiting = c.buffer, false
	return nil
}

// readFrame reads one answer into the buffer. It allocates memory for received bytes, not for declared ones.
func (c *conn) readFrame() error {
	if cap(c.buffer) > keptBuffer || cap(c.buffer) == 0 {
		c.buffer = make([]byte, 0, firstBuffer)
	}
	c.buffer = c.buffer[:4]
	if _, err := io.ReadFull(c.Conn, c.buffer); err != nil {
		return err
	}
	size, limit := int64(int32(binary.BigEndian.Uint32(c.buffer))), int64(maxFrame)
	if c.request.api.key == protocol.Fetch {
		limit = maxFetchFrame
	}
	switch {
	case c.buffer[0] == 0x15 && c.buffer[1] == 3:
		return damaged("it is a TLS alert; the broker expects TLS")
	case size < answerHead-4 || size > limit:
		return damaged("it has %d bytes, and must have %d to %d", size, answerHead-4, limit)
	}
	for total := int(size) + 4; len(c.buffer) < total; {
		have := len(c.buffer)
		if have == cap(c.buffer) {
			c.buffer = append(make([]byte, 0, min(2*have, total)), c.buffer...)
		}
		c.buffer = c.buffer[:min(cap(c.buffer), total)]
		if _, err := io.ReadFull(c.Conn, c.buffer[have:]); err != nil {
			return unexpectedEOF(err)
		}
	}
	return nil
}

// unexpectedEOF turns the end of the connection inside an answer into io.ErrUnexpectedEOF.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
