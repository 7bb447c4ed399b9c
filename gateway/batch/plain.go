package batch

import (
	"bytes"
	"encoding/binary"
)

// isPlain reports whether every byte of s stands for itself in a JSON string: ASCII,
// no control character, no quote and no backslash. The caller has excluded quotes.
//
// It takes four words at a time. In x - ' ', taken byte by byte, the top bit is set
// where the byte was below the space; a borrow from such a byte can only add bits
// where one is set already. In x itself the top bit is set where the byte is not ASCII.
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

// plain returns the number of leading bytes of s that stand for themselves in a JSON
// string. It is the byte-by-byte form of isPlain, and its reference in tests.
func plain(s []byte) int {
	for n, c := range s {
		if c < ' ' || c == '"' || c == '\\' || c > 127 {
			return n
		}
	}
	return len(s)
}
