package vectors

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// session contains the inputs of the codes of one session. Its fields allow more than
// the format does, because many cases violate the format.
type session struct {
	version byte
	key     uint16
	day     uint16
	index   uint32
	subject [8]byte
	start   int64
	expiry  int64
	period  byte
	length  byte
	scopes  byte
	seed    [16]byte

	anchor *[16]byte        // nil: the end of the chain
	back   hash             // one step of the chain
	domain string           // prefix of the body in the signed message
	signer tokentest.Issuer // signs the pass
}

// hash computes the link of the previous step.
type hash func(link [16]byte, day uint16, index uint32, step byte) [16]byte

// backward is the hash of section 6 of the format.
func backward(link [16]byte, day uint16, index uint32, step byte) [16]byte {
	m := []byte("railgate/link/v1")
	m = binary.BigEndian.AppendUint16(m, day)
	m = binary.BigEndian.AppendUint32(m, index)
	m = append(m, step)
	m = append(m, link[:]...)
	sum := sha256.Sum256(m)
	return [16]byte(sum[:16])
}

// chain returns the anchor and the links of all steps.
func (s *session) chain() (anchor [16]byte, links [][16]byte) {
	links = make([][16]byte, max(1, int(s.length)))
	links[len(links)-1] = s.seed
	for step := len(links) - 1; step > 0; step-- {
		links[step-1] = s.back(links[step], s.day, s.index, byte(step))
	}
	anchor = s.back(links[0], s.day, s.index, 0)
	if s.anchor != nil {
		anchor = *s.anchor
	}
	return anchor, links
}

// body returns the body, section 2 of the format.
func (s *session) body() []byte {
	anchor, _ := s.chain()
	b := []byte{s.version}
	b = binary.BigEndian.AppendUint16(b, s.key)
	b = binary.BigEndian.AppendUint16(b, s.day)
	b = binary.BigEndian.AppendUint32(b, s.index)
	b = append(b, s.subject[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(s.start))
	b = binary.BigEndian.AppendUint32(b, uint32(s.expiry))
	b = append(b, s.period, s.length, s.scopes)
	return append(b, anchor[:]...)
}

// message returns the message that the issuer signs.
func (s *session) message() []byte { return append([]byte(s.domain), s.body()...) }

// sign returns the issuer's signature of the message.
func (s *session) sign() []byte { return s.signOver(s.message()) }

// signOver returns the issuer's signature of another message.
func (s *session) signOver(message []byte) []byte {
	sig, err := s.signer.Signer.Sign(message)
	if err != nil {
		panic("vectors: " + err.Error())
	}
	return sig[:]
}

// wire returns the code of a step with the given signature.
func (s *session) wire(step byte, sig []byte) []byte {
	_, links := s.chain()
	w := append(s.body(), sig...)
	w = append(w, step)
	return append(w, links[min(int(step), len(links)-1)][:]...)
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// base45 encodes as RFC 9285 does: two bytes become three characters, the least
// significant first; a single last byte becomes two.
func base45(wire []byte) string {
	var text []byte
	for ; len(wire) >= 2; wire = wire[2:] {
		v := int(wire[0])*256 + int(wire[1])
		text = append(text, alphabet[v%45], alphabet[v/45%45], alphabet[v/45/45])
	}
	if len(wire) == 1 {
		text = append(text, alphabet[wire[0]%45], alphabet[wire[0]/45])
	}
	return string(text)
}

// dayOf returns the railway day, section 4 of the format. approved is 1969-12-31
// 16:00 UTC or later.
func dayOf(approved int64) uint16 { return uint16((approved + 8*3600) / 86400) }

const (
	hour  = 3600
	day24 = 24 * hour
	start = tokentest.Epoch // start of the ordinary session, 2026-02-10 08:00:00 Beijing time
)

// ordinary returns a session as issuers open it, an hour after approval.
func ordinary() session {
	return session{
		version: 1, key: 1, day: 20494, index: 1042,
		subject: [8]byte{0x73, 0x53, 0xbb, 0x6b, 0xa2, 0xa2, 0x85, 0xaf},
		start:   start, expiry: start - hour + day24,
		period: 60, length: 30, scopes: 0x7f,
		seed: [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
		back: backward, domain: "RGP", signer: tokentest.NewIssuer(1),
	}
}

// with returns the ordinary session with a change.
func with(change func(*session)) session {
	s := ordinary()
	change(&s)
	return s
}

// genuine reports whether an honest issuer could have opened the session.
func (s *session) genuine() bool {
	return s.domain == "RGP" && s.signer.ID == tokens.KeyID(s.key) && s.anchor == nil
}
