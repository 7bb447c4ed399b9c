//go:build !purego

#include "textflag.h"

// This is euclid of euclid.go, step by step; euclid.go explains the algorithm.
//
// The frame contains two states: SI points to the state that is read, DI to the state
// that is written. They are exchanged after each batch. A state is 144 bytes:
//
//	0 zero   8 a   40 zero   48 b   80 u   112 v
//
// The zero words are read as the words below a[0] and b[0].
#define A 8
#define B 48
#define U 80
#define V 112

// After the two states.
#define F0 288(SP)
#define G0 296(SP)
#define F1 304(SP)
#define G1 312(SP)
#define TOP 320(SP)      // index of the highest word that is not zero in a or b
#define BATCHES 328(SP)
#define SIGN 336(SP)     // S: 0 or -1
#define SIGNA 344(SP)    // sign of a in this batch: 0 or -1

// PRODUCT sets R12..R8 to f times the four words at SI+x. Clobbers DX, R14.
#define PRODUCT(f, x) \
	MOVQ  f, DX           \
	MULXQ x+0(SI), R8, R9 \
	MULXQ x+8(SI), R14, R10 \
	ADDQ  R14, R9         \
	MULXQ x+16(SI), R14, R11 \
	ADCQ  R14, R10        \
	MULXQ x+24(SI), R14, R12 \
	ADCQ  R14, R11        \
	ADCQ  $0, R12

// COMBINE adds g times the four words at SI+x to R12..R8 or subtracts it: op without
// the carry, opc with it. Clobbers AX, BX, CX, DX, R13, R14.
#define COMBINE(op, opc, g, x) \
	MOVQ  g, DX            \
	MULXQ x+0(SI), R14, AX \
	op    R14, R8          \
	MULXQ x+8(SI), R14, BX \
	opc   R14, R9          \
	MULXQ x+16(SI), R14, CX \
	opc   R14, R10         \
	MULXQ x+24(SI), R14, R13 \
	opc   R14, R11         \
	opc   $0, R12          \
	op    AX, R9           \
	opc   BX, R10          \
	opc   CX, R11          \
	opc   R13, R12

// DIFFERENCE sets the words at DI+to to |f*a - g*b| / 2^62 and R12 to the sign of
// the difference, 0 or -1. Clobbers all registers but SI, DI and R15.
#define DIFFERENCE(f, g, to) \
	PRODUCT(f, A)         \
	COMBINE(SUBQ, SBBQ, g, B) \
	SHRQ  $62, R8         \
	LEAQ  (R8)(R9*4), R8  \
	SHRQ  $62, R9         \
	LEAQ  (R9)(R10*4), R9 \
	SHRQ  $62, R10        \
	LEAQ  (R10)(R11*4), R10 \
	SHRQ  $62, R11        \
	LEAQ  (R11)(R12*4), R11 \
	SARQ  $63, R12        \
	XORQ  R12, R8         \
	XORQ  R12, R9         \
	XORQ  R12, R10        \
	XORQ  R12, R11        \
	SUBQ  R12, R8         \
	SBBQ  R12, R9         \
	SBBQ  R12, R10        \
	SBBQ  R12, R11        \
	MOVQ  R8, to+0(DI)    \
	MOVQ  R9, to+8(DI)    \
	MOVQ  R10, to+16(DI)  \
	MOVQ  R11, to+24(DI)

// SUM sets R11..R8 to f*u + g*v modulo p, not reduced. Clobbers all registers but SI,
// DI and R15.
#define SUM(f, g) \
	PRODUCT(f, U)         \
	COMBINE(ADDQ, ADCQ, g, V) \
	MOVQ  R11, AX         \
	SHRQ  $63, AX         \
	LEAQ  (AX)(R12*2), AX \
	BTRQ  $63, R11        \
	MOVL  $19, DX         \
	MULXQ AX, R14, BX     \
	ADDQ  R14, R8         \
	ADCQ  BX, R9          \
	ADCQ  $0, R10         \
	ADCQ  $0, R11

// STORE writes R11..R8 to the four words at p+to.
#define STORE(p, to) \
	MOVQ R8, to+0(p)   \
	MOVQ R9, to+8(p)   \
	MOVQ R10, to+16(p) \
	MOVQ R11, to+24(p)

// func euclidAssembly(v, x *[4]uint64, limit int) (batches int, sign uint64)
TEXT ·euclidAssembly(SB), NOSPLIT, $352-40
	LEAQ 0(SP), SI
	LEAQ 144(SP), DI
	XORL AX, AX
	MOVQ AX, 0(SI)
	MOVQ AX, 40(SI)
	MOVQ AX, 0(DI)
	MOVQ AX, 40(DI)
	MOVQ AX, SIGN
	MOVQ AX, BATCHES
	MOVQ $3, TOP

	MOVQ x+8(FP), DX
	MOVQ 0(DX), R8
	MOVQ 8(DX), R9
	MOVQ 16(DX), R10
	MOVQ 24(DX), R11
	STORE(SI, A)
	MOVQ $-19, R8
	MOVQ $-1, R9
	MOVQ R9, R10
	MOVQ R9, R11
	BTRQ $63, R11
	STORE(SI, B)
	MOVL $1, R8
	MOVQ AX, R9
	MOVQ AX, R10
	MOVQ AX, R11
	STORE(SI, U)
	MOVQ AX, R8
	STORE(SI, V)

