package vectors

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	at    = tokentest.Epoch * 1000 // Unix ms, 2026-02-10 08:00:00 Beijing time
	start = tokentest.Epoch        // Unix seconds
	day   = 20494                  // the railway day of at
	hour  = 3600_000
)

// authority is a private key made of a name.
func authority(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("railgate control vectors: " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// batch is a message before it is signed. Fields are freer than the format allows,
// since half of the cases break it.
type batch struct {
	magic     string
	authority []byte // 4 bytes; nil: those of the signer
	epoch     uint64
	partition uint16
	count     int // -1: that of records
	first     uint64
	issued    uint64
	through   uint64
	records   [][]byte
	after     []byte // between records and signature
	whole     bool   // magic is all that is signed
	signer    ed25519.PrivateKey
}

func b(first uint64, records ...[]byte) batch {
	return batch{magic: "RGC1", epoch: 1, count: -1, first: first, issued: at, through: at, records: records, signer: authority("authority")}
}

func (x batch) with(change func(*batch)) batch {
	change(&x)
	return x
}

// raw is section 2 of the document.
func (x batch) raw() []byte {
	m := []byte(x.magic)
	if x.whole {
		return append(m, ed25519.Sign(x.signer, m)...)
	}
	if x.authority == nil {
		sum := sha256.Sum256(public(x.signer))
		x.authority = sum[:4]
	}
	m = append(m, x.authority...)
	m = binary.BigEndian.AppendUint64(m, x.epoch)
	m = binary.BigEndian.AppendUint16(m, x.partition)
	if x.count < 0 {
		x.count = len(x.records)
	}
	m = binary.BigEndian.AppendUint16(m, uint16(x.count))
	m = binary.BigEndian.AppendUint64(m, x.first)
	m = binary.BigEndian.AppendUint64(m, x.issued)
	m = binary.BigEndian.AppendUint64(m, x.through)
	for _, r := range x.records {
		m = append(m, r...)
	}
	m = append(m, x.after...)
	return append(m, ed25519.Sign(x.signer, m)...)
}

// record is kind, length, payload.
func record(kind byte, payload ...[]byte) []byte {
	var p []byte
	for _, part := range payload {
		p = append(p, part...)
	}
	if len(p) > 255 {
		panic("BUG: a payload has at most 255 bytes")
	}
	return append([]byte{kind, byte(len(p))}, p...)
}

func u16(n int) []byte      { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int64) []byte    { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func ms(n uint64) []byte    { return binary.BigEndian.AppendUint64(nil, n) }
func id(index int) []byte   { return append(u16(day), u32(int64(index))...) }
func name(index int) string { return fmt.Sprintf("%d-%d", day, index) }

func revoke(index int) []byte   { return record(1, ms(at), id(index)) }
func unrevoke(index int) []byte { return record(2, ms(at), id(index)) }
func announce(key int, public []byte) []byte {
	return record(3, ms(at), u16(key), public)
}
func retire(key int, cutOff int64) []byte { return record(4, ms(at), u16(key), u32(cutOff)) }
func exempt(key, index int) []byte        { return record(5, ms(at), u16(key), id(index)) }
func cutSubject(subject []byte, cutOff int64) []byte {
	return record(6, ms(at), subject, u32(cutOff))
}
func closeSession(index int, start, closedMS int64) []byte {
	return record(7, ms(uint64(closedMS)), id(index), u32(start))
}

// issuer is the public key of an issuer.
func issuer(n int) []byte { return public(authority(fmt.Sprintf("issuer %d", n))) }

func key(n int) Key { return Key{ID: uint16(n), Public: hex.EncodeToString(issuer(n))} }

// book collects cases in the order they are written.
type book struct {
	all   []*Vector
	names map[string]bool
}

// All makes every vector.
func All() []*Vector {
	k := &book{names: make(map[string]bool)}
	k.kinds()
	k.forms()
	k.signatures()
	k.numbers()
	k.times()
	return k.all
}

// story is a case: a reader that started just before at and reads messages.
type story struct {
	*Vector
}

func (k *book) story(name, about string) *story {
	if k.names[name] {
		panic("BUG: vector " + name + " is written twice")
	}
	k.names[name] = true
	v := &Vector{Name: name, About: about, Authority: hex.EncodeToString(public(authority("authority"))), Partitions: 1, SinceMS: at - 1,
		Expect: Expect{Revoked: []string{}, ClosedSessions: []ClosedSession{}, Keys: []Key{}, SubjectCutOffs: []SubjectCutOff{}}}
	k.all = append(k.all, v)
	return &story{v}
}

// says has the reader read a batch at a time, Unix ms.
func (s *story) says(x batch, now int64, outcome string) *story {
	return s.reads(x.raw(), 0, now, outcome)
}

func (s *story) reads(raw []byte, partition int, now int64, outcome string) *story {
	s.Messages = append(s.Messages, Message{partition, now, hex.EncodeToString(raw), outcome})
	return s
}

// one is a story of one batch that is read when it is issued.
func (k *book) one(name, about string, x batch, outcome string) *Expect {
	s := k.story(name, about).says(x, at, outcome)
	if outcome == "applied" {
		s.Expect.WatermarkMS = at
	}
	return &s.Expect
}
