//go:build amd64 && !purego

package links

import (
	"encoding/binary"
	"math"
)

// back1 goes back n links of one chain, n > 0.
//
//go:noescape
func back1(c *constants, link *[16]byte, words4 uint64, n int)

// back4 goes back n links in every lane, n > 0. A single chain leaves the processor
// waiting for its own last result. Per link, two lanes took 55 % of back1's time,
// three 50 % and four 43 %, where the instructions themselves begin to fill it (Zen 4).
//
//go:noescape
func back4(c *constants, lanes *[4]lane, n int)

// lane is a chain under way. The assembly knows the first two fields by name.
type lane struct {
	link   [16]byte
	words4 uint64

	left  int    // links to go; a lane with none is idle
	chain *Chain // which link to replace at the end
}

// words4 is what a chain's next block has of its own beside the link: word 4 and, in
// the upper half, word 5.
func words4(serial *[6]byte, step uint8) uint64 {
	word4 := binary.BigEndian.Uint32(serial[:])
	word5 := uint32(binary.BigEndian.Uint16(serial[4:]))<<16 | uint32(step)<<8
	return uint64(word5)<<32 | uint64(word4)
}

// back is Back for from >= to.
func back(link *[16]byte, serial *[6]byte, from, to uint8) {
	back1(&consts, link, words4(serial, from), int(from)-int(to)+1)
}

// take begins the first of the chains that has anything to do and returns those after it.
func (l *lane) take(chains []Chain) []Chain {
	for i := range chains {
		if c := &chains[i]; c.From >= c.To {
			*l = lane{c.Link, words4(&c.Serial, c.From), int(c.From) - int(c.To) + 1, c}
			return chains[i+1:]
		}
	}
	return nil
}

// went counts n links and gives the last one to the chain.
func (l *lane) went(n int) {
	if l.left == 0 {
		return
	}
	if l.left -= n; l.left == 0 {
		l.chain.Link = l.link
	}
}

// backAll goes until a lane is done, puts the next chain there, and goes on. When too
// few chains are left the idle lanes go along on whatever they hold; the last chain
// goes on alone, which is faster.
func backAll(chains []Chain) {
	var lanes [4]lane
	for {
		n, busy := math.MaxInt, 0
		var last *lane
		for i := range lanes {
			l := &lanes[i]
			if l.left == 0 {
				chains = l.take(chains)
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
			lanes[i].went(n)
		}
	}
}