batch:
	MOVQ BATCHES, AX
	INCQ AX
	CMPQ AX, limit+16(FP)
	JGT  give_up
	MOVQ AX, BATCHES

	// leading: DX = TOP, decreased below words that are zero in a and b.
	MOVQ TOP, DX
	JMP  look
lower:
	DECQ DX
	MOVQ DX, TOP
look:
	MOVQ A(SI)(DX*8), R8
	MOVQ B(SI)(DX*8), R9
	MOVQ R8, CX
	ORQ  R9, CX
	JEQ  lower

	// R8 = ah, R9 = bh: shifted left by R10 = 63-CX and filled from the word below.
	BSRQ  CX, CX
	MOVQ  CX, R10
	XORQ  $63, R10
	SHLXQ R10, R8, R8
	SHLXQ R10, R9, R9
	MOVQ  (A-8)(SI)(DX*8), AX
	MOVQ  (B-8)(SI)(DX*8), BX
	SHRQ  $1, AX
	SHRQ  $1, BX
	SHRXQ CX, AX, AX
	SHRXQ CX, BX, BX
	ORQ   AX, R8
	ORQ   BX, R9

	// batch: AX = al, BX = bl, R10 = f0, R11 = f1, R12 = g0, R13 = g1, R14 = left,
	// CX = zeros. Omitting g0 and g1, and computing them afterwards from f0, f1 and the
	// lowest words, saves four instructions per step but lengthens the dependency chain
	// between steps; it was 7 % slower on a Zen 4.
	MOVQ   A(SI), AX
	MOVQ   B(SI), BX
	NEGQ   BX
	MOVL   $1, R10
	XORL   R11, R11
	XORL   R12, R12
	MOVL   $1, R13
	MOVL   $62, R14
	TZCNTQ AX, CX
	SUBQ   CX, R14
	JLS    last

	PCALIGN $32
step:
	SHRXQ   CX, AX, AX
	SHRXQ   CX, R8, R8
	SHLXQ   CX, R11, R11
	SHLXQ   CX, R13, R13
	MOVQ    R9, R15
	SUBQ    R8, R15        // bh - ah, used if it is not negative
	MOVQ    R8, DX
	SUBQ    R9, DX         // ah - bh; the carry selects below, LEAQ preserves it
	CMOVQCS R8, R9
	CMOVQCS R15, DX
	MOVQ    DX, R8
	LEAQ    (AX)(BX*1), DX
	CMOVQCS AX, BX
	MOVQ    DX, AX
	LEAQ    (R10)(R11*1), DX
	CMOVQCS R10, R11
	MOVQ    DX, R10
	LEAQ    (R12)(R13*1), DX
	CMOVQCS R12, R13
	MOVQ    DX, R12
	TZCNTQ  AX, CX
	SUBQ    CX, R14
	JHI     step

last:
	ADDQ  R14, CX          // only the remaining halvings, not all zeros
	SHLXQ CX, R11, R11
	SHLXQ CX, R13, R13
	MOVQ  R11, F1
	MOVQ  R13, G1
	TESTQ R8, R8
	JNE   update
	CMPQ  TOP, $0
	JEQ   finish

update:
	MOVQ R10, F0
	MOVQ R12, G0
	DIFFERENCE(R10, G0, A)
	XORQ R12, SIGN
	MOVQ R12, SIGNA
	DIFFERENCE(F1, G1, B)
	XORQ R12, SIGNA        // 0 if the signs are equal, which is rare
	SUM(F0, G0)
	STORE(DI, U)
	SUM(F1, G1)
	STORE(DI, V)
	XCHGQ SI, DI
	CMPQ SIGNA, $0
	JNE  batch

	// v = 2p - v.
	MOVQ $-38, R8
	MOVQ $-1, R9
	MOVQ R9, R10
	MOVQ R9, R11
	SUBQ (V+0)(SI), R8
	SBBQ (V+8)(SI), R9
	SBBQ (V+16)(SI), R10
	SBBQ (V+24)(SI), R11
	STORE(SI, V)
	JMP  batch

finish:
	IMULQ A(SI), R11
	IMULQ B(SI), R13
	SUBQ  R13, R11
	XORQ  SIGN, R11
	SHRQ  $63, R11         // the XOR of both top bits is the sign
	MOVQ  R11, sign+32(FP)
	SUM(F1, G1)
	MOVQ  v+0(FP), DI
	STORE(DI, 0)
	MOVQ  BATCHES, AX
	MOVQ  AX, batches+24(FP)
	RET

give_up:
	MOVQ $0, batches+24(FP)
	MOVQ $0, sign+32(FP)
	RET
