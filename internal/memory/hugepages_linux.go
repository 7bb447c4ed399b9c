package memory

import "syscall"

// HugePages asks the kernel to back a table with huge pages. With pages of 4 kB nearly every random access would also
// miss the processor's cache of addresses. Call it before the table is filled: the kernel copies what it has touched. A
// kernel that has no huge pages refuses, and nothing changes; nor does it for tables smaller than a huge page.
func HugePages[T any](table []T) {
	const (
		hugepage = 14 // of pages that are not present yet
		collapse = 25 // of those that are, since memory that was freed is reused; Linux 6.1
	)
	if m := bytesOf(table); len(m) >= hugePage {
		_ = syscall.Madvise(m, hugepage)
		_ = syscall.Madvise(m, collapse)
	}
}
