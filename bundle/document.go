package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/railgate/railgate/revocation"
)

// Document is a signed bundle, ready to be sent. It shares the bytes of its sections with other documents and is
// immutable.
type Document struct {
	head     []byte // with the signature
	sections []section
	size     int
	full     bool
	tag      string
}

// Sign makes a bundle of the signer's gateway; h.Gateway is ignored. It returns [ErrTooLarge] if the bundle would
// exceed [MaxBundle], and an error for a head or sections that [Open] refuses. The caller adds the batch that
// announced the gateway to the proofs.
func Sign(h Head, s *Sections, signer Signer) (*Document, error) {
	h.Gateway = signer.ID()
	if !complete(&h, s.list) {
		return nil, fmt.Errorf("%w: its times or its sections", ErrContradict)
	}
	d := &Document{sections: s.list, full: h.Full(), size: headFixed + len(s.list)*entrySize + signatureSize}
	for _, c := range s.list {
		d.size += len(c.body)
	}
	if d.size > MaxBundle {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, d.size)
	}
	d.head = signHead(&h, s.list, signer)
	undated := h
	undated.MadeMS = 0
	sum := sha256.Sum256(headBytes(&undated, s.list))
	d.tag = hex.EncodeToString(sum[:16])
	return d, nil
}

// complete reports whether the times fit together and the sections that every bundle has are there.
func complete(h *Head, sections []section) bool {
	has := func(kind sectionKind) bool {
		return slices.ContainsFunc(sections, func(s section) bool { return s.kind == kind })
	}
	return h.WatermarkMS > 0 && h.SinceMS <= h.WatermarkMS && h.WatermarkMS-h.MadeMS <= revocation.MaxSkew.Milliseconds() &&
		has(sectionProofs) && has(sectionPolicy) && (!h.Full() || !has(sectionUnrevoked))
}

// Full reports whether the bundle is complete in itself.
func (d *Document) Full() bool { return d.full }

// Size returns the length of the bundle, bytes.
func (d *Document) Size() int { return d.size }

// Tag identifies the content: two documents of one gateway that differ only in the time they were made have the
// same tag. It has 32 hex digits.
func (d *Document) Tag() string { return d.tag }

// Reader returns the bytes of the bundle.
func (d *Document) Reader() io.Reader {
	parts := []io.Reader{bytes.NewReader(d.head)}
	for _, s := range d.sections {
		parts = append(parts, bytes.NewReader(s.body))
	}
	return io.MultiReader(parts...)
}

// Bytes returns a copy of the bundle.
func (d *Document) Bytes() []byte {
	raw := append(make([]byte, 0, d.size), d.head...)
	for _, s := range d.sections {
		raw = append(raw, s.body...)
	}
	return raw
}

// Bundle is a verified bundle.
type Bundle struct {
	Head
	Content
	Keys *Keys // of its proofs and of the keys that were known before
}

// Open verifies and reads a bundle. known are the keys from earlier bundles: a withdrawal that one of them
// reported counts although this bundle omits it. It may be nil. The result refers to raw.
//
// Nothing is read before it is verified, except the proofs, which the authority signed: they name the gateway
// whose signature covers the rest. The error wraps one of the reasons of this package.
func Open(raw []byte, authority *revocation.Authority, known *Keys) (*Bundle, error) {
	h, signed, sections, err := splitBundle(raw)
	if err != nil {
		return nil, err
	}
	if h.Authority != authority.ID() {
		return nil, ErrAuthority
	}
	b := &Bundle{Head: h}
	if len(sections) == 0 || sections[0].kind != sectionProofs {
		return nil, ErrForm
	}
	r := reader{rest: sections[0].body}
	if b.Proofs = r.proofs(); !r.ended() {
		return nil, ErrForm
	}
	if known == nil {
		known = new(Keys)
	}
	proofs, err := openProofs(b.Proofs, authority)
	if err != nil {
		return nil, err
	}
	b.Keys = known.with(proofs)
	key, ok := b.Keys.Gateway(h.Gateway)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %d", ErrGatewayUnknown, h.Gateway)
	case !verify(key.Public, signed, raw[len(signed):]):
		return nil, ErrSignature
	case h.MadeMS/1000 >= key.Cutoff:
		return nil, fmt.Errorf("%w: gateway %d", ErrGatewayWithdrawn, h.Gateway)
	}
	for _, s := range sections {
		if sha256.Sum256(s.body) != s.sum {
			return nil, fmt.Errorf("%w: number %d", ErrSection, s.kind)
		}
	}
	if !complete(&b.Head, sections) || !inOrder(proofs) {
		return nil, ErrContradict
	}
	if err := b.decode(sections); err != nil {
		return nil, err
	}
	if b.Unrevoked != nil && b.Revoked != nil {
		for s := range b.Unrevoked.All() {
			if b.Revoked.Has(s) {
				return nil, ErrContradict
			}
		}
	}
	return b, nil
}
