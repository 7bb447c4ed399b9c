package passage_test

import (
	"crypto/ed25519"
	"slices"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens/fixedkey"
)

// The plain encoder of batches, after docs/passback.md, section 4. It writes what it is told, valid or not.

// parts are the fields of a message as they are on the wire.
type parts struct {
	magic              string
	gateway, partition uint16
	session, sequence  uint64
	issued             uint64
	places, count      uint16   // as the header says
	names              []string // station, device, station, device, …
	uses               []use
	rest               []byte // after the records
}

// use is a record. The upload number is written if place has its highest bit.
type use struct {
	day          uint16
	index, start uint32
	flags        byte // way, state and step
	age          int32
	errorMS      uint16
	place        uint16
	upload       uint64
}

func be(size int, v uint64) (b []byte) {
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// signed returns the bytes before the signature.
func (p *parts) signed() []byte {
	m := slices.Concat([]byte(p.magic), be(2, uint64(p.gateway)), be(2, uint64(p.partition)), be(8, p.session), be(8, p.sequence),
		be(8, p.issued), be(2, uint64(p.places)), be(2, uint64(p.count)))
	for _, name := range p.names {
		m = append(append(m, byte(len(name))), name...)
	}
	for _, u := range p.uses {
		m = slices.Concat(m, be(2, uint64(u.day)), be(4, uint64(u.index)), be(4, uint64(u.start)), []byte{u.flags}, be(4, uint64(uint32(u.age))),
			be(2, uint64(u.errorMS)), be(2, uint64(u.place)))
		if u.place>>15 == 1 {
			m = append(m, be(8, u.upload)...)
		}
	}
	return append(m, p.rest...)
}

// message returns the message, signed by the test gateway 7.
func (p *parts) message() []byte {
	m := p.signed()
	return append(m, signatureOf(m)...)
}

func signatureOf(m []byte) []byte {
	private, _ := revocationtest.Gateway(7)
	return ed25519.Sign(private, m)
}

// verifyByTable verifies with a table, as package exchange does for the gateways that send most.
func verifyByTable(_ revocation.GatewayID, key *revocation.GatewayKey, message, signature []byte) bool {
	table, err := fixedkey.New(key.Public[:], fixedkey.Best())
	return err == nil && table.Verify(message, signature)
}

const uploaded16 = 1 << 15 // of a record's place

// plain returns a message of three passages: an entry, the exit of an upload that is held, and the entry again.
func plain() *parts {
	entry := use{day: 20494, index: 1042, start: now/1000 - 600, flags: 9, age: 40, errorMS: 500}
	exit := entry
	exit.flags, exit.age, exit.place, exit.upload = 1<<7|1<<5|9, 86_400_000, 1|uploaded16, 0xfeed
	return &parts{magic: "RGP1", gateway: 7, partition: 3, session: now - 5000, sequence: 12, issued: now, places: 2, count: 3,
		names: []string{"北京南", "gate-7", "北京南", "handheld-3"}, uses: []use{entry, exit, entry}}
}

// one returns a message of one passage.
func one(edit func(p *parts, u *use)) *parts {
	p := plain()
	p.places, p.count, p.names, p.uses = 1, 1, p.names[:2:2], p.uses[:1:1]
	edit(p, &p.uses[0])
	return p
}
