package batch

import (
	"bytes"
	"encoding/binary"
)

// isPlain says whether all of s stands for itself in a JSON string: ASCII, but no
// control, no quote and no backslash. The caller knows that there is no quote.
//
// Four words at a time: in x - ' ', taken byte by byte, the top bit is set where
// the byte was below the space; what such a byte borrows can only add bits where
// one is set already. In x itself it is set where the byte is not ASCII.
func isPlain(s []byte) bool {
	if bytes.IndexByte(s, '\\') >= 0 {
		return false
	}
	var odd uint64
	for ; len(s) >= 32; s = s[32:] {
		a, b := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
		c, d := binary.LittleEndian.Uint64(s[16:]), binary.LittleEndian.Uint64(s[24:])
		odd |= a | b | c | d | (a - spaces) | (b - spaces) | (c - spaces) | (d - spaces)
	}
	for ; len(s) >= 8; s = s[8:] {
		x := binary.LittleEndian.Uint64(s)
		odd |= x | (x - spaces)
	}
	return odd&tops == 0 && plain(s) == len(s)
}

const (
	spaces = 0x2020202020202020
	tops   = 0x8080808080808080
)

// plain counts the bytes at the start of s that stand for themselves in a JSON
// string: the plain way of isPlain, and its rival in tests.
func plain(s []byte) int {
	for n, c := range s {
		if c < ' ' || c == '"' || c == '\\' || c > 127 {
			return n
		}
	}
	return len(s)
}
