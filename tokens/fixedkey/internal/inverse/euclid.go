package inverse

import "math/bits"

// batchShift is the number of halvings in a batch. Factors are at most 2^62, and the
// lowest word determines this number of zeros exactly.
const batchShift = 62

// state is passed from one batch to the next; see [euclid].
type state struct{ a, b, u, v [4]uint64 }

// euclid computes v and a sign with x * ±v = 2^(62n) mod p, where n is the number of
// batches, 0 < x < p, and sign is 0 for + and 1 for -. It returns n = 0 if limit
// batches are not enough.
//
// It is the binary GCD of a = x and b = p: while a is not 0, halve a if it is even;
// otherwise replace the greater of the two by their difference and call that a. All
// words of a and b are updated only once per 62 halvings. In between, the lowest words
// determine the zeros exactly, and the 64 bits from the leading bit on decide which
// number is greater, nearly always correctly. After a wrong decision a number becomes
// negative; the sign is corrected, and only time is lost.
//
// Each batch also updates u and v, with a*2^(62n) = S*u*x and b*2^(62n) = -S*v*x mod p.
// Their signs are opposite, so subtracting one multiple of x from the other always
// adds their magnitudes.
func euclid(v, x *[4]uint64, limit int) (batches int, sign uint64) {
	now, next := &state{
		a: *x,
		b: [4]uint64{1<<64 - 19, 1<<64 - 1, 1<<64 - 1, 1<<63 - 1},
		u: [4]uint64{1},
	}, &state{}
	for n := 1; n <= limit; n++ {
		ah, bh, exact := leading(&now.a, &now.b)
		f0, g0, f1, g1, gone := batch(ah, bh, now.a[0], now.b[0])
		if exact && gone {
			// b is 1 now, so f1*a - g1*b is 2^62 or -2^62; its top bit is the sign.
			sum(v, f1, &now.u, g1, &now.v)
			return n, sign ^ (f1*now.a[0]-g1*now.b[0])>>63
		}
		aSign := difference(&next.a, f0, &now.a, g0, &now.b)
		bSign := difference(&next.b, f1, &now.a, g1, &now.b)
		sum(&next.u, f0, &now.u, g0, &now.v)
		sum(&next.v, f1, &now.u, g1, &now.v)
		sign ^= aSign
		if aSign == bSign { // the leading words decided wrongly
			negate(&next.v)
		}
		now, next = next, now
	}
	return 0, 0
}

// leading returns the same 64 bits of a and b, from the leading bit of the greater one
// on. exact reports whether these are all bits of a and b.
func leading(a, b *[4]uint64) (ah, bh uint64, exact bool) {
	i := 3
	for i > 0 && a[i]|b[i] == 0 {
		i--
	}
	s := uint(bits.LeadingZeros64(a[i] | b[i]))
	if i == 0 {
		return a[0] << s, b[0] << s, true
	}
	// A shift by 64-s that is also correct for s = 0.
	return a[i]<<s | a[i-1]>>1>>(63-s), b[i]<<s | b[i-1]>>1>>(63-s), false
}

// batch removes 62 factors of two from a and b, given their leading and lowest words; b
// is odd. It returns the factors that turn (a, b) into ±(f0*a - g0*b)/2^62 and
// ±(f1*a - g1*b)/2^62, with opposite signs unless the leading words decided wrongly.
// gone reports whether the leading word of a became 0.
//
// f0+g0 and f1+g1 are at most 2^62: after k halvings f1+g1 <= 2^k and f0+g0 <= 2^(k+1),
// since every difference but the first is followed by at least one halving, and k is
// below 62 when the last difference is computed.
func batch(ah, bh, al, bl uint64) (f0, g0, f1, g1 uint64, gone bool) {
	f0, g1 = 1, 1
	// al and bl are the lowest words of f0*a - g0*b and f1*a - g1*b: except for signs
	// those of a and b. As with the factors, the loop only adds them.
	bl = -bl
	left := uint(batchShift)
	for {
		zeros := uint(bits.TrailingZeros64(al))
		if zeros >= left {
			return f0, g0, f1 << left, g1 << left, ah == 0
		}
		left -= zeros
		al, ah = al>>(zeros&63), ah>>(zeros&63)
		f1, g1 = f1<<(zeros&63), g1<<(zeros&63)

		// The comparison is unpredictable, hence masks instead of a branch.
		d, less := bits.Sub64(ah, bh, 0)
		swap := -less
		ah, bh = (d^swap)+less, bh+d&swap
		al, bl = al+bl, bl^(al^bl)&swap
		f0, f1 = f0+f1, f1^(f0^f1)&swap
		g0, g1 = g0+g1, g1^(g0^g1)&swap
	}
}

// difference sets r to |f*a - g*b| / 2^62 and returns 1 if the difference is negative.
func difference(r *[4]uint64, f uint64, a *[4]uint64, g uint64, b *[4]uint64) (sign uint64) {
	p0, p1, p2, p3, p4 := product(f, a)
	q0, q1, q2, q3, q4 := product(g, b)
	p0, c := bits.Sub64(p0, q0, 0)
	p1, c = bits.Sub64(p1, q1, c)
	p2, c = bits.Sub64(p2, q2, c)
	p3, c = bits.Sub64(p3, q3, c)
	p4, sign = bits.Sub64(p4, q4, c)
	mask := -sign
	r[0], c = bits.Add64((p0>>62|p1<<2)^mask, 0, sign)
	r[1], c = bits.Add64((p1>>62|p2<<2)^mask, 0, c)
	r[2], c = bits.Add64((p2>>62|p3<<2)^mask, 0, c)
	r[3], _ = bits.Add64((p3>>62|p4<<2)^mask, 0, c)
	return sign
}

// sum sets r to f*u + g*v modulo p, below 2^256 but not reduced.
func sum(r *[4]uint64, f uint64, u *[4]uint64, g uint64, v *[4]uint64) {
	p0, p1, p2, p3, p4 := product(f, u)
	q0, q1, q2, q3, q4 := product(g, v)
	p0, c := bits.Add64(p0, q0, 0)
	p1, c = bits.Add64(p1, q1, c)
	p2, c = bits.Add64(p2, q2, c)
	p3, c = bits.Add64(p3, q3, c)
	p4 += q4 + c
	// 2^255 = 19. The bits from 255 on are below 2^63, since f+g is at most 2^62.
	hi, lo := bits.Mul64(19, p4<<1|p3>>63)
	r[0], c = bits.Add64(p0, lo, 0)
	r[1], c = bits.Add64(p1, hi, c)
	r[2], c = bits.Add64(p2, 0, c)
	r[3] = p3&(1<<63-1) + c
}

// product returns f*a, the lowest word first.
func product(f uint64, a *[4]uint64) (p0, p1, p2, p3, p4 uint64) {
	h0, p0 := bits.Mul64(f, a[0])
	h1, l1 := bits.Mul64(f, a[1])
	h2, l2 := bits.Mul64(f, a[2])
	h3, l3 := bits.Mul64(f, a[3])
	p1, c := bits.Add64(l1, h0, 0)
	p2, c = bits.Add64(l2, h1, c)
	p3, c = bits.Add64(l3, h2, c)
	return p0, p1, p2, p3, h3 + c
}

// negate sets v to 2p - v, for v at most 2p.
func negate(v *[4]uint64) {
	var c uint64
	v[0], c = bits.Sub64(1<<64-38, v[0], 0)
	v[1], c = bits.Sub64(1<<64-1, v[1], c)
	v[2], c = bits.Sub64(1<<64-1, v[2], c)
	v[3], _ = bits.Sub64(1<<64-1, v[3], c)
}
