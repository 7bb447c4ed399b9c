package stream_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/internal/kafkalink"
	"github.com/railgate/railgate/revocation"
)

// fetchVersion is the newest that kafka-go speaks.
const fetchVersion = 11

// errPanic stands for a panic of kafka-go. Over a connection it would come in a
// goroutine of kafka-go's own, where nobody can recover it.
type errPanic struct{ value any }

func (e errPanic) Error() string { return fmt.Sprintf("kafka-go panicked: %v", e.value) }

// decode is what kafka-go makes of the records field of a fetch response,
// without a connection.
func decode(records []byte) (r kafka.RecordReader, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanic{p}
		}
	}()
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches = records
	topic := kmsg.NewFetchResponseTopic()
	topic.Partitions = append(topic.Partitions, p)
	res := kmsg.NewPtrFetchResponse()
	res.Version = fetchVersion
	res.Topics = append(res.Topics, topic)
	body := res.AppendTo(make([]byte, 4)) // behind the correlation id
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)

	_, m, err := protocol.ReadResponse(bufio.NewReader(bytes.NewReader(frame)), protocol.Fetch, fetchVersion)
	if err != nil {
		return nil, err
	}
	r = m.(*fetch.Response).Topics[0].Partitions[0].RecordSet.Records
	if r == nil {
		r = kafka.NewRecordReader()
	}
	return r, nil
}

// visited is one message that reached the follower.
type visited struct {
	offset int64
	value  string
}

// walk is decode and kafkalink.Walk, as one fetch of the follower does them.
func walk(records []byte, position int64) (seen []visited, next, lowest int64, err error) {
	r, err := decode(records)
	if err != nil {
		return nil, position, -1, err
	}
	next, lowest, err = kafkalink.Walk(r, position, revocation.MaxBatch, func(offset int64, value []byte) {
		seen = append(seen, visited{offset, string(value)})
	})
	return seen, next, lowest, err
}
