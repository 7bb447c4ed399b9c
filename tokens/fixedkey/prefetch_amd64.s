//go:build !purego

#include "textflag.h"

// func prefetch(entries *entry, digits *uint32, n int)
// A digit is the place of a 96-byte entry times two and a sign, so its address
// is 48 times the digit without the sign. An entry touches two lines.
// They are asked into the second cache: there are far more of them than the first
// can wait for at once, and with PREFETCHT0 what is needed now waited as well.
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
