package bundle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"

	"github.com/railgate/railgate/revocation"
)

// A bundle is a head, the gateway's signature over the head, and the sections. The head names each section with
// its length and SHA-256, so one signature covers everything, and a gateway that hands out the same sections to
// many devices hashes them once.
//
// The head is, big-endian: magic (4), gateway (2), authority (4), epoch (8), made, watermark, since (8 each),
// number of sections (1), and for each section its kind (1), length (4) and SHA-256 (32). Sections are in
// ascending order of their kinds, each once, and follow the signature without gaps.
const (
	family    = "RGO" // the version is the byte that follows
	magic     = "RGO1"
	headFixed = 4 + 2 + 4 + 4*8 + 1
	entrySize = 1 + 4 + sha256.Size

	// MaxBundle bounds the size of a bundle, bytes. Gateways write no longer one and readers refuse it.
	MaxBundle = 16 << 20
)

// sectionKind names the content of a section. The numbers are wire values and are never reused.
type sectionKind uint8

// The sections. A full bundle has policy and proofs; a section without content is omitted.
const (
	sectionProofs    sectionKind = 1  // signed control batches
	sectionPolicy    sectionKind = 2  // what the device may do with the answers
	sectionRevoked   sectionKind = 3  // in a delta: revoked since
	sectionUnrevoked sectionKind = 4  // only in a delta: valid again since
	sectionExempt    sectionKind = 5  // in a delta: exempt since
	sectionCutoffs   sectionKind = 6  // of subjects; in a delta: moved since
	sectionClosed    sectionKind = 7  // sessions; in a delta: closed since
	sectionForgiven  sectionKind = 8  // in a delta: forgiven since
	sectionAmnesties sectionKind = 9  // all, in a delta too
	sectionPassages  sectionKind = 10 // recent ones; in a delta: made since, with an overlap
	sectionBookings  sectionKind = 11 // of one train, all, in a delta too
)

// Head says which gateway made a bundle, when, and from which data.
type Head struct {
	Gateway   revocation.GatewayID
	Authority [4]byte // see revocation.AuthorityID
	Epoch     uint64  // greatest epoch of the control stream's partitions
	MadeMS    int64   // the gateway's clock when it answered, Unix ms: server time for the device
	// WatermarkMS is the watermark of the data, Unix ms: every record of the control stream that was
	// acknowledged strictly before it is in the bundle, or in the bundle that a delta follows.
	WatermarkMS int64
	// SinceMS is the oldest watermark that a bundle may have to be followed by this delta, Unix ms. 0: the
	// bundle is full.
	SinceMS int64
}

// Full reports whether the bundle is complete in itself.
func (h *Head) Full() bool { return h.SinceMS == 0 }

// section is the encoded content of one kind.
type section struct {
	kind sectionKind
	sum  [sha256.Size]byte
	body []byte
}

func newSection(kind sectionKind, body []byte) section {
	return section{kind, sha256.Sum256(body), body}
}

// Reasons why a bundle is refused.
var (
	ErrForm       = errors.New("bundle: not a complete bundle")
	ErrVersion    = errors.New("bundle: a bundle of an unknown version")
	ErrAuthority  = errors.New("bundle: made for another authority key")
	ErrSignature  = errors.New("bundle: the head was altered, or another gateway signed it")
	ErrSection    = errors.New("bundle: a section was altered")
	ErrTooLarge   = errors.New("bundle: larger than the bound on bundles")
	ErrContradict = errors.New("bundle: signed, and contradicts itself")
)

const signatureSize = ed25519.SignatureSize

func verify(public [ed25519.PublicKeySize]byte, signed, rest []byte) bool {
	return ed25519.Verify(public[:], signed, rest[:signatureSize])
}

// signHead returns the signed head of sections, which are in order.
func signHead(h *Head, sections []section, s Signer) []byte {
	head := headBytes(h, sections)
	signature := s.Sign(head)
	return append(head, signature[:]...)
}

// headBytes returns the head without its signature.
func headBytes(h *Head, sections []section) []byte {
	w := writer{make([]byte, 0, headFixed+len(sections)*entrySize+signatureSize)}
	w.bytes([]byte(magic))
	w.u16(uint16(h.Gateway))
	w.bytes(h.Authority[:])
	w.u64(h.Epoch)
	w.u64(uint64(h.MadeMS))
	w.u64(uint64(h.WatermarkMS))
	w.u64(uint64(h.SinceMS))
	w.u8(uint8(len(sections)))
	for _, c := range sections {
		w.u8(uint8(c.kind))
		w.u32(uint32(len(c.body)))
		w.bytes(c.sum[:])
	}
	return w.b
}

// splitBundle checks the form of the envelope: every byte belongs to the head, the signature or one section.
// Nothing is verified yet. signed is the head without its signature.
func splitBundle(raw []byte) (h Head, signed []byte, sections []section, err error) {
	switch {
	case len(raw) > MaxBundle:
		return h, nil, nil, ErrTooLarge
	case len(raw) < len(magic) || string(raw[:len(family)]) != family:
		return h, nil, nil, ErrForm
	case string(raw[:len(magic)]) != magic:
		return h, nil, nil, ErrVersion
	case len(raw) < headFixed:
		return h, nil, nil, ErrForm
	}
	count := int(raw[headFixed-1])
	end := headFixed + count*entrySize
	if len(raw) < end+signatureSize {
		return h, nil, nil, ErrForm
	}
	r := reader{rest: raw[len(magic):end]}
	h.Gateway = revocation.GatewayID(r.u16())
	copy(h.Authority[:], r.bytes(4))
	h.Epoch, h.MadeMS, h.WatermarkMS, h.SinceMS = r.u64(), r.time(), r.time(), r.time()
	r.u8()
	rest, last := raw[end+signatureSize:], sectionKind(0)
	for range count {
		c := section{kind: sectionKind(r.u8())}
		size := int(r.u32())
		copy(c.sum[:], r.bytes(sha256.Size))
		if r.failed || c.kind <= last || size == 0 || size > len(rest) {
			return h, nil, nil, ErrForm
		}
		last = c.kind
		c.body, rest = rest[:size:size], rest[size:]
		sections = append(sections, c)
	}
	if !r.ended() || len(rest) != 0 {
		return h, nil, nil, ErrForm
	}
	return h, raw[:end], sections, nil
}

// codes are the stable codes of the reasons why a receipt or a bundle is refused.
var codes = []struct {
	err  error
	code string
}{
	{ErrReceiptForm, "receipt_form"},
	{ErrReceiptVersion, "receipt_version"},
	{ErrReceiptSignature, "receipt_signature"},
	{ErrGatewayUnknown, "gateway_unknown"},
	{ErrGatewayWithdrawn, "gateway_withdrawn"},
	{ErrProof, "proof"},
	{ErrForm, "form"},
	{ErrVersion, "version"},
	{ErrAuthority, "authority"},
	{ErrSignature, "signature"},
	{ErrSection, "section"},
	{ErrTooLarge, "too_large"},
	{ErrContradict, "contradict"},
	{ErrRolledBack, "rolled_back"},
	{ErrNoBase, "no_base"},
	{ErrDevice, "device"},
	{ErrAhead, "ahead"},
	{ErrFull, "full"},
	{ErrKeyFile, "key_file"},
}

// Code returns the stable code of an error of this package, "ok" for nil, and "" for other errors.
func Code(err error) string {
	if err == nil {
		return "ok"
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return ""
}
