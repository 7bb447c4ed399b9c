//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// AX points to the constants. constants_amd64.go describes them and the layout of a
// block.
//
// a and c are the halves of the state. Each SHA256RNDS2, which computes two rounds,
// exchanges them. It reads two words of the message with their constants from X0; X0
// is free in between.

// Four rounds, with the words in X0.
#define ROUNDS4(a, c) \
	SHA256RNDS2 X0, a, c;      \
	VPSHUFD     $0x0e, X0, X0; \
	SHA256RNDS2 X0, c, a

// Rounds 4q to 4q+3, with their words in m.
#define ROUNDS(q, m, a, c) \
	VPADDD (constants_round+16*q)(AX), m, X0; \
	ROUNDS4(a, c)

// Rounds 12 to 15, whose words are in the constants.
#define ROUNDS12(a, c) \
	VMOVDQU (constants_round+48)(AX), X0; \
	ROUNDS4(a, c)

// The state before round 4.
#define START(a, c) \
	VMOVDQU constants_feba(AX), a; \
	VMOVDQU constants_hgdc(AX), c

// The part of words 16 to 19 that depends on words 0 to 4.
#define PART16(words4, part16) \
	VMOVDQU    constants_words0(AX), part16; \
	SHA256MSG1 words4, part16

// The next link, from the state after round 63.
#define LINK(a, c, link) \
	VPUNPCKHQDQ a, c, link; \
	VPADDD      constants_initialDCBA(AX), link, link

// The next four words of the message replace the oldest four.
#define NEXT(m0, m1, m2, m3) \
	VPALIGNR   $4, m2, m3, X0; \
	SHA256MSG1 m1, m0;         \
	VPADDD     X0, m0, m0;     \
	SHA256MSG2 m3, m0

// func back1(c *constants, link *[16]byte, words4 uint64, n int)
//
// X1 and X2 are the state, X3 to X6 the message. X7 is words 4..7 without the link. X8
// is the part of words 16..19 that depends on words 0..4.
TEXT ·back1(SB), NOSPLIT, $0-32
	MOVQ    c+0(FP), AX
	MOVQ    link+8(FP), SI
	MOVQ    n+24(FP), CX
	VMOVDQU (SI), X4
	VPSHUFB constants_reversed(AX), X4, X4
	VMOVQ   words4+16(FP), X7
	PART16(X7, X8)

next:
	START(X1, X2)
	VPSHUFB constants_toWords8(AX), X4, X5
	VPSHUFB constants_toWords4(AX), X4, X4
	VPADDD  X7, X4, X4
	ROUNDS(1, X4, X1, X2)
	VPSUBD  constants_step(AX), X7, X7
	VPADDD  constants_words8(AX), X5, X5
	ROUNDS(2, X5, X1, X2)
	ROUNDS12(X1, X2)

	VMOVDQU    constants_words12(AX), X6
	VPALIGNR   $4, X5, X6, X0
	VPADDD     X0, X8, X3
	SHA256MSG2 X6, X3
	ROUNDS(4, X3, X1, X2)
	NEXT(X4, X5, X6, X3)
	ROUNDS(5, X4, X1, X2)
	NEXT(X5, X6, X3, X4)
	ROUNDS(6, X5, X1, X2)
	NEXT(X6, X3, X4, X5)
	ROUNDS(7, X6, X1, X2)
	NEXT(X3, X4, X5, X6)
	ROUNDS(8, X3, X1, X2)
	NEXT(X4, X5, X6, X3)
	ROUNDS(9, X4, X1, X2)
	NEXT(X5, X6, X3, X4)
	ROUNDS(10, X5, X1, X2)
	NEXT(X6, X3, X4, X5)
	ROUNDS(11, X6, X1, X2)
	NEXT(X3, X4, X5, X6)
	ROUNDS(12, X3, X1, X2)
	NEXT(X4, X5, X6, X3)
	ROUNDS(13, X4, X1, X2)
	NEXT(X5, X6, X3, X4)
	ROUNDS(14, X5, X1, X2)
	NEXT(X6, X3, X4, X5)
	ROUNDS(15, X6, X1, X2)

	LINK(X1, X2, X4)
	DECQ CX
	JNZ  next

	VPSHUFB constants_reversed(AX), X4, X4
	VMOVDQU X4, (SI)
	RET

// A lane of back4 has its state in a and c, and the newest four words in m, which
// contains the link at the end. Its part of the frame has the last 16 words in slots 0
// to 3 and the part of words 16 to 19 that depends on words 0 to 4 in slot 4.
#define SLOT(L, s) (80*L+16*s)(SP)
#define LANE(L, field) (lane__size*L+field)(DI)

