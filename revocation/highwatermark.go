package revocation

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Mark is a place in a partition's numbering that this gateway has seen under a
// valid signature. Marks only rise. Kept on disk apart from the snapshot they
// are the ratchet: a gateway that starts anew, without a snapshot or with an old
// one, still notices that it is shown an old copy of the log.
type Mark struct{ Epoch, Next uint64 }

// above reports whether m lies beyond a place.
func (m Mark) above(epoch, next uint64) bool {
	return m.Epoch > epoch || m.Epoch == epoch && m.Next > next
}

func (m *Mark) raise(epoch, next uint64) {
	if !m.above(epoch, next) {
		*m = Mark{epoch, next}
	}
}

// HighWaterMark is the marks of all partitions of one stream. Another authority key or
// another topic is another stream, with marks of its own: that is how a leaked
// authority key that drove the numbers to their end is recovered from.
type HighWaterMark struct {
	Authority [4]byte
	Topic     string
	Marks     []Mark
}

// ErrHighWaterMarkFormat says that a ratchet's file is damaged.
var ErrHighWaterMarkFormat = errors.New("revocation: not a whole ratchet")

const highWaterMarkMagic = "RGT1"

// HighWaterMark takes the present marks. They never lie below those given to Hold.
func (r *Replica) HighWaterMark(topic string) HighWaterMark {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := HighWaterMark{Authority: r.authority.id, Topic: topic}
	for i := range r.partitions {
		t.Marks = append(t.Marks, r.partitions[i].seen)
	}
	return t
}

// Hold has the replica wait, before it is ready, until it has reached the marks
// again. It reports whether they are of this stream; others are ignored.
func (r *Replica) RequireHighWaterMark(t HighWaterMark, topic string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.Authority != r.authority.id || t.Topic != topic || len(t.Marks) != len(r.partitions) {
		return false
	}
	for i, m := range t.Marks {
		r.partitions[i].seen.raise(m.Epoch, m.Next)
	}
	r.settle()
	return true
}

// Encode writes the file form: magic, authority (4), topic with length (2),
// marks with count (2), each epoch and next number (8 each), SHA-256 of all.
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

// DecodeHighWaterMark reads what Encode wrote and nothing else.
func DecodeHighWaterMark(raw []byte) (t HighWaterMark, err error) {
	body, ok := unseal(raw, highWaterMarkMagic)
	if !ok {
		return t, ErrHighWaterMarkFormat
	}
	r := reader{rest: body}
	copy(t.Authority[:], r.take(4))
	t.Topic = string(r.take(int(r.u16())))
	for range r.u16() {
		t.Marks = append(t.Marks, Mark{r.u64(), r.u64()})
	}
	if r.failed || len(r.rest) != 0 {
		return t, ErrHighWaterMarkFormat
	}
	return t, nil
}

// unseal checks a file's magic and its closing SHA-256 and returns what lies between.
func unseal(raw []byte, magic string) (body []byte, ok bool) {
	if len(raw) < len(magic)+sha256.Size || string(raw[:len(magic)]) != magic {
		return nil, false
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, false
	}
	return body[len(magic):], true
}
