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

// authority returns a private key derived from a name.
func authority(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("railgate control vectors: " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// batch is a message before it is signed. Its fields allow more than the format, because half of the cases
// break the format.
type batch struct {
	magic     string
	authority []byte // 4 bytes; nil: those of the signer
	epoch     uint64
	partition uint16
	count     int // -1: the number of records
	first     uint64
	issued    uint64
	through   uint64
	records   [][]byte
	after     []byte // between records and signature
	whole     bool   // magic is the whole signed part
	signer    ed25519.PrivateKey
}

func b(first uint64, records ...[]byte) batch {
	return batch{magic: "RGC1", epoch: 1, count: -1, first: first, issued: at, through: at, records: records, signer: authority("authority")}
}

func (x batch) with(change func(*batch)) batch {
	change(&x)
	return x
}

// raw encodes the batch after section 2 of docs/revocation.md and signs it.
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

// record encodes kind, length and payload.
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
func retire(key int, cutoff int64) []byte { return record(4, ms(at), u16(key), u32(cutoff)) }
func exempt(key, index int) []byte        { return record(5, ms(at), u16(key), id(index)) }
func cutSubject(subject []byte, cutoff int64) []byte {
	return record(6, ms(at), subject, u32(cutoff))
}
func closeSession(index int, start, closedMS int64) []byte {
	return record(7, ms(uint64(closedMS)), id(index), u32(start))
}

// issuer returns the public key of an issuer.
func issuer(n int) []byte { return public(authority(fmt.Sprintf("issuer %d", n))) }

func key(n int) Key { return Key{ID: uint16(n), Public: hex.EncodeToString(issuer(n))} }

// collection collects cases in the order in which they are written.
type collection struct {
	all   []*Vector
	names map[string]bool
}

// All returns every vector.
func All() []*Vector {
	k := &collection{names: make(map[string]bool)}
	k.kinds()
	k.forms()
	k.signatures()
	k.numbers()
	k.times()
	k.gateways()
	k.forgiven()
	k.amnesties()
	k.bookings()
	return k.all
}

// testCase is a case: a reader that started just before at reads messages.
type testCase struct {
	*Vector
}

func (k *collection) newCase(name, about string) *testCase {
	if k.names[name] {
		panic("BUG: vector " + name + " is written twice")
	}
	k.names[name] = true
	v := &Vector{Name: name, About: about, Authority: hex.EncodeToString(public(authority("authority"))), Partitions: 1, SinceMS: at - 1,
		Expect: Expect{Revoked: []string{}, ClosedSessions: []ClosedSession{}, Keys: []Key{}, SubjectCutoffs: []SubjectCutoff{}}}
	k.all = append(k.all, v)
	return &testCase{v}
}

// batch makes the reader read a batch at the time now, Unix ms.
func (s *testCase) batch(x batch, now int64, outcome string) *testCase {
	return s.message(x.raw(), 0, now, outcome)
}

func (s *testCase) message(raw []byte, partition int, now int64, outcome string) *testCase {
	s.Messages = append(s.Messages, Message{partition, now, hex.EncodeToString(raw), outcome})
	return s
}

// single is a case of one batch that is read when it is issued.
func (k *collection) single(name, about string, x batch, outcome string) *Expect {
	s := k.newCase(name, about).batch(x, at, outcome)
	if outcome == "applied" {
		s.Expect.WatermarkMS = at
	}
	return &s.Expect
}
