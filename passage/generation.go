package passage

import "sync/atomic"

// slot is one entry, 16 bytes. The key is claimed once and stays; the word decides. A claimed key whose word is
// 0 has no passage.
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
	adviseHugePages(g.blocks)
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

// find returns the slot of a key, or nil if it has none.
func (g *generation) find(key, h uint64) *slot {
	if len(g.blocks) == 0 {
		return nil
	}
	at := g.home(h)
	for range maxProbes {
		b := &g.blocks[at]
		for i := range b {
			switch b[i].key.Load() {
			case key:
				return &b[i]
			case 0:
				return nil
			}
		}
		at = g.next(at, h)
	}
	return nil
}

// claim returns the slot of a key and claims one if it has none. It returns nil if there is no room.
//
// A key has at most one slot: every search for it takes the same order, claimed slots keep their keys, and so
// the first slot that is free for one search is free, or claimed for the same key, for every other.
func (g *generation) claim(key, h uint64) *slot {
	at := g.home(h)
	for range maxProbes {
		b := &g.blocks[at]
		for i := range b {
			s := &b[i]
			k := s.key.Load()
			if k == 0 {
				if s.key.CompareAndSwap(0, key) {
					g.used[h%stripes].Add(1)
					return s
				}
				k = s.key.Load()
			}
			if k == key {
				return s
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
