//go:build amd64 && !purego

package links

import "golang.org/x/sys/cpu"

// accelerated reports whether this processor can run the assembly. Only tests change it.
var accelerated = cpu.X86.HasAVX && cpu.X86.HasSSSE3 && cpu.X86.HasSSE41 && hasSHA()

// hasSHA reports whether the processor has the SHA extensions, which x/sys/cpu does
// not detect. They have no registers of their own, so they need no support by the
// operating system.
func hasSHA() bool
