package passage

import (
	"syscall"
	"unsafe"
)

// adviseHugePages asks the kernel to back blocks with huge pages. Attempts access them at random, so with pages of 4 kB
// nearly every access would also miss the processor's cache of addresses. Call it before the memory is touched. A kernel
// that has no huge pages refuses, and nothing changes.
func adviseHugePages(blocks []block) {
	const madvHugepage = 14
	size := len(blocks) * int(unsafe.Sizeof(block{}))
	if size < hugePage {
		return
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&blocks[0])), size)
	_ = syscall.Madvise(memory, madvHugepage)
}

// hugePage is the size of a huge page.
const hugePage = 2 << 20
