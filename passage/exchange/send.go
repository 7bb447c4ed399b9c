package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation/kafka"
)

// send signs one batch of the first of the passages and repeats it until all in-sync replicas have it. It
// returns how many passages it handled. A repeated batch keeps its bytes, so that readers recognize one that
// was written despite an error. It gives up when ctx ends, when brokers refuse the batch for good, or when no
// passage in it can matter any more; these passages are lost to the others.
func (w *Writer) send(ctx context.Context, link Link, partition int, name string, passages []passage.Passage) int {
	part := &w.parts[partition]
	issued := w.c.Now().UnixMilli()
	message, n, err := w.seal(partition, part.sequence+1, issued, passages)
	if err != nil { // a fault of the caller of Record
		w.lose(n, "a passage cannot be encoded", err)
		return n
	}
	part.sequence++
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		err := w.produce(ctx, link, partition, part.sequence, issued, message)
		if err == nil {
			w.outage.Works(name)
			w.count(func(s *WriterStats) { s.Batches++; s.Passages += uint64(n) })
			return n
		}
		w.count(func(s *WriterStats) { s.Failures++ })
		switch {
		case final(err):
			w.lose(n, "the brokers refuse a batch of passages", err)
			return n
		case w.c.Now().UnixMilli()-issued > passage.MaxWindow:
			w.lose(n, "passages are too old to matter", err)
			return n
		case ctx.Err() == nil:
			w.outage.Failed(name, err)
		}
		if !kafka.Wait(ctx, wait/2+rand.N(wait)) {
			w.lose(n, "the gateway ends before its passages were acknowledged", err)
			return n
		}
	}
}

// final reports errors that the same batch would meet for ever.
func final(err error) bool {
	return errors.Is(err, kafkago.MessageSizeTooLarge) || errors.Is(err, kafkago.InvalidMessage) || errors.Is(err, kafkago.InvalidTimestamp)
}

// lose counts passages that others do not learn of.
func (w *Writer) lose(n int, why string, err error) {
	w.dropped.Store(w.c.Now().UnixMilli())
	w.count(func(s *WriterStats) { s.Lost += uint64(n) })
	w.c.Log.Error(why, zap.Int("passages", n), zap.Error(err))
}

// produce makes one call.
func (w *Writer) produce(ctx context.Context, link Link, partition int, sequence uint64, issued int64, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, produceTimeout)
	defer cancel()
	r, err := link.Produce(ctx, &kafkago.ProduceRequest{
		Topic: w.c.Kafka.Topic, Partition: partition, RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{
			Key: kafkago.NewBytes(w.messageKey(sequence)), Value: kafkago.NewBytes(message), Time: time.UnixMilli(issued),
		}),
	})
	if err != nil {
		return err
	}
	if r.Error != nil {
		return fmt.Errorf("exchange: %w", r.Error)
	}
	return nil
}

// messageKey gives every batch a key of its own, so that a topic that was made compacted loses none.
func (w *Writer) messageKey(sequence uint64) []byte {
	k := binary.BigEndian.AppendUint16([]byte("passages:"), uint16(w.c.Gateway))
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(k, uint64(w.session)), sequence)
}
