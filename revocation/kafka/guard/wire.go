package guard

import "encoding/binary"

// wire parses a message from its front. After a value that does not fit it is invalid and returns only zeros,
// so one check at the end is enough.
type wire struct {
	rest    []byte
	invalid bool
}

// next returns the next n bytes, or nil.
func (w *wire) next(n int64) []byte {
	if w.invalid || n < 0 || n > int64(len(w.rest)) {
		w.invalid = true
		return nil
	}
	b := w.rest[:n]
	w.rest = w.rest[n:]
	return b
}

func (w *wire) int8() int8 {
	if b := w.next(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (w *wire) int16() int16 {
	if b := w.next(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (w *wire) int32() int32 {
	if b := w.next(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (w *wire) int64() int64 {
	if b := w.next(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// little returns a little-endian number of n bytes, at most 8.
func (w *wire) little(n int64) (v uint64) {
	for i, b := range w.next(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (w *wire) varint() int64 {
	v, n := binary.Varint(w.rest)
	w.next(int64(n)) // not above 0: it does not end, or is too large
	if n <= 0 {
		w.invalid = true
	}
	return v
}

func (w *wire) uvarint() uint64 {
	v, n := binary.Uvarint(w.rest)
	w.next(int64(n))
	if n <= 0 {
		w.invalid = true
	}
	return v
}

// sized skips n bytes; n is their preceding length, -1 is null.
func (w *wire) sized(n int64) {
	if n != -1 {
		w.next(n)
	}
}
