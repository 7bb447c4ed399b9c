package guard

import "encoding/binary"

// wire takes a message apart from its front. Once something does not fit it is
// bad, and gives only zeros; so one look at the end is enough.
type wire struct {
	left []byte
	bad  bool
}

// take gives the next n bytes, or nil.
func (w *wire) take(n int64) []byte {
	if w.bad || n < 0 || n > int64(len(w.left)) {
		w.bad = true
		return nil
	}
	b := w.left[:n]
	w.left = w.left[n:]
	return b
}

func (w *wire) int8() int8 {
	if b := w.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (w *wire) int16() int16 {
	if b := w.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (w *wire) int32() int32 {
	if b := w.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (w *wire) int64() int64 {
	if b := w.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// little is a number of n bytes, at most 8, lowest first.
func (w *wire) little(n int64) (v uint64) {
	for i, b := range w.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (w *wire) varint() int64 {
	v, n := binary.Varint(w.left)
	w.take(int64(n)) // not above 0: it does not end, or is too large
	if n <= 0 {
		w.bad = true
	}
	return v
}

func (w *wire) uvarint() uint64 {
	v, n := binary.Uvarint(w.left)
	w.take(int64(n))
	if n <= 0 {
		w.bad = true
	}
	return v
}

// sized skips bytes whose length stands before them as n; -1 is null.
func (w *wire) sized(n int64) {
	if n != -1 {
		w.take(n)
	}
}
