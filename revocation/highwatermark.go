package revocation

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Mark is a position in a partition's numbering that this gateway has seen under a valid signature. Marks
// only rise. They are stored on disk separately from the snapshot, so a gateway that starts without a
// snapshot or with an old one still detects an old copy of the log.
type Mark struct{ Epoch, Next uint64 }

// above reports whether m is beyond a position.
func (m Mark) above(epoch, next uint64) bool {
	return m.Epoch > epoch || m.Epoch == epoch && m.Next > next
}

func (m *Mark) raise(epoch, next uint64) {
	if !m.above(epoch, next) {
		*m = Mark{epoch, next}
	}
}

// HighWaterMark contains the marks of all partitions of one stream. Another authority key or another topic is
// another stream with its own marks. This allows recovery from a leaked authority key that was used to drive
// the numbers to their maximum.
type HighWaterMark struct {
	Authority [4]byte
	Topic     string
	Marks     []Mark
}

// ErrHighWaterMarkFormat means that the file of a high-water mark is damaged.
var ErrHighWaterMarkFormat = errors.New("revocation: the file is not a complete high-water mark")

const highWaterMarkMagic = "RGT1"

// HighWaterMark returns the current marks. They are never below the marks passed to
// [Replica.RequireHighWaterMark].
func (r *Replica) HighWaterMark(topic string) HighWaterMark {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := HighWaterMark{Authority: r.authority.id, Topic: topic}
	for i := range r.partitions {
		t.Marks = append(t.Marks, r.partitions[i].seen)
	}
	return t
}

// RequireHighWaterMark makes the replica ready only after it has reached the marks. It reports whether the
// marks belong to this stream; other marks are ignored.
func (r *Replica) RequireHighWaterMark(t HighWaterMark, topic string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.Authority != r.authority.id || t.Topic != topic || len(t.Marks) != len(r.partitions) {
		return false
	}
	for i, m := range t.Marks {
		r.partitions[i].seen.raise(m.Epoch, m.Next)
	}
	r.updateState()
	return true
}

// Encode returns the file format. Numbers are big-endian, sizes in bytes: magic RGT1; authority (4); topic,
// length (2) and bytes; partitions, count (2), each epoch and next number (8 each); SHA-256 of all preceding
// bytes (32).
func (t *HighWaterMark) Encode() []byte {
	b := append([]byte(highWaterMarkMagic), t.Authority[:]...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(t.Topic))), t.Topic...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.Marks)))
	for _, m := range t.Marks {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, m.Epoch), m.Next)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// DecodeHighWaterMark reads the output of [HighWaterMark.Encode] and nothing else.
func DecodeHighWaterMark(raw []byte) (t HighWaterMark, err error) {
	body, ok := verifiedBody(raw, highWaterMarkMagic)
	if !ok {
		return t, ErrHighWaterMarkFormat
	}
	r := reader{rest: body}
	copy(t.Authority[:], r.next(4))
	t.Topic = string(r.next(int(r.u16())))
	for range r.u16() {
		t.Marks = append(t.Marks, Mark{r.u64(), r.u64()})
	}
	if r.failed || len(r.rest) != 0 {
		return t, ErrHighWaterMarkFormat
	}
	return t, nil
}

// verifiedBody checks a file's magic and its final SHA-256 and returns the bytes between them.
func verifiedBody(raw []byte, magic string) (body []byte, ok bool) {
	if len(raw) < len(magic)+sha256.Size || string(raw[:len(magic)]) != magic {
		return nil, false
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, false
	}
	return body[len(magic):], true
}
