package exchange

import (
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
)

// A gateway that sends much gets a table, which accepts and refuses as before; tables are bounded, and full ones
// are made anew after a while.
func TestTablesOfBusyGateways(t *testing.T) {
	var all tables
	message := []byte("a batch")
	verify := func(id revocation.GatewayID, good bool) {
		t.Helper()
		key, by := publicKey(id), id
		if !good {
			by++
		}
		if got := all.verify(id, &key, message, signature(message, by)); got != good {
			t.Fatalf("gateway %d: verified %v, want %v", id, got, good)
		}
	}
	count := func() int {
		all.mu.Lock()
		defer all.mu.Unlock()
		return all.len()
	}
	for range 2 * tableAfter {
		verify(1, false)
	}
	if count() != 0 {
		t.Error("forged signatures led to a table")
	}
	for range tableAfter {
		verify(1, true)
	}
	if count() != 1 {
		t.Fatalf("%d tables, want 1", count())
	}
	verify(1, true)
	verify(1, false)
	verify(2, true)

	now := time.Now().UnixMilli()
	all.forget(now)
	for id := revocation.GatewayID(2); id < maxTables+5; id++ {
		for range tableAfter {
			verify(id, true)
		}
	}
	if count() != maxTables {
		t.Errorf("%d tables, want %d", count(), maxTables)
	}
	all.forget(now + tablesFor.Milliseconds())
	if count() != maxTables {
		t.Error("full tables were dropped early")
	}
	all.forget(now + tablesFor.Milliseconds() + 1)
	if count() != 0 {
		t.Error("full tables were kept for ever")
	}
	verify(1, true)
	verify(1, false)
}
