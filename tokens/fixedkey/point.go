package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"
)

// The curve is -x² + y² = 1 + dx²y² modulo 2²⁵⁵-19 (RFC 8032 section 5.1). Its
// addition law is complete: it holds for all pairs of points, doubling included.
var (
	curveD  = quotient(-121665, 121666)
	curve2D = func() (z fp25519.Elt) { fp25519.Add(&z, &curveD, &curveD); return }()
	one     = small(1)
)

// small returns a small number as a field element.
func small(n int) (z fp25519.Elt) {
	if n < 0 {
		m := small(-n)
		fp25519.Neg(&z, &m)
		return
	}
	for i := range 4 {
		z[i] = byte(n >> (8 * i))
	}
	return
}

func quotient(n, m int) (z fp25519.Elt) {
	a, b := small(n), small(m)
	fp25519.Inv(&z, &b)
	fp25519.Mul(&z, &z, &a)
	return
}

// affine is a point in affine coordinates.
type affine struct{ x, y fp25519.Elt }

func (a *affine) negate() { fp25519.Neg(&a.x, &a.x) }

// decode decodes the canonical encoding of a point, RFC 8032 section 5.1.3: y is below
// p, and x = 0 has no sign bit. It returns false for every other input.
func (a *affine) decode(b *[32]byte) bool {
	sign := b[31] >> 7
	a.y = fp25519.Elt(*b)
	a.y[31] &= 0x7f
	reduced := a.y
	if fp25519.Modp(&reduced); reduced != a.y {
		return false
	}
	var yy, u, v fp25519.Elt
	fp25519.Sqr(&yy, &a.y)
	fp25519.Sub(&u, &yy, &one)
	fp25519.Mul(&v, &yy, &curveD)
	fp25519.Add(&v, &v, &one)
	if !fp25519.InvSqrt(&a.x, &u, &v) {
		return false
	}
	if fp25519.Modp(&a.x); a.x == (fp25519.Elt{}) {
		return sign == 0
	}
	if a.x[0]&1 != sign {
		a.negate()
	}
	return true
}

// point is a point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
type point struct{ x, y, z, t fp25519.Elt }

// entry is a table entry in the form that an addition reads: y-x, y+x, 2dxy. Its three
// field elements span two cache lines.
type entry [3]fp25519.Elt

func (e *entry) set(a *affine) {
	fp25519.Sub(&e[0], &a.y, &a.x)
	fp25519.Add(&e[1], &a.y, &a.x)
	fp25519.Mul(&e[2], &a.x, &a.y)
	fp25519.Mul(&e[2], &e[2], &curve2D)
}

// start sets p to e, or to -e if sign is odd. It scales the coordinates by 4, which
// avoids halving.
func (p *point) start(e *entry, sign uint32) {
	minus, plus := &e[sign&1], &e[sign&1^1]
	var two fp25519.Elt
	two[0] = 2
	fp25519.Sub(&p.x, plus, minus)
	fp25519.Add(&p.y, plus, minus)
	fp25519.Mul(&p.t, &p.x, &p.y)
	fp25519.Add(&p.x, &p.x, &p.x)
	fp25519.Add(&p.y, &p.y, &p.y)
	p.z = small4
}

var small4 = small(4)

// addPlain adds e, or -e if sign is odd: "madd-2008-hwcd-3" of the Explicit-Formulas
// Database, 7 multiplications. Negation swaps the first two elements of an entry, and
// F with G, so the sign needs no branch that could be mispredicted.
func (p *point) addPlain(e *entry, sign uint32) {
	sign &= 1
	var a, b, c, d fp25519.Elt
	var fg [2]fp25519.Elt
	fp25519.Sub(&a, &p.y, &p.x)
	fp25519.Add(&b, &p.y, &p.x)
	fp25519.Mul(&c, &p.t, &e[2])
	fp25519.Mul(&a, &a, &e[sign])
	fp25519.Mul(&b, &b, &e[sign^1])
	fp25519.Add(&d, &p.z, &p.z)
	fp25519.Sub(&fg[0], &d, &c)
	fp25519.Add(&fg[1], &d, &c)
	f, g := &fg[sign], &fg[sign^1]
	fp25519.Sub(&c, &b, &a) // E
	fp25519.Add(&d, &b, &a) // H
	fp25519.Mul(&p.x, &c, f)
	fp25519.Mul(&p.y, &d, g)
	fp25519.Mul(&p.z, f, g)
	fp25519.Mul(&p.t, &c, &d)
}

// isZero reports whether p is the neutral element: x = 0, y = 1.
func (p *point) isZero() bool {
	var d fp25519.Elt
	fp25519.Sub(&d, &p.y, &p.z)
	x := p.x
	return fp25519.IsZero(&x) && fp25519.IsZero(&d)
}
