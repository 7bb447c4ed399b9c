package guard

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ErrDamaged means that what a broker sent breaks the protocol or a checksum, or
// is not what was asked for. It came wrong over the network or from a disk, or a
// program that is no broker sent it. Nothing of the answer is used; asking again
// heals it as soon as the right bytes come.
var ErrDamaged = errors.New("kafka: the broker's answer is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// maxElements bounds the entries of all lists of one answer together. kafka-go
// takes up to a few hundred bytes for each.
const maxElements = 1 << 16

// walker checks one message against its shape. It looks at every length and
// count, so kafka-go, which believes them and takes memory for them in advance,
// then meets only true ones.
type walker struct {
	wire
	elements int
	// What was seen last of the fields that matter here.
	highWatermark, fetchOffset int64
	// sets looks into each set of records; nil: there is none to look into.
	sets *inspector
	err  error // of a set, or of a field's content
}

// walk returns what is wrong with a message. All of it must be used up.
func walk(m message, w *walker) error {
	w.elements = maxElements
	if m.flexible {
		w.tags()
	}
	w.fields(m.fields)
	switch {
	case w.err != nil:
		return w.err
	case w.bad:
		return damaged("a length or count in it is wrong")
	case len(w.left) > 0:
		return damaged("%d bytes too many", len(w.left))
	}
	return nil
}

func (w *walker) fields(fields []shape) {
	for i := range fields {
		if w.bad || w.err != nil {
			return
		}
		w.field(&fields[i])
	}
}

func (w *walker) field(f *shape) {
	switch f.kind {
	case fixed:
		w.fixed(f)
	case text:
		w.sized(w.length(f, 2))
	case blob:
		n := w.length(f, 4)
		if n != -1 && costly(w.take(n)) {
			w.err = damaged("it asks for more work in the login than any broker does")
		}
	case list:
		w.list(f)
	case tags:
		w.tags()
	case records:
		n := w.length(f, 4)
		if n == -1 {
			return
		}
		if b := w.take(n); b != nil && w.sets != nil {
			w.err = w.sets.inspect(b, w.highWatermark)
		}
	}
}

// length reads a length or count; -1 is null, and nothing is less.
func (w *walker) length(f *shape, size int) int64 {
	var n int64
	switch {
	case f.compact:
		u := w.uvarint()
		if u > math.MaxInt32 {
			w.bad = true
			return 0
		}
		n = int64(u) - 1
	case size == 2:
		n = int64(w.int16())
	default:
		n = int64(w.int32())
	}
	if n < -1 {
		w.bad = true
		return 0
	}
	return n
}

func (w *walker) list(f *shape) {
	n := w.length(f, 4)
	if n > int64(w.elements) || n > int64(len(w.left)) { // none is smaller than a byte
		w.bad = true
		return
	}
	w.elements -= int(max(n, 0))
	for range n {
		w.fields(f.element)
	}
}

func (w *walker) fixed(f *shape) {
	if f.size != 8 {
		w.take(f.size)
		return
	}
	v := w.int64()
	switch f.name {
	case "HighWatermark":
		w.highWatermark = v
	case "FetchOffset":
		w.fetchOffset = v
	case "Timestamp":
		// Of an answer about offsets. This client asks for no offset by its time; an
		// answer with one makes kafka-go write into a map that it has not made.
		if v != -1 && v != -2 {
			w.err = damaged("an offset comes with a time that nobody asked for")
		}
	}
}

// tags are skipped: of the answers that have room for any, kafka-go knows none.
func (w *walker) tags() {
	n := w.uvarint()
	for ; n > 0 && !w.bad; n-- {
		w.uvarint()
		size := w.uvarint()
		if size > math.MaxInt32 {
			w.bad = true
			return
		}
		w.take(int64(size))
	}
}

// maxIterations are the rounds of SCRAM's hash that a broker may ask for. Kafka allows 16384
// at most; a million takes a second, and nothing could end it.
const maxIterations = 1 << 17

// costly tells whether a broker's part of a login asks for too much work. SCRAM
// names the rounds last of three things, as in "r=...,s=...,i=4096".
func costly(auth []byte) bool {
	for part := range bytes.SplitSeq(auth, []byte{','}) {
		if digits, ok := bytes.CutPrefix(part, []byte("i=")); ok {
			n, err := strconv.Atoi(string(digits))
			if err != nil || n > maxIterations {
				return true
			}
		}
	}
	return false
}
