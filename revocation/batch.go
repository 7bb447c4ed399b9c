package revocation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
)

// A batch is one message of the stream: a header, records, one signature over
// both. Signing per batch is sound because a batch is taken or refused whole,
// and it makes a replay of millions of records cost few verifications.
const (
	Magic      = "RGC1" // signing domain and version
	headerSize = 44
	// MaxBatch bounds a message, bytes; longer ones are refused unread.
	MaxBatch = 64 << 10
	// MaxRecords keeps the longest batch of known records within MaxBatch.
	MaxRecords = 1024
)

// Every version of a batch has the same envelope: family, version, authority, and
// at the end the authority's signature over all bytes before it. So a batch of a
// version that is not known is verified before it is believed to be one.
const (
	family       = "RGC" // the version is the byte that follows
	envelopeSize = offAuthority + 4 + ed25519.SignatureSize
)

const (
	offMagic     = 0  // 4
	offAuthority = 4  // 4
	offEpoch     = 8  // 8
	offPartition = 16 // 2
	offCount     = 18 // 2
	offFirst     = 20 // 8
	offIssued    = 28 // 8
	offThrough   = 36 // 8
)

// Batch is a parsed message. Records are numbered First, First+1, … within
// (Epoch, Partition). A batch without records is a heartbeat: its First is the
// number that the next record will have.
type Batch struct {
	Epoch     uint64 // the incarnation of the log: grows when numbering restarts
	Partition uint16
	First     uint64 // from 1
	IssuedAt  int64  // when it was signed, Unix ms
	// Through is the watermark, Unix ms: the stream up to the end of this batch
	// holds every record of this partition that was acknowledged strictly before
	// it, both times rounded down. Of a record acknowledged in that same
	// millisecond it says nothing.
	Through int64

	count   int
	records []byte
}

// Why a message is refused.
var (
	ErrForm      = errors.New("revocation: not a control batch")
	ErrNewer     = errors.New("revocation: control batch of an unknown version") // and genuine: its signature verifies
	ErrAuthority = errors.New("revocation: signed under another authority key")
	ErrSignature = errors.New("revocation: signature does not verify")
)

// Authority is the pinned key that signs the stream.
type Authority struct {
	key *fixedkey.Key
	id  [4]byte
}

// NewAuthority takes the 32-byte public key, and refuses a weak one. It takes some
// milliseconds: a log is read at a signature a message.
func NewAuthority(public [tokens.PublicKeySize]byte) (*Authority, error) {
	key, err := fixedkey.New(public[:], fixedkey.Best())
	if err != nil {
		return nil, fmt.Errorf("revocation: authority key: %w", err)
	}
	return &Authority{key: key, id: AuthorityID(public)}, nil
}

// ParseAuthority is NewAuthority for a key as settings have it.
func ParseAuthority(digits string) (*Authority, error) {
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) != tokens.PublicKeySize {
		return nil, errors.New("must be the authority's public key, 64 hex digits")
	}
	return NewAuthority([tokens.PublicKeySize]byte(key))
}

// ID is the AuthorityID of the key.
func (a *Authority) ID() [4]byte { return a.id }

// AuthorityID is the first 4 bytes of the key's SHA-256: it tells a wrong pin from a forgery.
func AuthorityID(public [tokens.PublicKeySize]byte) [4]byte {
	sum := sha256.Sum256(public[:])
	return [4]byte(sum[:4])
}

// Encode writes the message that the authority signs. The signature follows
// it in the stream: append 64 bytes.
func (b *Batch) Encode(authority [4]byte, records []Record) ([]byte, error) {
	if len(records) > MaxRecords {
		return nil, fmt.Errorf("revocation: %d records in one batch, at most %d", len(records), MaxRecords)
	}
	m := make([]byte, headerSize, headerSize+len(records)*(recordHead+48)+ed25519.SignatureSize)
	copy(m[offMagic:], Magic)
	copy(m[offAuthority:], authority[:])
	binary.BigEndian.PutUint64(m[offEpoch:], b.Epoch)
	binary.BigEndian.PutUint16(m[offPartition:], b.Partition)
	binary.BigEndian.PutUint16(m[offCount:], uint16(len(records)))
	binary.BigEndian.PutUint64(m[offFirst:], b.First)
	binary.BigEndian.PutUint64(m[offIssued:], uint64(b.IssuedAt))
	binary.BigEndian.PutUint64(m[offThrough:], uint64(b.Through))
	for i := range records {
		if !records[i].Kind.known() {
			return nil, fmt.Errorf("revocation: record of unknown kind %d", records[i].Kind)
		}
		m = records[i].append(m)
	}
	return m, nil
}

// Open parses and verifies one message. The batch refers to raw.
func OpenBatch(raw []byte, authority *Authority) (*Batch, error) {
	m := read(raw)
	if err := authority.open(&m); err != nil {
		return nil, err
	}
	return m.batch, nil
}

// open says why a message is not taken: its form, its signature or its version.
func (a *Authority) open(m *message) error {
	if !m.sealed() {
		return m.err
	}
	err := m.signature
	if !m.verified {
		err = a.verify(m.raw)
	}
	if err != nil {
		return err
	}
	return m.err
}

// verify checks the signature of a message that has an envelope.
func (a *Authority) verify(raw []byte) error {
	if [4]byte(raw[offAuthority:]) != a.id {
		return ErrAuthority
	}
	signed, signature := raw[:len(raw)-ed25519.SignatureSize], raw[len(raw)-ed25519.SignatureSize:]
	if !a.key.Verify(signed, signature) {
		return ErrSignature
	}
	return nil
}

// parse checks the form of a message and of every record in it, not the signature.
// ErrNewer is for what has an envelope and another version.
func parse(raw []byte) (*Batch, error) {
	switch {
	case len(raw) < envelopeSize || len(raw) > MaxBatch || string(raw[:len(family)]) != family:
		return nil, ErrForm
	case string(raw[:len(Magic)]) != Magic:
		return nil, ErrNewer
	case len(raw) < headerSize+ed25519.SignatureSize:
		return nil, ErrForm
	}
	b := &Batch{
		Epoch:     binary.BigEndian.Uint64(raw[offEpoch:]),
		Partition: binary.BigEndian.Uint16(raw[offPartition:]),
		First:     binary.BigEndian.Uint64(raw[offFirst:]),
		IssuedAt:  int64(binary.BigEndian.Uint64(raw[offIssued:])),
		Through:   int64(binary.BigEndian.Uint64(raw[offThrough:])),
		count:     int(binary.BigEndian.Uint16(raw[offCount:])),
		records:   raw[headerSize : len(raw)-ed25519.SignatureSize],
	}
	if b.Epoch == 0 || b.First == 0 || b.First+uint64(b.count) < b.First || b.count > MaxRecords ||
		b.IssuedAt < 0 || b.Through < 0 || b.Through > b.IssuedAt {
		return nil, ErrForm
	}
	rest, ok := b.records, true
	for range b.count {
		if _, rest, ok = readRecord(rest); !ok {
			return nil, ErrForm
		}
	}
	if len(rest) != 0 {
		return nil, ErrForm
	}
	return b, nil
}

// Len is the number of records; 0 in a heartbeat.
func (b *Batch) Len() int { return b.count }

// Records yields each record with its sequence number, in order.
func (b *Batch) Records() iter.Seq2[uint64, Record] {
	return func(yield func(uint64, Record) bool) {
		rest := b.records
		for i := range b.count {
			r, next, _ := readRecord(rest)
			if !yield(b.First+uint64(i), r) {
				return
			}
			rest = next
		}
	}
}
