package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
)

// encodesTo reports whether r is the encoding of p.
func (p *point) encodesTo(r *[32]byte) bool {
	var z fp25519.Elt
	inverse.Inverse(&z, &p.z)
	return p.scaledEncodesTo(&z, r)
}

// scaledEncodesTo is encodesTo with a given 1/Z. It compares bytes, not points: an
// encoding that is not canonical is never equal, as in crypto/ed25519.
func (p *point) scaledEncodesTo(oneByZ *fp25519.Elt, r *[32]byte) bool {
	var x, y fp25519.Elt
	fp25519.Mul(&x, &p.x, oneByZ)
	fp25519.Mul(&y, &p.y, oneByZ)
	fp25519.Modp(&x)
	fp25519.Modp(&y)
	y[31] |= x[0] << 7
	return y == fp25519.Elt(*r)
}
