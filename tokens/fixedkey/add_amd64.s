//go:build !purego

#include "textflag.h"

// Field elements are four words, least significant first, and represent their value
// modulo p = 2^255-19. Any 256-bit value is allowed. Overflow from bit 256 on is
// multiplied by 38 and added, since 2^256 = 38 modulo p.
//
// TestAdditionsOfEdgeNumbers and TestFoldingOfProducts fail for every mutant that
// drops a carry, moves it to another chain or changes a factor, except for mutants
// that compute the same result:
//   - ANDQ and a product by IMUL3Q that fits its word leave no carry, and neither does
//     the last addition of COMBINE and MUL: adding a carry after them adds 0;
//   - the first addition of a row, or of the folding, may carry in either chain: the
//     second addition reads both;
//   - the fifth word of a row never overflows, so both chains are clear after a ROW and
//     CX is 0: the XORL before the folding is redundant.

// COMBINE sets R8..R11 to x + y or x - y: op without the carry, opc with it. A carry is
// corrected by 38, and a carry of the correction again; R8 is small then, so there is
// no third carry. Uses AX.
#define COMBINE(op, opc, x, y) \
	MOVQ 0+x, R8   \
	MOVQ 8+x, R9   \
	MOVQ 16+x, R10 \
	MOVQ 24+x, R11 \
	op   0+y, R8   \
	opc  8+y, R9   \
	opc  16+y, R10 \
	opc  24+y, R11 \
	SBBQ AX, AX    \
	ANDQ $38, AX   \
	op   AX, R8    \
	opc  $0, R9    \
	opc  $0, R10   \
	opc  $0, R11   \
	SBBQ AX, AX    \
	ANDQ $38, AX   \
	op   AX, R8

#define ADD(x, y) COMBINE(ADDQ, ADCQ, x, y)
#define SUB(x, y) COMBINE(SUBQ, SBBQ, x, y)

// ROW adds DX times x to the four words r0..r3 and sets a fifth word, r4. Two carry
// chains run in parallel. Uses AX, BX; CX is 0 afterwards.
#define ROW(x, r0, r1, r2, r3, r4) \
	XORL  CX, CX          \
	MULXQ 0+x, AX, BX     \
	ADCXQ AX, r0          \
	ADOXQ BX, r1          \
	MULXQ 8+x, AX, BX     \
	ADCXQ AX, r1          \
	ADOXQ BX, r2          \
	MULXQ 16+x, AX, BX    \
	ADCXQ AX, r2          \
	ADOXQ BX, r3          \
	MULXQ 24+x, AX, r4    \
	ADCXQ AX, r3          \
	ADOXQ CX, r4          \
	ADCXQ CX, r4

// MUL sets R8..R11 to x times y. Uses AX, BX, CX, DX, R12..R15.
#define MUL(x, y) \
	MOVQ  0+y, DX         \
	MULXQ 0+x, R8, R9     \
	MULXQ 8+x, AX, R10    \
	ADDQ  AX, R9          \
	MULXQ 16+x, AX, R11   \
	ADCQ  AX, R10         \
	MULXQ 24+x, AX, R12   \
	ADCQ  AX, R11         \
	ADCQ  $0, R12         \
	MOVQ  8+y, DX         \
	ROW(x, R9, R10, R11, R12, R13) \
	MOVQ  16+y, DX        \
	ROW(x, R10, R11, R12, R13, R14) \
	MOVQ  24+y, DX        \
	ROW(x, R11, R12, R13, R14, R15) \
	MOVL  $38, DX         \
	XORL  CX, CX          \
	MULXQ R12, AX, BX     \
	ADCXQ AX, R8          \
	ADOXQ BX, R9          \
	MULXQ R13, AX, BX     \
	ADCXQ AX, R9          \
	ADOXQ BX, R10         \
	MULXQ R14, AX, BX     \
	ADCXQ AX, R10         \
	ADOXQ BX, R11         \
	MULXQ R15, AX, R12    \
	ADCXQ AX, R11         \
	ADOXQ CX, R12         \
	ADCXQ CX, R12         \
	IMUL3Q $38, R12, R12  \
	ADDQ  R12, R8         \
	ADCQ  $0, R9          \
	ADCQ  $0, R10         \
	ADCQ  $0, R11         \
	SBBQ  AX, AX          \
	ANDQ  $38, AX         \
	ADDQ  AX, R8

#define STORE(z) \
	MOVQ R8, 0+z   \
	MOVQ R9, 8+z   \
	MOVQ R10, 16+z \
	MOVQ R11, 24+z

#define X 0(DI)
#define Y 32(DI)
#define Z 64(DI)
#define T 96(DI)
#define A 0(SP)
#define B 32(SP)
#define C 64(SP)
#define D 96(SP)
#define F 128(SP)
#define G 160(SP)
// E and H reuse C and D.
#define E C
#define H D

// func addADX(p *point, e *entry, sign uint64)
// The same steps as point.addPlain.
TEXT ·addADX(SB), NOSPLIT, $192-24
	MOVQ p+0(FP), DI
	MOVQ e+8(FP), SI
	SUB(Y, X)
	STORE(A)
	ADD(Y, X)
	STORE(B)
	MUL(T, 64(SI))
	STORE(C)

	MOVQ sign+16(FP), CX
	SHLQ $5, CX
	ADDQ CX, SI
	MUL(A, 0(SI))
	STORE(A)
	MOVQ e+8(FP), SI
	MOVQ sign+16(FP), CX
	XORQ $1, CX
	SHLQ $5, CX
	ADDQ CX, SI
	MUL(B, 0(SI))
	STORE(B)

	ADD(Z, Z)
	STORE(D)
	MOVQ sign+16(FP), CX
	SHLQ $5, CX
	LEAQ 128(SP)(CX*1), SI
	SUB(D, C)
	STORE(0(SI))
	XORQ $32, CX
	LEAQ 128(SP)(CX*1), SI
	ADD(D, C)
	STORE(0(SI))
	SUB(B, A)
	STORE(E)
	ADD(B, A)
	STORE(H)

	MUL(E, F)
	STORE(X)
	MUL(G, H)
	STORE(Y)
	MUL(F, G)
	STORE(Z)
	MUL(E, H)
	STORE(T)
	RET