// Lane L's next four words replace the oldest four; rounds 4q to 4q+3 with them.
#define NEXT_IN(L, a, c, m, q, s0, s1, s2) \
	VPALIGNR   $4, SLOT(L, s2), m, X0; \
	VMOVDQU    SLOT(L, s0), X13;       \
	VMOVDQU    SLOT(L, s1), X14;       \
	SHA256MSG1 X14, X13;               \
	VPADDD     X0, X13, X13;           \
	SHA256MSG2 m, X13;                 \
	VMOVDQU    X13, SLOT(L, s0);       \
	VMOVDQA    X13, m;                 \
	ROUNDS(q, m, a, c)

#define NEXT4(q, s0, s1, s2) \
	NEXT_IN(0, X1, X2, X9, q, s0, s1, s2);  \
	NEXT_IN(1, X3, X4, X10, q, s0, s1, s2); \
	NEXT_IN(2, X5, X6, X11, q, s0, s1, s2); \
	NEXT_IN(3, X7, X8, X12, q, s0, s1, s2)

// Lane L's link in m becomes words 4..11; rounds 4 to 7.
#define BEGIN_IN(L, a, c, m) \
	START(a, c);                            \
	VMOVQ   LANE(L, lane_words4), X14;      \
	VPSHUFB constants_toWords4(AX), m, X13; \
	VPADDD  X14, X13, X13;                  \
	VMOVDQU X13, SLOT(L, 1);                \
	ROUNDS(1, X13, a, c);                   \
	VPSUBD  constants_step(AX), X14, X14;   \
	VMOVQ   X14, LANE(L, lane_words4);      \
	VPSHUFB constants_toWords8(AX), m, m;   \
	VPADDD  constants_words8(AX), m, m;     \
	VMOVDQU m, SLOT(L, 2)

// Lane L's words 16..19; rounds 8 to 19.
#define FIRST_IN(L, a, c, m) \
	ROUNDS(2, m, a, c);                    \
	ROUNDS12(a, c);                        \
	VMOVDQU    constants_words12(AX), X14; \
	VMOVDQU    X14, SLOT(L, 3);            \
	VMOVDQU    SLOT(L, 4), X13;            \
	VPALIGNR   $4, m, X14, X0;             \
	VPADDD     X0, X13, X13;               \
	SHA256MSG2 X14, X13;                   \
	VMOVDQU    X13, SLOT(L, 0);            \
	VMOVDQA    X13, m;                     \
	ROUNDS(4, m, a, c)

// Lane L's link into m, and its slot 4.
#define LOAD_IN(L, m) \
	VMOVDQU LANE(L, lane_link), m;        \
	VPSHUFB constants_reversed(AX), m, m; \
	VMOVQ   LANE(L, lane_words4), X13;    \
	PART16(X13, X14);                     \
	VMOVDQU X14, SLOT(L, 4)

#define STORE_IN(L, m) \
	VPSHUFB constants_reversed(AX), m, m; \
	VMOVDQU m, LANE(L, lane_link)

// func back4(c *constants, lanes *[4]lane, n int)
TEXT ·back4(SB), NOSPLIT, $320-24
	MOVQ    c+0(FP), AX
	MOVQ    lanes+8(FP), DI
	MOVQ    n+16(FP), CX
	LOAD_IN(0, X9)
	LOAD_IN(1, X10)
	LOAD_IN(2, X11)
	LOAD_IN(3, X12)

next:
	BEGIN_IN(0, X1, X2, X9)
	BEGIN_IN(1, X3, X4, X10)
	BEGIN_IN(2, X5, X6, X11)
	BEGIN_IN(3, X7, X8, X12)
	FIRST_IN(0, X1, X2, X9)
	FIRST_IN(1, X3, X4, X10)
	FIRST_IN(2, X5, X6, X11)
	FIRST_IN(3, X7, X8, X12)
	NEXT4(5, 1, 2, 3)
	NEXT4(6, 2, 3, 0)
	NEXT4(7, 3, 0, 1)
	NEXT4(8, 0, 1, 2)
	NEXT4(9, 1, 2, 3)
	NEXT4(10, 2, 3, 0)
	NEXT4(11, 3, 0, 1)
	NEXT4(12, 0, 1, 2)
	NEXT4(13, 1, 2, 3)
	NEXT4(14, 2, 3, 0)
	NEXT4(15, 3, 0, 1)
	LINK(X1, X2, X9)
	LINK(X3, X4, X10)
	LINK(X5, X6, X11)
	LINK(X7, X8, X12)
	DECQ CX
	JNZ  next

	STORE_IN(0, X9)
	STORE_IN(1, X10)
	STORE_IN(2, X11)
	STORE_IN(3, X12)
	RET
