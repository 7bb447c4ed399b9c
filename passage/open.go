package passage

import (
	"crypto/ed25519"
	"encoding/binary"

	"github.com/railgate/railgate/revocation"
)

// Refusal is the reason why a message of railgate.passages is not applied.
type Refusal uint8

// The refusals, in the order in which they are found.
const (
	ErrForm      Refusal = iota // not a batch: wrong magic, bounds, or another encoding than Encode gives
	ErrForeign                  // the authority announced no such gateway
	ErrSignature                // the signature does not verify
	ErrNewer                    // of a version for newer gateways; its signature verifies
	ErrWithdrawn                // dated at or after the gateway's cutoff
	ErrFuture                   // dated more than revocation.MaxSkew ahead of now
	refusals
)

var refusalNames = [refusals]string{"form", "foreign", "signature", "newer_version", "withdrawn", "future"}

// String returns the refusal's stable name, a metric label.
func (r Refusal) String() string { return refusalNames[r] }

func (r Refusal) Error() string { return "passage: batch refused: " + refusalNames[r] }

// Refusals lists all refusals.
func Refusals() []Refusal {
	all := make([]Refusal, refusals)
	for i := range all {
		all[i] = Refusal(i)
	}
	return all
}

// Keys are the announced keys of gateways; a [revocation.Replica] has them. Gateway must be safe for concurrent
// use and must not block.
type Keys interface {
	Gateway(revocation.GatewayID) (revocation.GatewayKey, bool)
}

var _ Keys = (*revocation.Replica)(nil)

// envelopeSize is the length of the shortest message of any version: magic, gateway, signature.
const envelopeSize = offGateway + 2 + ed25519.SignatureSize

// Verify reports whether a signature under an announced key of a gateway is good. It accepts the same signatures as
// crypto/ed25519: otherwise gateways would come to different lists of conflicts.
type Verify func(id revocation.GatewayID, key *revocation.GatewayKey, message, signature []byte) bool

// Open parses and verifies one message; now is Unix ms. The error is always a [Refusal]. The batch does not refer
// to raw. Open does not know which batches were read before: see [Ledger].
//
// The signature is verified with crypto/ed25519 and not with the tables of tokens/fixedkey. A table has 0.5 MB:
// 1.5 GB for 3,000 gateways, each of which sends a few batches a second. Open costs about as much as one
// verification; docs/passback.md has the sum for a network. [OpenWith] takes another verification.
func Open(raw []byte, keys Keys, now int64) (*Batch, error) {
	return OpenWith(raw, keys, now, func(_ revocation.GatewayID, key *revocation.GatewayKey, message, signature []byte) bool {
		return ed25519.Verify(key.Public[:], message, signature)
	})
}

// OpenWith is [Open] with a verification of the caller.
func OpenWith(raw []byte, keys Keys, now int64, verify Verify) (*Batch, error) {
	if len(raw) < envelopeSize || len(raw) > MaxBatch || string(raw[offMagic:len(family)]) != family {
		return nil, ErrForm
	}
	signed, signature := raw[:len(raw)-ed25519.SignatureSize], raw[len(raw)-ed25519.SignatureSize:]
	newer := raw[len(family)] != version
	var b *Batch
	if !newer {
		if b = parseBatch(signed); b == nil {
			return nil, ErrForm
		}
	}
	id := revocation.GatewayID(binary.BigEndian.Uint16(raw[offGateway:]))
	key, known := keys.Gateway(id)
	switch {
	case !known:
		return nil, ErrForeign
	case !verify(id, &key, signed, signature):
		return nil, ErrSignature
	case newer:
		return nil, ErrNewer
	case b.Issued/1000 >= key.Cutoff:
		return nil, ErrWithdrawn
	case b.Issued > now+revocation.MaxSkew.Milliseconds():
		return nil, ErrFuture
	}
	return b, nil
}

// parseBatch decodes the output of [Batch.Encode], or returns nil for all other bytes.
func parseBatch(m []byte) *Batch {
	if len(m) < headerSize {
		return nil
	}
	b := &Batch{
		Gateway:   revocation.GatewayID(binary.BigEndian.Uint16(m[offGateway:])),
		Partition: binary.BigEndian.Uint16(m[offPartition:]),
		Session:   int64(binary.BigEndian.Uint64(m[offSession:])),
		Sequence:  binary.BigEndian.Uint64(m[offSequence:]),
		Issued:    int64(binary.BigEndian.Uint64(m[offIssued:])),
	}
	places, count := int(binary.BigEndian.Uint16(m[offPlaces:])), int(binary.BigEndian.Uint16(m[offCount:]))
	if b.Session < 0 || b.Sequence == 0 || b.Issued < 0 || count == 0 || count > MaxPassages || places > count {
		return nil
	}
	dictionary, rest := readPlaces(m[headerSize:], places)
	if dictionary == nil || len(rest) < count*recordSize {
		return nil
	}
	b.Passages = make([]Passage, count)
	used := 0 // places are numbered by first use
	for i := range b.Passages {
		p := &b.Passages[i]
		place, after, ok := b.readRecord(rest, p)
		if !ok || place > used || place >= len(dictionary) {
			return nil
		}
		used = max(used, place+1)
		p.Station, p.Device = dictionary[place].Station, dictionary[place].Device
		rest = after
	}
	if len(rest) != 0 || used != places {
		return nil
	}
	return b
}

// readPlaces decodes the dictionary: different places, each with valid names. It returns nil for other bytes.
func readPlaces(src []byte, n int) (places []Located, rest []byte) {
	seen := make(map[Located]bool, min(n, len(src)/3))
	for range n {
		var l Located
		var ok bool
		if l.Station, src, ok = readName(src); !ok {
			return nil, nil
		}
		if l.Device, src, ok = readName(src); !ok {
			return nil, nil
		}
		if seen[l] || l.check() != nil {
			return nil, nil
		}
		seen[l] = true
		places = append(places, l)
	}
	return places, src
}

func readName(src []byte) (name string, rest []byte, ok bool) {
	if len(src) == 0 || int(src[0]) > MaxName || len(src) < 1+int(src[0]) {
		return "", nil, false
	}
	end := 1 + int(src[0])
	return string(src[1:end]), src[end:], true
}
