//go:build amd64 && !purego

#include "textflag.h"

// func hasSHA() bool
//
// Leaf 7 tells in bit 29 of EBX; leaf 0 tells whether there is a leaf 7.
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
