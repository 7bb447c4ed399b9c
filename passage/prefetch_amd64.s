//go:build !purego

#include "textflag.h"

// func prefetch(a, b *block)
// It prefetches both lines although a search often ends in the first one: the second then costs only bandwidth.
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ       a+0(FP), AX
	MOVQ       b+8(FP), BX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 (BX)
	PREFETCHT0 64(BX)
	RET
