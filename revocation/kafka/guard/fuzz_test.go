package guard_test

import (
	"bufio"
	"errors"
	"math"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

// mostMiB is the most that the smallest answer may cost: the windows and blocks of a codec, and a page per
// batch.
const mostMiB = 128

// FuzzGuardFrame passes any bytes as an answer to a fetch: as the whole frame, or as its records, with a
// valid CRC if repair is set. kafka-go decodes what the guard lets pass without panic, without error, and
// with little memory.
func FuzzGuardFrame(f *testing.F) {
	for _, h := range harms {
		if !strings.Contains(h.name, "bomb") {
			f.Add(h.make(nil), uint8(newest), true, true)
		}
	}
	for _, codec := range batch.Codecs {
		b := honest(0, 9)
		b.Codec = codec
		f.Add(b.Encode(), uint8(newest), true, true)
		f.Add(slices.Concat(b.Encode(), honest(10, 12).Encode()), uint8(newest), true, false)
	}
	for version := range uint8(newest + 1) {
		f.Add(frameOf(int16(version), 10, honest(0, 9).Encode())[8:], version, false, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, version uint8, wrapped, repair bool) {
		v := int16(version % (newest + 1))
		data = slices.Clone(data)
		if repair && wrapped && len(data) >= batch.HeaderSize {
			batch.Repair(data)
		}
		frame := withSize(data)
		if wrapped {
			frame = frameOf(v, math.MaxInt64, data)
		}
		x := exchange{version: v}
		before := allocated()
		r, err := x.read(frame)
		if took := (allocated() - before) >> 20; took > mostMiB {
			t.Fatalf("it took %d MiB", took)
		}
		if errors.Is(err, guard.ErrDamaged) {
			return
		}
		// An answer that does not contain the whole header of its first batch.
		if err != nil && strings.Contains(err.Error(), "impossible record set shorter than") {
			return
		}
		if err != nil {
			t.Fatalf("the guard let it pass: %v", err)
		}
		for _, topic := range r.Topics {
			for _, p := range topic.Partitions {
				if p.RecordSet.Records == nil {
					continue
				}
				next, _, err := kafka.Walk(p.RecordSet.Records, 0, 1<<20, func(int64, []byte) {})
				if err != nil || next > max(p.HighWatermark, 0) {
					t.Fatalf("the guard let it pass: next %d of %d, %v", next, p.HighWatermark, err)
				}
			}
		}
	})
}

// FuzzGuardAnswer does the same with the answers to all other requests.
func FuzzGuardAnswer(f *testing.F) {
	keys := []protocol.ApiKey{protocol.ApiVersions, protocol.SaslHandshake, protocol.SaslAuthenticate, protocol.Metadata,
		protocol.ListOffsets, protocol.Produce, protocol.CreateTopics, protocol.DescribeConfigs}
	for i, key := range keys {
		for v := key.MinVersion(); v <= key.MaxVersion(); v++ {
			f.Add(full(key, v), uint8(i), uint8(v))
			f.Add(slices.Repeat([]byte{0, 0, 0, 1}, 30), uint8(i), uint8(v))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, which, version uint8) {
		key := keys[int(which)%len(keys)]
		v := key.MinVersion() + int16(version)%(key.MaxVersion()-key.MinVersion()+1)
		request := []byte{0, 0, 0, 8, 0, byte(key), 0, byte(v), 0, 0, 0, 1}
		conn := guard.Wrap(&wire{frame: withSize(body)}, new(atomic.Uint64))
		if _, err := conn.Write(request); err != nil {
			if key == protocol.SaslHandshake && v == 0 {
				return
			}
			t.Fatal(err)
		}
		before := allocated()
		_, _, err := protocol.ReadResponse(bufio.NewReader(conn), key, v)
		if err != nil && !errors.Is(err, guard.ErrDamaged) {
			t.Fatalf("%s %d: the guard let it pass: %v", key, v, err)
		}
		if took := (allocated() - before) >> 20; took > 1 {
			t.Fatalf("%s %d: it took %d MiB", key, v, took)
		}
	})
}

// allocated returns the bytes ever allocated.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
