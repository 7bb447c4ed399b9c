package memory

import (
	"runtime"
	"testing"
	"unsafe"
)

// Advice and prefetches change no byte, at the ends of the memory too.
func TestContentsStay(t *testing.T) {
	type entry [3]uint64
	for _, n := range []int{0, 1, 100, 3 * hugePage / int(unsafe.Sizeof(entry{}))} {
		table := make([]entry, n)
		HugePages(table)
		for i := range table {
			table[i] = entry{uint64(i), 1, 2}
		}
		for i := range table {
			Prefetch(unsafe.Pointer(&table[i]))
			if table[i] != (entry{uint64(i), 1, 2}) {
				t.Fatalf("%d entries: entry %d is %v", n, i, table[i])
			}
		}
		if got := len(bytesOf(table)); got != n*24 {
			t.Errorf("%d entries are %d bytes", n, got)
		}
		runtime.KeepAlive(table)
	}
	Prefetch(nil)
}
