package passcache

import (
	"hash/maphash"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/railgate/railgate/tokens"
)

// Cost is the memory that New assumes for one pass, FixedCost for an empty cache, bytes.
const (
	Cost      = entryCost
	FixedCost = fixedCost
)

// Entries returns the number of passes that a cache of the given memory holds.
func Entries(bytes int64) int64 { return entriesOf(bytes) }

// Collide stores one pass under the hash of another, in the table and in ristretto, as a
// hash collision would. Callers cannot cause one, since the seed is secret.
func (c *Cache) Collide(kept, asked *tokens.SignedPass, shown tokens.Shown) {
	e := &entry{pass: *kept}
	e.advance(shown)
	c.latest.put(c.hash(asked), e)
	c.kept.Set(c.hash(asked), e, 1)
}

// Displace moves the table's passes into ristretto, as many other passes would.
func (c *Cache) Displace() {
	for i := range c.latest.buckets {
		for w := range c.latest.buckets[i].way {
			if e := c.latest.buckets[i].way[w].Swap(nil); e != nil {
				c.kept.Set(c.hash(&e.pass), e, 1)
			}
		}
	}
	c.Settle()
}

// DropSets makes ristretto drop every Set and find nothing, as when its queue stays full.
func (c *Cache) DropSets() { c.kept.Close() }

// RefuseSets makes ristretto accept every Set and then refuse the entry, as when all
// others are worth more.
func (c *Cache) RefuseSets() { c.kept.UpdateMaxCost(0) }

// Plain is the reference for comparisons: ristretto alone, configured as its
// documentation advises, with a new entry for each newer link.
type Plain struct {
	passes *ristretto.Cache[uint64, *plainEntry]
	seed   maphash.Seed
}

type plainEntry struct {
	pass  tokens.SignedPass
	shown tokens.Shown
}

// NewPlain makes a Plain for the given number of passes.
func NewPlain(entries int64) (*Plain, error) {
	passes, err := ristretto.NewCache(&ristretto.Config[uint64, *plainEntry]{
		NumCounters: 10 * entries, MaxCost: entries, BufferItems: 64, Metrics: true, IgnoreInternalCost: true,
	})
	return &Plain{passes: passes, seed: maphash.MakeSeed()}, err
}

func (p *Plain) Recall(pass *tokens.SignedPass) (tokens.Shown, bool) {
	e, ok := p.passes.Get(maphash.Bytes(p.seed, pass[:]))
	if !ok || e.pass != *pass {
		return tokens.Shown{}, false
	}
	return e.shown, true
}

func (p *Plain) Remember(pass *tokens.SignedPass, shown tokens.Shown) {
	p.passes.Set(maphash.Bytes(p.seed, pass[:]), &plainEntry{*pass, shown}, 1)
}

func (p *Plain) Settle() { p.passes.Wait() }
func (p *Plain) Close()  { p.passes.Close() }

// Remembered is one entry without a cache, for the seqlock's test.
type Remembered struct{ entry }

func (r *Remembered) Newest() (shown tokens.Shown, ok bool) {
	ok = r.newest(&shown)
	return shown, ok
}

func (r *Remembered) Advance(shown tokens.Shown) { r.advance(shown) }
