//go:build !purego

#include "textflag.h"

// func prefetch(entries *entry, digits *uint32, n int)
// A digit is two times the index of a 96-byte entry, plus a sign bit, so the offset of
// the entry is 48 times the digit without the sign. An entry spans two cache lines.
// The lines go to the second-level cache: there are far more of them than the first
// level can have outstanding, and with PREFETCHT0 current loads were delayed too.
TEXT ·prefetch(SB), NOSPLIT, $0-24
	MOVQ entries+0(FP), DI
	MOVQ digits+8(FP), SI
	MOVQ n+16(FP), CX

next:
	MOVL       (SI), AX
	ANDL       $~1, AX
	LEAQ       (AX)(AX*2), AX
	SHLQ       $4, AX
	PREFETCHT1 (DI)(AX*1)
	PREFETCHT1 95(DI)(AX*1)
	ADDQ       $4, SI
	DECQ       CX
	JNZ        next
	RET
