package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/railgate/railgate/tokens/tokentest"
)

// tampering adds valid codes with one changed field and the old signature.
func (b *builder) tampering() {
	o := with(func(s *session) { s.scopes = 0x30 }) // entry and exit
	sig := o.sign()
	at := int64(start + 450)
	change := func(name, about, reason string, offset int, bytes ...byte) *Vector {
		wire := o.wire(7, sig)
		copy(wire[offset:], bytes)
		return b.wire("tamper-"+name, about, wire, at, reason)
	}
	u32 := func(v int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }

	known := change("key", "the id of another key the gate knows", "bad_signature", 1, 0, 2)
	known.Keys = []Key{key(1), key(2)}
	change("key-unknown", "the id of a key the gate does not know", "unknown_key", 1, 0, 2)
	change("day", "the next day", "malformed", 3, 0x50, 0x0f)
	change("index", "the next credential of the day: the chain was made for another serial", "link_mismatch", 5, u32(1043)...)
	change("subject", "another passenger", "bad_signature", 9, 0x72)
	change("start", "the session starts a second later", "bad_signature", 17, u32(start+1)...)
	change("expiry", "the credential lives a second longer", "bad_signature", 21, u32(o.expiry+1)...)
	change("period", "the period is a second shorter", "bad_signature", 25, 59)
	change("length", "the session is a step shorter", "bad_signature", 26, 29)
	change("scopes", "a use is added, and asked for", "bad_signature", 27, 0x31).Scope = "sale"
	change("anchor", "one bit of the anchor", "link_mismatch", 43, o.wire(7, sig)[43]^1)
	change("signature-r", "one bit of R", "bad_signature", 44, sig[0]^1)
	change("signature-s", "one bit of s", "bad_signature", 76, sig[32]^1)
	change("step-up", "the next step with this step's link", "link_mismatch", 108, 8).Now = start + 8*60
	change("step-down", "the step before with this step's link", "link_mismatch", 108, 6)
	change("link-first-byte", "one bit of the link", "link_mismatch", 109, o.wire(7, sig)[109]^0x80)
	change("link-last-byte", "one bit of the link", "link_mismatch", 124, o.wire(7, sig)[124]^1)

	own := with(func(s *session) { s.seed[0] = 0xee })
	b.signed("tamper-anchor-and-link", "a stolen pass over the thief's own chain", own, 7, ordinarySignature(), at, "bad_signature")
	moved := with(func(s *session) { s.day, s.start, s.expiry = 20495, s.start+day24, s.expiry+day24 })
	b.signed("tamper-moved-a-day", "yesterday's pass moved to today, with a chain to match", moved, 7, ordinarySignature(), at+day24, "bad_signature")
}

func ordinarySignature() []byte {
	o := ordinary()
	return o.sign()
}

