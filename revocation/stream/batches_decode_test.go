package stream_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net"
	"sync/atomic"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/kafka/guard"
)

// fetchVersion is the newest version that kafka-go supports.
const fetchVersion = 11

// decode passes the records field of a fetch response through the guard of revocation/kafka and then through
// kafka-go. The log of the records has no end.
func decode(records []byte) (kafkago.RecordReader, error) {
	const number = 1
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches, p.HighWatermark = records, math.MaxInt64
	topic := kmsg.NewFetchResponseTopic()
	topic.Partitions = append(topic.Partitions, p)
	res := kmsg.NewPtrFetchResponse()
	res.Version = fetchVersion
	res.Topics = append(res.Topics, topic)
	body := res.AppendTo(binary.BigEndian.AppendUint32(nil, number))
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)

	conn := guard.Wrap(wire{Reader: bytes.NewReader(frame)}, new(atomic.Uint64))
	if err := protocol.WriteRequest(conn, fetchVersion, number, "test", new(fetch.Request)); err != nil {
		return nil, err
	}
	_, m, err := protocol.ReadResponse(bufio.NewReader(conn), protocol.Fetch, fetchVersion)
	if err != nil {
		return nil, err
	}
	r := m.(*fetch.Response).Topics[0].Partitions[0].RecordSet.Records
	if r == nil {
		r = kafkago.NewRecordReader()
	}
	return r, nil
}

// wire is a connection with an answer that is ready to be read.
type wire struct {
	net.Conn
	io.Reader
}

func (w wire) Read(b []byte) (int, error)  { return w.Reader.Read(b) }
func (w wire) Write(b []byte) (int, error) { return len(b), nil }

// visited is one message that reached the follower.
type visited struct {
	offset int64
	value  string
}

// walk is decode and kafka.Walk, like one fetch of the follower.
func walk(records []byte, position int64) (seen []visited, next, lowest int64, err error) {
	r, err := decode(records)
	if err != nil {
		return nil, position, -1, err
	}
	next, lowest, err = kafka.Walk(r, position, revocation.MaxBatch, func(offset int64, value []byte) {
		seen = append(seen, visited{offset, string(value)})
	})
	return seen, next, lowest, err
}
