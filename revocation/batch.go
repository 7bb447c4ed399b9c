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

// A batch is one message of the stream: a header, records, and one signature over both. One signature per
// batch is enough because a batch is applied or refused as a whole. It keeps the number of verifications
// small when millions of records are replayed.
const (
	headerSize = 44
	// MaxBatch bounds a message, bytes; longer messages are refused without being parsed.
	MaxBatch = 64 << 10
	// MaxRecords keeps the longest batch of known control records within MaxBatch.
	MaxRecords = 1024
	// MaxBookings keeps the longest batch of bookings within MaxBatch.
	MaxBookings = 256
)

// Every version of a batch has the same envelope: the family of its [Domain] (3 bytes), version, authority, and
// at the end the authority's signature over all preceding bytes. A batch of an unknown version is therefore
// verified before it counts as one.
const envelopeSize = offAuthority + 4 + ed25519.SignatureSize

const (
	offMagic     = 0  // 4: family and version
	offAuthority = 4  // 4
	offEpoch     = 8  // 8
	offPartition = 16 // 2
	offCount     = 18 // 2
	offFirst     = 20 // 8
	offIssued    = 28 // 8
	offThrough   = 36 // 8
)

// Batch is a parsed message. Its records are numbered First, First+1, … within (Epoch, Partition). A batch
// without records is a heartbeat: its First is the number of the next record.
type Batch struct {
	Domain    Domain
	Epoch     uint64 // numbering period of the log: grows when numbering restarts
	Partition uint16
	First     uint64 // from 1
	IssuedAt  int64  // when the outbox was queried for its records, Unix ms
	// Through is the watermark, Unix ms: the stream up to the end of this batch contains every record of this
	// partition that was acknowledged strictly before it, both times rounded down. It promises nothing about
	// records acknowledged in the same millisecond.
	Through int64

	count   int
	records []byte
}

// Reasons why a message is refused.
var (
	ErrForm      = errors.New("revocation: not a control batch")
	ErrNewer     = errors.New("revocation: control batch of an unknown version") // its signature verifies
	ErrAuthority = errors.New("revocation: signed under another authority key")
	ErrSignature = errors.New("revocation: signature does not verify")
)

// Authority is the pinned key that signs the stream.
type Authority struct {
	key    *fixedkey.Key
	id     [4]byte
	domain Domain
}

// NewAuthority accepts the 32-byte public key and refuses a weak one. It takes some milliseconds to prepare
// tables, because reading a log costs one signature check per message.
func NewAuthority(public [tokens.PublicKeySize]byte) (*Authority, error) {
	key, err := fixedkey.New(public[:], fixedkey.Best())
	if err != nil {
		return nil, fmt.Errorf("revocation: authority key: %w", err)
	}
	return &Authority{key: key, id: AuthorityID(public)}, nil
}

// ParseAuthority is [NewAuthority] for a key in the form of the settings.
func ParseAuthority(digits string) (*Authority, error) {
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) != tokens.PublicKeySize {
		return nil, errors.New("must be the authority's public key, 64 hex digits")
	}
	return NewAuthority([tokens.PublicKeySize]byte(key))
}

// ID returns the [AuthorityID] of the key.
func (a *Authority) ID() [4]byte { return a.id }

// AuthorityID is the first 4 bytes of the key's SHA-256. It distinguishes a wrong pinned key from a forgery.
func AuthorityID(public [tokens.PublicKeySize]byte) [4]byte {
	sum := sha256.Sum256(public[:])
	return [4]byte(sum[:4])
}

// Encode returns the message that the authority signs. In the stream the 64-byte signature follows it.
func (b *Batch) Encode(authority [4]byte, records []Record) ([]byte, error) {
	if most := b.Domain.MaxRecords(); len(records) > most {
		return nil, fmt.Errorf("revocation: %d records in one batch, at most %d", len(records), most)
	}
	m := make([]byte, headerSize, headerSize+len(records)*(recordHead+48)+ed25519.SignatureSize)
	copy(m[offMagic:], domains[b.Domain].family)
	m[familySize] = version
	copy(m[offAuthority:], authority[:])
	binary.BigEndian.PutUint64(m[offEpoch:], b.Epoch)
	binary.BigEndian.PutUint16(m[offPartition:], b.Partition)
	binary.BigEndian.PutUint16(m[offCount:], uint16(len(records)))
	binary.BigEndian.PutUint64(m[offFirst:], b.First)
	binary.BigEndian.PutUint64(m[offIssued:], uint64(b.IssuedAt))
	binary.BigEndian.PutUint64(m[offThrough:], uint64(b.Through))
	for i := range records {
		if err := records[i].encodable(b.Domain); err != nil {
			return nil, err
		}
		m = records[i].append(m)
	}
	return m, nil
}

// OpenBatch parses and verifies one message. The batch refers to raw.
func OpenBatch(raw []byte, authority *Authority) (*Batch, error) {
	m := readMessage(raw, authority.domain)
	if err := authority.verifyMessage(&m); err != nil {
		return nil, err
	}
	return m.batch, nil
}

// verifyMessage returns why a message is refused: its format, its signature or its version.
func (a *Authority) verifyMessage(m *message) error {
	if !m.hasEnvelope() {
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

// parse checks the format of a message and of each record, but not the signature. It returns ErrNewer for a
// message with a valid envelope of another version.
func parse(raw []byte, d Domain) (*Batch, error) {
	switch {
	case len(raw) < envelopeSize || len(raw) > MaxBatch || string(raw[:familySize]) != domains[d].family:
		return nil, ErrForm
	case raw[familySize] != version:
		return nil, ErrNewer
	case len(raw) < headerSize+ed25519.SignatureSize:
		return nil, ErrForm
	}
	b := &Batch{
		Domain:    d,
		Epoch:     binary.BigEndian.Uint64(raw[offEpoch:]),
		Partition: binary.BigEndian.Uint16(raw[offPartition:]),
		First:     binary.BigEndian.Uint64(raw[offFirst:]),
		IssuedAt:  int64(binary.BigEndian.Uint64(raw[offIssued:])),
		Through:   int64(binary.BigEndian.Uint64(raw[offThrough:])),
		count:     int(binary.BigEndian.Uint16(raw[offCount:])),
		records:   raw[headerSize : len(raw)-ed25519.SignatureSize],
	}
	if b.Epoch == 0 || b.First == 0 || b.First+uint64(b.count) < b.First || b.count > d.MaxRecords() ||
		b.IssuedAt < 0 || b.Through < 0 || b.Through > b.IssuedAt {
		return nil, ErrForm
	}
	rest, ok := b.records, true
	for range b.count {
		if _, _, rest, ok = splitRecord(rest, d); !ok {
			return nil, ErrForm
		}
	}
	if len(rest) != 0 {
		return nil, ErrForm
	}
	return b, nil
}

// Len returns the number of records; 0 for a heartbeat.
func (b *Batch) Len() int { return b.count }

// Records yields each record with its sequence number, in order.
func (b *Batch) Records() iter.Seq2[uint64, Record] {
	return func(yield func(uint64, Record) bool) {
		rest := b.records
		for i := range b.count {
			r, next, _ := readRecord(rest, b.Domain)
			if !yield(b.First+uint64(i), r) {
				return
			}
			rest = next
		}
	}
}
