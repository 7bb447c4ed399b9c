//go:build amd64 && !purego

#include "textflag.h"

// func hasSHA() bool
//
// Bit 29 of EBX in leaf 7 is the flag; leaf 0 returns the highest leaf.
TEXT ·hasSHA(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	CPUID
	CMPL AX, $7
	JCS  done
	MOVL $7, AX
	XORL CX, CX
	CPUID
	BTL  $29, BX
	SETCS ret+0(FP)

done:
	RET
