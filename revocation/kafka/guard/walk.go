package guard

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ErrDamaged means that a broker's answer breaks the protocol or a checksum, or does not match the request.
// The network or a disk changed it, or a program that is not a broker sent it. No part of the answer is used;
// a repeated request succeeds as soon as the right bytes arrive.
var ErrDamaged = errors.New("kafka: the broker's answer is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// maxElements bounds the entries of all lists of one answer together. kafka-go uses up to a few hundred bytes
// for each.
const maxElements = 1 << 16

// walker checks one message against its shape. It checks every length and count, because kafka-go trusts them
// and allocates memory for them in advance.
type walker struct {
	wire
	elements int
	// The last values of the fields that matter here.
	highWatermark, fetchOffset int64
	place                      place
	offsets                    bool // the message is about offsets
	asks                       bool // it is a request about offsets
	// dated is the place whose offset at a time is requested; zero: none is. A place has a topic, so zero is
	// none.
	dated place
	// sets inspects each set of records; nil: records are not inspected.
	sets *inspector
	err  error // of a set, or of a field's content
}

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// walk returns what is wrong with a message. The whole message must be consumed.
func walk(m message, w *walker) error {
	w.elements = maxElements
	if m.flexible {
		w.tags()
	}
	w.fields(m.fields)
	switch {
	case w.err != nil:
		return w.err
	case w.invalid:
		return damaged("a length or count in it is wrong")
	case len(w.rest) > 0:
		return damaged("%d bytes too many", len(w.rest))
	}
	return nil
}

func (w *walker) fields(fields []shape) {
	for i := range fields {
		if w.invalid || w.err != nil {
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
		n := w.length(f, 2)
		if f.name == "Topic" && w.offsets && n > 0 {
			w.place.topic = string(w.next(n))
			return
		}
		w.sized(n)
	case blob:
		n := w.length(f, 4)
		if n != -1 && tooManyIterations(w.next(n)) {
			w.err = damaged("the login requests more hash iterations than any broker does")
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
		if b := w.next(n); b != nil && w.sets != nil {
			w.err = w.sets.inspect(b, w.highWatermark)
		}
	}
}

// length reads a length or count; -1 is null, and lower values are invalid.
func (w *walker) length(f *shape, size int) int64 {
	var n int64
	switch {
	case f.compact:
		u := w.uvarint()
		if u > math.MaxInt32 {
			w.invalid = true
			return 0
		}
		n = int64(u) - 1
	case size == 2:
		n = int64(w.int16())
	default:
		n = int64(w.int32())
	}
	if n < -1 {
		w.invalid = true
		return 0
	}
	return n
}

func (w *walker) list(f *shape) {
	n := w.length(f, 4)
	if n > int64(w.elements) || n > int64(len(w.rest)) { // an element has at least one byte
		w.invalid = true
		return
	}
	w.elements -= int(max(n, 0))
	for range n {
		w.fields(f.element)
	}
}

func (w *walker) fixed(f *shape) {
	if f.name == "Partition" && w.offsets {
		w.place.partition = w.int32()
		return
	}
	if f.size != 8 {
		w.next(f.size)
		return
	}
	v := w.int64()
	switch f.name {
	case "HighWatermark":
		w.highWatermark = v
	case "FetchOffset":
		w.fetchOffset = v
	case "Timestamp":
		// In a request or an answer about offsets. An answer with a timestamp about another partition than the
		// requested one makes kafka-go write to a nil map.
		switch {
		case v == -1 || v == -2: // no time, or the first or last offset
		case w.asks:
			w.dated = w.place
		case w.dated != w.place:
			w.err = damaged("an offset has a timestamp that was not requested")
		}
	}
}

// tags skips tags: kafka-go knows none in the answers that may contain them.
func (w *walker) tags() {
	n := w.uvarint()
	for ; n > 0 && !w.invalid; n-- {
		w.uvarint()
		size := w.uvarint()
		if size > math.MaxInt32 {
			w.invalid = true
			return
		}
		w.next(int64(size))
	}
}

// maxIterations is the greatest accepted number of SCRAM hash iterations. Kafka allows at most 16384; a
// million takes a second, and cannot be interrupted.
const maxIterations = 1 << 17

// tooManyIterations reports whether a broker's part of a login requests too much work. SCRAM names the
// iterations last of three fields, as in "r=...,s=...,i=4096".
func tooManyIterations(auth []byte) bool {
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
