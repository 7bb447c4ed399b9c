//go:build amd64 && !purego

package links

import (
	"encoding/binary"
	"math"
)

// back1 computes n links of one chain backwards, n > 0.
//
//go:noescape
func back1(c *constants, link *[16]byte, words4 uint64, n int)

// back4 computes n links backwards in every lane, n > 0. In a single chain each
// instruction waits for the previous result. Per link, two lanes took 55 % of back1's
// time, three 50 % and four 43 %; from four lanes on, instruction throughput is the
// limit (Zen 4).
//
//go:noescape
func back4(c *constants, lanes *[4]lane, n int)

// lane is a chain in progress. The assembly reads the first two fields by name.
type lane struct {
	link   [16]byte
	words4 uint64

	left  int    // remaining links; 0: the lane is idle
	chain *Chain // receives the link at the end
}

// words4 returns word 4 of a chain's next block and, in the upper half, word 5 without
// the link.
func words4(serial *[6]byte, step uint8) uint64 {
	word4 := binary.BigEndian.Uint32(serial[:])
	word5 := uint32(binary.BigEndian.Uint16(serial[4:]))<<16 | uint32(step)<<8
	return uint64(word5)<<32 | uint64(word4)
}

// back is Back for from >= to.
func back(link *[16]byte, serial *[6]byte, from, to uint8) {
	back1(&consts, link, words4(serial, from), int(from)-int(to)+1)
}

// start assigns the first chain with work to the lane and returns the chains after it.
func (l *lane) start(chains []Chain) []Chain {
	for i := range chains {
		if c := &chains[i]; c.From >= c.To {
			*l = lane{c.Link, words4(&c.Serial, c.From), int(c.From) - int(c.To) + 1, c}
			return chains[i+1:]
		}
	}
	return nil
}

// advance counts n computed links and stores the last one in the chain.
func (l *lane) advance(n int) {
	if l.left == 0 {
		return
	}
	if l.left -= n; l.left == 0 {
		l.chain.Link = l.link
	}
}

// backAll runs all lanes until one of them is done and assigns the next chain to it.
// When fewer chains than lanes remain, idle lanes compute unused results. The last
// chain runs alone in back1, which is faster.
func backAll(chains []Chain) {
	var lanes [4]lane
	for {
		n, busy := math.MaxInt, 0
		var last *lane
		for i := range lanes {
			l := &lanes[i]
			if l.left == 0 {
				chains = l.start(chains)
			}
			if l.left > 0 {
				n, last = min(n, l.left), l
				busy++
			}
		}
		switch busy {
		case 0:
			return
		case 1:
			back1(&consts, &last.link, last.words4, n)
		default:
			back4(&consts, &lanes, n)
		}
		for i := range lanes {
			lanes[i].advance(n)
		}
	}
}
