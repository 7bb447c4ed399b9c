package guard_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/segmentio/kafka-go/compress"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/test/fakekafka/batch"
)

const (
	hugeSize = 96 << 20 // size that a harmful batch claims, bytes
	limitMiB = 64       // MiB that a guarded call may allocate
	harmLast = 9        // the last offset of a harmful batch
)

// Effects on kafka-go without the guard.
const (
	crashes  = "crashes"  // it panics, which ends the process
	exhausts = "exhausts" // it allocates as much memory as the bytes claim
	blocks   = "blocks"   // it returns the same error for ever
)

// harms are answers to a fetch that begin with a harmful batch. If its CRC is right, a program that may write
// to the topic made it, and reading continues after the batch. Otherwise it was damaged on the way, and no
// part of the answer is used.
var harms = []struct {
	name    string
	harm    string
	written bool // by a program, in this form
	make    func(t *testing.T) []byte
}{
	{"the sign of a batch's length flipped", crashes, false, func(*testing.T) []byte {
		b := honest(0, harmLast).Encode()
		b[8] ^= 0x80
		return b
	}},
	{"a bit of a snappy frame's length flipped", exhausts, false, func(*testing.T) []byte {
		b := honest(0, harmLast)
		b.Codec = batch.SnappyFramed
		raw := b.Encode()
		raw[batch.HeaderSize+16] ^= 0x10 // 256 MiB
		return raw
	}},
	{"a record count of -1", crashes, true, func(*testing.T) []byte { return batchOf(0, record(nil), -1) }},
	{"a large record count", exhausts, true, func(*testing.T) []byte { return batchOf(0, record(nil), hugeSize/32) }},
	{"more headers than memory has room for", crashes, true, func(*testing.T) []byte {
		return batchOf(0, record(binary.AppendVarint(nil, 1<<60)), 1)
	}},
	{"a large header count", exhausts, true, func(*testing.T) []byte {
		return batchOf(0, record(binary.AppendVarint(nil, hugeSize/40)), 1)
	}},
	{"a value longer than its batch", blocks, true, func(*testing.T) []byte {
		return batchOf(0, binary.AppendVarint([]byte{20, 0, 0, 0, 1}, 1<<40), 1)
	}},
	{"a gzip bomb", exhausts, true, func(t *testing.T) []byte { return bomb(t, compress.Gzip) }},
	{"a snappy bomb", exhausts, true, func(t *testing.T) []byte { return bomb(t, compress.Snappy) }},
	{"an LZ4 bomb", exhausts, true, func(t *testing.T) []byte { return bomb(t, compress.Lz4) }},
	{"a zstd bomb", exhausts, true, func(t *testing.T) []byte { return bomb(t, compress.Zstd) }},
	{"a zstd frame with a large window", exhausts, true, func(*testing.T) []byte {
		frame := []byte{0x28, 0xB5, 0x2F, 0xFD, 0, 18 << 3, 1, 0, 0} // 256 MiB; one last block, of nothing
		return batchOf(compress.Zstd, frame, 0)
	}},
	{"a snappy block that claims to be large", exhausts, true, func(*testing.T) []byte {
		return batchOf(compress.Snappy, binary.AppendUvarint(nil, hugeSize), 1)
	}},
	{"what is no LZ4", blocks, true, func(*testing.T) []byte { return batchOf(compress.Lz4, []byte("not LZ4"), 1) }},
	{"an unknown codec", blocks, true, func(*testing.T) []byte { return batchOf(7, record(nil), 1) }},
}

// Without the guard each harm occurs, and with it none.
func TestGuardKeepsHarmfulBatchesFromKafka(t *testing.T) {
	for _, h := range harms {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			harm := h.make(t)
			address := serve(t, append(harm, honest(harmLast+1, harmLast+5).Encode()...))
			bare := subprocess(t, address, false)
			if h.harm == crashes && bare.Died == "" || h.harm == exhausts && bare.MiB <= limitMiB || h.harm == blocks && bare.Err == "" {
				t.Errorf("kafka-go is not harmed, so this part of the guard is unnecessary: %+v", bare)
			}
			got := subprocess(t, address, true)
			t.Logf("%d bytes; bare %+v; guarded %+v", len(harm), bare, got)
			switch {
			case got.Died != "":
				t.Error("the process died")
			case h.written && (got.DroppedBatches != 1 || got.Err != "" || got.Next != harmLast+6):
				t.Error("it is not skipped")
			case !h.written && (!got.Damaged || got.Next != 0 || got.DroppedBatches != 0):
				t.Error("it is not refused")
			case got.MiB > limitMiB:
				t.Errorf("it took %d MiB", got.MiB)
			}
		})
	}
}

// kafka-go keeps a page of 64 KiB for each batch. The guard limits the batches of an answer, and the next
// answer begins with the rest.
func TestManySmallBatchesAreReadInParts(t *testing.T) {
	t.Parallel()
	const batches, allowed = 3000, 1024
	var set []byte
	for i := range int64(batches) {
		b := batch.Batch{Base: i, Last: i, Messages: []batch.Message{{Offset: i, Value: []byte{1}}}}
		set = append(set, b.Encode()...)
	}
	address := serve(t, set)
	bare, got := subprocess(t, address, false), subprocess(t, address, true)
	t.Logf("%d bytes; bare %+v; guarded %+v", len(set), bare, got)
	if bare.MiB < batches>>4 || got.MiB > allowed>>4+limitMiB || got.Next != allowed || got.Err != "" {
		t.Errorf("bare %+v; guarded %+v", bare, got)
	}
}

// honest returns a batch of messages as the issuer writes them.
func honest(base, last int64) batch.Batch {
	b := batch.Batch{Base: base, Last: last}
	for at := base; at <= last; at++ {
		b.Messages = append(b.Messages, batch.Message{Offset: at, Key: []byte("key"), Value: bytes.Repeat([]byte("value"), 40)})
	}
	return b
}

// batchOf returns a batch at offset 0 to harmLast with a valid CRC from any packed records and any count.
func batchOf(codec compress.Compression, packed []byte, count int32) []byte {
	b := append(batch.Batch{Last: harmLast}.Encode(), packed...)
	b[22] = byte(codec)
	binary.BigEndian.PutUint32(b[57:], uint32(count))
	return batch.Repair(b)
}

// record returns a record without key and value; headers are the number of headers and their bytes.
func record(headers []byte) []byte {
	if headers == nil {
		headers = []byte{0}
	}
	body := append([]byte{0, 0, 0, 1, 1}, headers...)
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

// bomb returns a batch of one record with a value of zeros.
func bomb(t *testing.T, codec compress.Compression) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := codec.Codec().NewWriter(&packed)
	body := append(binary.AppendVarint([]byte{0, 0, 0, 1}, hugeSize), make([]byte, hugeSize+1)...)
	for _, part := range [][]byte{binary.AppendVarint(nil, int64(len(body))), body} {
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return batchOf(codec, packed.Bytes(), 1)
}

// serve runs a broker that answers every fetch with the same records, from offset 0 of a log without end.
func serve(t *testing.T, set []byte) (address string) {
	t.Helper()
	c := newBroker(t)
	c.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := r.ResponseKind().(*kmsg.FetchResponse)
		p := kmsg.NewFetchResponseTopicPartition()
		p.HighWatermark, p.RecordBatches = 1<<40, set
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic = topic
		rt.Partitions = append(rt.Partitions, p)
		res.Topics = append(res.Topics, rt)
		return res, nil, true
	})
	return c.ListenAddrs()[0]
}
