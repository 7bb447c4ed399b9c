//go:build !purego

#include "textflag.h"

// func Prefetch(p unsafe.Pointer)
// A search often ends in the first line; the second then costs only bandwidth. A prefetch never faults.
TEXT ·Prefetch(SB), NOSPLIT, $0-8
	MOVQ       p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	RET
