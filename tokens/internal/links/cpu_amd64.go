//go:build amd64 && !purego

package links

import "golang.org/x/sys/cpu"

// accelerated says that the assembly runs on this processor. Only tests change it.
var accelerated = cpu.X86.HasAVX && cpu.X86.HasSSSE3 && cpu.X86.HasSSE41 && hasSHA()

// hasSHA asks the processor for the SHA extensions, of which x/sys/cpu says nothing.
// They have no registers of their own, so the operating system need not agree.
func hasSHA() bool
