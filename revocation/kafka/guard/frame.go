package guard

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

const (
	// maxFetchFrame bounds an answer with messages, bytes. A follower asks for at
	// most half of it; a broker exceeds that by one batch if that alone is larger.
	maxFetchFrame = 16 << 20
	// maxFrame bounds any other answer, bytes. All of them are about one topic.
	maxFrame = 1 << 20
	// keptBuffer is what a connection keeps of its memory between answers, bytes:
	// a usual fetch and some more.
	keptBuffer = 2 << 20
	// firstBuffer is what is taken on the word of an answer's length alone.
	firstBuffer = 64 << 10
)

// What every request begins with, and every answer; bytes.
const (
	requestHead = 12 // size, key and version of the question, a number that the answer repeats
	answerHead  = 8  // size, the number
)

// receive reads and checks the answer to the last request.
func (c *conn) receive() error {
	if !c.waiting || c.body > 0 {
		return errors.New("kafka: nothing was asked on this connection")
	}
	if err := c.frame(); err != nil {
		return err
	}
	if number := int32(binary.BigEndian.Uint32(c.buffer[4:])); number != c.asked.number {
		return damaged("it is not to the last request")
	}
	c.inspector.begin(c.asked.offset)
	w := walker{wire: wire{left: c.buffer[answerHead:]}, sets: &c.inspector}
	if err := walk(answers[c.asked.api], &w); err != nil {
		return err
	}
	c.unread, c.waiting = c.buffer, false
	return nil
}

// frame reads one answer into the buffer. Memory follows what came, not what
// was promised.
func (c *conn) frame() error {
	if cap(c.buffer) > keptBuffer || cap(c.buffer) == 0 {
		c.buffer = make([]byte, 0, firstBuffer)
	}
	c.buffer = c.buffer[:4]
	if _, err := io.ReadFull(c.Conn, c.buffer); err != nil {
		return err
	}
	size, limit := int64(int32(binary.BigEndian.Uint32(c.buffer))), int64(maxFrame)
	if c.asked.api.key == protocol.Fetch {
		limit = maxFetchFrame
	}
	switch {
	case c.buffer[0] == 0x15 && c.buffer[1] == 3:
		return damaged("it is an alert of TLS; the broker expects TLS")
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
			return noEnd(err)
		}
	}
	return nil
}

// noEnd turns an end of the connection inside an answer into what it is.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
