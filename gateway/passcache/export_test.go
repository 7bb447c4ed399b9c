package passcache

import (
	"hash/maphash"

	"github.com/railgate/railgate/tokens"
)

// Collide puts one pass where another would be looked for, as a collision of
// their hashes would. Nobody can bring that about from outside.
func (c *Cache) Collide(kept, asked *tokens.SignedPass) {
	entry := *kept
	c.passes.Set(maphash.Bytes(c.seed, asked[:]), &entry, 1)
}

// Entries is how many passes a cache of so many bytes holds.
func Entries(bytes int64) int64 { return bytes / entryCost }
