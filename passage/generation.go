package passage

import (
	"sync/atomic"

	"github.com/railgate/railgate/internal/memory"
)

// slot is one entry, 16 bytes. The key is claimed once and stays; the word decides. A claimed key whose word is
// 0 has no passage, and one whose word is closed gets none any more.
type slot struct {
	key  atomic.Uint64
	word atomic.Uint64
}

func (s *slot) load() word {
	if s == nil {
		return 0
	}
	return word(s.word.Load())
}

// swap replaces a word that is not closed.
func (s *slot) swap(from, to word) bool { return s.word.CompareAndSwap(uint64(from), uint64(to)) }

// A block is the unit of probing: two cache lines, which processors fetch together.
const blockSlots = 8

type block [blockSlots]slot

// maxProbes bounds a search, blocks. Blocks are probed in an order that differs from key to key. At the load for
// which a table is sized, a third of the blocks are full, so one key in 10^30 finds no room; a table that is
// filled beyond it refuses the first keys at about 19 of 20 slots.
const maxProbes = 64

// generation is a table of one span of time. Slots are claimed and never freed, so a free slot ends every
// search; memory is released by dropping the generation. The zero value has no keys and no room.
type generation struct {
	blocks []block
	used   *[stripes]counter
}

// counter is one stripe of the number of claimed slots, alone in its cache line: concurrent claims seldom
// share one.
type counter struct {
	atomic.Int64
	_ [56]byte
}

const stripes = 64

// newGeneration returns an empty generation. It touches its memory, so that no attempt waits for the kernel to
// provide a page.
func newGeneration(blocks int) generation {
	g := generation{blocks: make([]block, blocks), used: new([stripes]counter)}
	memory.HugePages(g.blocks)
	const page = 4096 / (16 * blockSlots)
	for i := 0; i < blocks; i += page {
		g.blocks[i][0].word.Store(0)
	}
	return g
}

// home returns the index of the first block of a hash.
func (g *generation) home(h uint64) int { return reduce(h, len(g.blocks)) }

// next returns the block after at in the order of a hash. The number of blocks is prime, so the order visits every
// block before it repeats one.
func (g *generation) next(at int, h uint64) int {
	n := len(g.blocks)
	if at += 1 + reduce(h*0x9E3779B97F4A7C15, n-1); at >= n {
		at -= n
	}
	return at
}

// find returns the slot of a key: nil if it has none, &shut if it cannot get one any more.
func (g *generation) find(key, h uint64) *slot { return g.search(key, h, 0) }

// claim returns the slot of a key and claims one if it has none: nil if there is no room, &shut if the key cannot
// get one any more.
func (g *generation) claim(key, h uint64) *slot { return g.search(key, h, key) }

// close makes the word of a key final and returns it, 0 if the key has none. A key without a slot cannot get one
// any more: close marks the free slot that ends the search for it.
func (g *generation) close(key, h uint64) word {
	s := g.search(key, h, shutKey)
	w := s.load()
	if s != nil && !w.closed() {
		w = word(s.word.Or(uint64(closedBit)))
	}
	return w &^ closedBit
}

// shutKey marks a free slot that cannot be claimed any more. It is not a key.
const shutKey = 1

// shut stands for the slot of a key that cannot get one any more. No swap succeeds on it.
var shut = func() (s slot) {
	s.word.Store(uint64(closedBit))
	return
}()

// search returns the slot of a key. If it has none, it puts mark into the free slot that ends the search, unless
// mark is 0. The mark is the key itself or shutKey.
//
// A key has at most one slot: every search for it takes the same order, claimed and marked slots keep their keys,
// and so the first slot that is free for one search is free, or marked for the same key, for every other.
func (g *generation) search(key, h, mark uint64) *slot {
	if len(g.blocks) == 0 {
		return nil
	}
	at := g.home(h)
	for range maxProbes {
		b := &g.blocks[at]
		for i := range b {
			s := &b[i]
			k := s.key.Load()
			if k == 0 {
				if mark == 0 {
					return nil
				}
				if s.key.CompareAndSwap(0, mark) {
					if mark == shutKey {
						return nil
					}
					g.used[h%stripes].Add(1)
					return s
				}
				k = s.key.Load()
			}
			switch k {
			case key:
				return s
			case shutKey:
				return &shut
			}
		}
		at = g.next(at, h)
	}
	return nil
}

// entries returns the number of claimed slots.
func (g *generation) entries() (n int) {
	if g.used == nil {
		return 0
	}
	for i := range g.used {
		n += int(g.used[i].Load())
	}
	return n
}

// blocksFor returns the number of blocks for a number of entries: a prime.
func blocksFor(entries int) int {
	n := max(3, (entries*loadOf+blockSlots*loadEntries-1)/(blockSlots*loadEntries)) | 1
	for !prime(n) {
		n += 2
	}
	return n
}

// A table is sized for loadEntries entries in loadOf slots.
const (
	loadEntries = 5
	loadOf      = 6
)

// prime reports whether an odd number above 1 is prime.
func prime(n int) bool {
	for d := 3; d*d <= n; d += 2 {
		if n%d == 0 {
			return false
		}
	}
	return true
}
