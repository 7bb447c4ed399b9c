package exchange

import (
	"crypto/ed25519"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens/fixedkey"
)

const (
	// tableAfter is how many good signatures of one gateway are verified before a table is made for its key. A
	// table costs a few milliseconds, which is about as many signatures, and makes each 5 to 10 times as fast.
	tableAfter = 100
	// maxTables bounds the tables, which have about 0.5 MB each: the gateways that send most.
	maxTables = 32
	// tablesFor is how long full tables are kept. Other gateways may send more by then.
	tablesFor = time.Hour
)

// tables verify signatures: with a table for a gateway that sends many batches, above all while the last window is
// read at start, and with crypto/ed25519 for others. The zero value is ready and safe for concurrent use.
type tables struct {
	ready atomic.Pointer[map[revocation.GatewayID]*fixedkey.Key] // replaced whole

	mu    sync.Mutex // guards changes of ready, and the fields below
	good  map[revocation.GatewayID]int
	since int64 // of the first table, Unix ms
}

// verify implements [passage.Verify].
func (t *tables) verify(id revocation.GatewayID, key *revocation.GatewayKey, message, signature []byte) bool {
	if ready := t.ready.Load(); ready != nil {
		if table := (*ready)[id]; table != nil {
			return table.Verify(message, signature)
		}
	}
	if !ed25519.Verify(key.Public[:], message, signature) {
		return false
	}
	t.count(id, key)
	return true
}

// count counts a good signature and makes the gateway's table when it is time. An id keeps its key, so a table
// never becomes wrong.
func (t *tables) count(id revocation.GatewayID, key *revocation.GatewayKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.good == nil {
		t.good = make(map[revocation.GatewayID]int)
	}
	t.good[id]++
	if t.good[id] != tableAfter || t.len() >= maxTables {
		return
	}
	table, err := fixedkey.New(key.Public[:], fixedkey.Best())
	if err != nil {
		return // crypto/ed25519 accepts more keys
	}
	next := map[revocation.GatewayID]*fixedkey.Key{id: table}
	if ready := t.ready.Load(); ready != nil {
		for other, k := range *ready {
			next[other] = k
		}
	}
	t.ready.Store(&next)
}

// len returns the number of tables; t.mu is held.
func (t *tables) len() int {
	if ready := t.ready.Load(); ready != nil {
		return len(*ready)
	}
	return 0
}

// forget drops full tables that are old, and all counts with them; now is Unix ms.
func (t *tables) forget(now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.len() < maxTables:
		t.since = now
	case now-t.since > tablesFor.Milliseconds() || now < t.since:
		t.ready.Store(nil)
		t.good, t.since = nil, now
	}
}