// links adds genuine passes with a link of another chain or another step.
func (b *builder) links() {
	o := ordinary()
	at := int64(start + 450)
	_, own := o.chain()
	show := func(name, about string, link [16]byte) {
		wire := append(o.wire(7, o.sign())[:109:109], link[:]...)
		b.wire("link-"+name, about, wire, at, "link_mismatch")
	}
	show("of-next-step", "the link of step 8 shown as step 7", own[8])
	show("of-previous-step", "a photographed link of step 6 shown as step 7", own[6])
	show("seed", "the seed shown as step 7", own[29])
	anchor, _ := o.chain()
	show("anchor", "the anchor, which is public, shown as a link", anchor)
	show("zero", "no link at all", [16]byte{})
	other := with(func(s *session) { s.index++ })
	_, links := other.chain()
	show("of-other-serial", "the same seed under another serial gives other links", links[7])
	other = with(func(s *session) { s.day++ })
	_, links = other.chain()
	show("of-other-day", "the same seed under another day gives other links", links[7])
	other = with(func(s *session) { s.seed[15]++ })
	_, links = other.chain()
	show("of-other-session", "step 7 of another session of the same credential", links[7])

	for _, i := range []int{0, 7, 8, 15} {
		bent, _ := o.chain()
		bent[i] ^= 1
		s := with(func(s *session) { s.anchor = &bent })
		b.code(fmt.Sprintf("link-anchor-byte-%d", i), fmt.Sprintf("the issuer signed an anchor that differs in byte %d: all 16 are compared", i), s, 7, at, "link_mismatch")
	}
	wrong := func(name, about string, back hash) {
		s := with(func(s *session) { s.back = back })
		b.code("link-chain-"+name, about+"; the issuer signed its anchor all the same", s, 7, at, "link_mismatch")
	}
	wrong("without-domain", "a chain hashed without railgate/link/v1", func(link [16]byte, day uint16, index uint32, step byte) [16]byte {
		m := binary.BigEndian.AppendUint16(nil, day)
		m = binary.BigEndian.AppendUint32(m, index)
		return cut(append(append(m, step), link[:]...))
	})
	wrong("without-serial", "a chain hashed without the serial", func(link [16]byte, _ uint16, _ uint32, step byte) [16]byte {
		return cut(append(append([]byte("railgate/link/v1"), step), link[:]...))
	})
	wrong("from-one", "a chain that counts its steps from 1", func(link [16]byte, day uint16, index uint32, step byte) [16]byte {
		return backward(link, day, index, step+1)
	})
	wrong("little-endian", "a chain with the serial in little-endian order", func(link [16]byte, day uint16, index uint32, step byte) [16]byte {
		return backward(link, day>>8|day<<8, index>>24|index<<24|index>>8&0xff00|index&0xff00<<8, step)
	})
	wrong("last-half", "a chain cut to the last 16 bytes of each hash", func(link [16]byte, day uint16, index uint32, step byte) [16]byte {
		m := binary.BigEndian.AppendUint16([]byte("railgate/link/v1"), day)
		m = binary.BigEndian.AppendUint32(m, index)
		sum := sha256.Sum256(append(append(m, step), link[:]...))
		return [16]byte(sum[16:])
	})
}

func cut(m []byte) [16]byte {
	sum := sha256.Sum256(m)
	return [16]byte(sum[:16])
}

// signatures adds well-formed signatures that the issuer did not make over this message.
func (b *builder) signatures() {
	o := ordinary()
	at := int64(start + 450)
	thief := with(func(s *session) { s.signer = tokentest.NewIssuer(7) })
	b.code("signature-unknown-signer", "signed by a key that is nobody's", thief, 7, at, "bad_signature")
	second := with(func(s *session) { s.signer = tokentest.NewIssuer(2) })
	b.code("signature-other-key", "signed by key 2, which the gate knows, under the id of key 1", second, 7, at, "bad_signature").
		Keys = []Key{key(1), key(2)}
	for _, d := range []struct{ name, about, domain string }{
		{"without-domain", "the body alone was signed", ""},
		{"lower-domain", "the domain in lower case", "rgp"},
		{"other-domain", "another domain", "RGK"},
		{"prefix-domain", "the text's prefix as domain", "RG1:"},
	} {
		b.code("signature-"+d.name, d.about, with(func(s *session) { s.domain = d.domain }), 7, at, "bad_signature")
	}
	for _, m := range []struct {
		name, about string
		message     []byte
	}{
		{"over-digest", "a hash of the message was signed", digest(o.message())},
		{"over-code", "the message was signed with a step behind it", append(o.message(), 7)},
		{"over-cut-message", "the message was signed without its last byte", o.message()[:46]},
	} {
		b.signed("signature-"+m.name, m.about, o, 7, o.signOver(m.message), at, "bad_signature")
	}
	b.signed("signature-zero", "64 zero bytes", o, 7, make([]byte, 64), at, "bad_signature")
	swapped := append(append([]byte(nil), o.sign()[32:]...), o.sign()[:32]...)
	b.signed("signature-swapped", "s before R", o, 7, swapped, at, "bad_signature")
	other := with(func(s *session) { s.start -= 60 })
	b.signed("signature-of-other-session", "the genuine signature of another session of this credential", o, 7, other.sign(), at, "bad_signature")
}

func digest(m []byte) []byte {
	sum := sha256.Sum256(m)
	return sum[:]
}
