package bundle

import (
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
)

// writer appends numbers, big-endian where their length is fixed.
type writer struct{ b []byte }

func (w *writer) u8(v uint8)     { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)   { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)   { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)   { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) bytes(p []byte) { w.b = append(w.b, p...) }

// number appends an unsigned LEB128 number: 7 bits per byte, the lowest first.
func (w *writer) number(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

func (w *writer) serial(s tokens.Serial) {
	w.u16(s.Day)
	w.u32(s.Index)
}

// reader reads the output of a writer. The first fault is remembered, and every read after it returns zero.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if r.failed || n < 0 || len(r.rest) < n {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u8() uint8 {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// time reads a time of 8 bytes; one of 2^63 or more is a fault.
func (r *reader) time() int64 {
	v := int64(r.u64())
	r.require(v >= 0)
	return v
}

func (r *reader) serial() tokens.Serial { return tokens.Serial{Day: r.u16(), Index: r.u32()} }

// number reads a number of at most the given value in its shortest form.
func (r *reader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if r.failed || n <= 0 || v > most || n > 1 && r.rest[n-1] == 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads how many elements of at least size bytes follow.
func (r *reader) count(size int) int { return int(r.number(uint64(len(r.rest) / size))) }

// require makes the document unreadable unless ok.
func (r *reader) require(ok bool) { r.failed = r.failed || !ok }

// ended reports whether everything was read without a fault.
func (r *reader) ended() bool { return !r.failed && len(r.rest) == 0 }
