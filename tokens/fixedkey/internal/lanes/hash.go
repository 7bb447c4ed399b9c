package lanes

import (
	"encoding/binary"
	"math/bits"
)

// MaxHashed is the length in bytes of the longest input of [Hashes.Hash]: one block of
// SHA-512 without its padding.
const MaxHashed = 111

const hashBlock = 128 // bytes

// start is the initial state of SHA-512, FIPS 180-4 section 5.3.5.
var start = [8]uint64{
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
}

// Block is the input of [Hashes.Hash]: the words of one padded message per lane.
type Block [hashBlock / 8]Words

// Set pads a message of at most MaxHashed bytes and stores it in a lane.
func (b *Block) Set(lane int, message []byte) {
	var padded [hashBlock]byte
	padded[copy(padded[:MaxHashed], message)] = 0x80
	for i := range len(b) - 1 {
		b[i][lane] = binary.BigEndian.Uint64(padded[8*i:])
	}
	b[len(b)-1][lane] = uint64(8 * len(message))
}

// Hashes contains one SHA-512 hash per lane.
type Hashes [8]Words

// Hash hashes the messages of all lanes in parallel.
func (h *Hashes) Hash(b *Block) {
	for i, w := range start {
		for lane := range h[i] {
			h[i][lane] = w
		}
	}
	compress(&h[0], &b[0])
}

// Lane returns the hash of a lane as a number of eight words. The first byte of the
// hash is the least significant (RFC 8032 section 5.1.7).
func (h *Hashes) Lane(lane int) (n [8]uint64) {
	for i := range n {
		n[i] = bits.ReverseBytes64(h[i][lane])
	}
	return n
}
