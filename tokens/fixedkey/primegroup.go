package fixedkey

import "github.com/cloudflare/circl/math/fp25519"

// inPrimeGroup reports whether a has prime order: a is not the neutral element, and its
// multiple by the order is.
//
// It works bit by bit, without tables and without this package's assembly, because the
// plain form must check keys correctly even if another form is faulty.
func (a *affine) inPrimeGroup() bool {
	var e entry
	e.set(a)
	var self point
	self.start(&e, 0)
	sum := self // for the highest bit of the order, 252
	for bit := 251; bit >= 0; bit-- {
		sum.double()
		if order[bit/64]>>(bit%64)&1 == 1 {
			sum.addPlain(&e, 0)
		}
	}
	return sum.isZero() && !self.isZero()
}

// double is "dbl-2008-hwcd" of the Explicit-Formulas Database, for a = -1.
func (p *point) double() {
	var a, b, c, e, f, g, h fp25519.Elt
	fp25519.Sqr(&a, &p.x)
	fp25519.Sqr(&b, &p.y)
	fp25519.Sqr(&c, &p.z)
	fp25519.Add(&c, &c, &c)
	fp25519.Add(&e, &p.x, &p.y)
	fp25519.Sqr(&e, &e)
	fp25519.Sub(&e, &e, &a)
	fp25519.Sub(&e, &e, &b)
	fp25519.Sub(&g, &b, &a)
	fp25519.Sub(&f, &g, &c)
	fp25519.Add(&h, &a, &b)
	fp25519.Neg(&h, &h)
	fp25519.Mul(&p.x, &e, &f)
	fp25519.Mul(&p.y, &g, &h)
	fp25519.Mul(&p.z, &f, &g)
	fp25519.Mul(&p.t, &e, &h)
}
