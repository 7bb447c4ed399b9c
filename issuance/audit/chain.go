package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Hash binds an entry to its position and to all entries before it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 lower-case hex digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText accepts exactly the form of MarshalText.
func (h *Hash) UnmarshalText(text []byte) error { return unhex(h[:], text, "a hash") }

// unhex decodes text into dst; text must have exactly as many lower-case hex digits.
func unhex(dst, text []byte, what string) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(dst) || hex.EncodeToString(raw) != string(text) {
		return fmt.Errorf("audit: %s must be %d lower-case hex digits", what, 2*len(dst))
	}
	copy(dst, raw)
	return nil
}

// Anchor is a position in the chain and the hash at that position. It is not secret. An anchor stored outside
// the database proves later that the chain up to it has not changed. The zero Anchor is the position before
// the first entry.
type Anchor struct {
	Position int64
	Hash     Hash
}

func (a Anchor) String() string { return strconv.FormatInt(a.Position, 10) + ":" + a.Hash.String() }

// ParseAnchor parses the form of String, as in the log.
func ParseAnchor(text string) (Anchor, error) {
	position, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(position, 10, 64)
	a := Anchor{Position: n}
	if err != nil || n < 0 || a.Hash.UnmarshalText([]byte(hash)) != nil || a.String() != text {
		return Anchor{}, errors.New("audit: an anchor must be POSITION:HASH, as in the log")
	}
	return a, nil
}

// Record is an entry as stored in the audit log.
type Record struct {
	ID int64 `json:"id"` // of the row, approximately in the order of arrival
	Entry
	Position int64 `json:"position"` // from 1; 0: not chained yet
	Hash     Hash  `json:"hash"`
	Proof    Proof `json:"proof,omitzero"` // zero: written by a version without proofs
	// Forged is the reason why the entry is never chained: no issuer wrote it. Only [Log.Read] sets it.
	Forged string `json:"forged,omitempty"`
}

// Domains separate the kinds of hashed texts, and separate them from other uses.
const (
	entryDomain       = "railgate/audit/entry/v1" // an entry without a proof
	provedEntryDomain = "railgate/audit/entry/v2" // an entry with a proof
	proofDomain       = "railgate/audit/proof/v1"
	baseDomain        = "railgate/audit/base/v1"
)

// link is the hash of r at a position after the hash before: HMAC-SHA-256 over every column, each in canonical
// form and with its length.
func (l *Log) link(before Hash, position int64, r *Record) Hash {
	domain := entryDomain
	if r.Proof != (Proof{}) {
		domain = provedEntryDomain
	}
	b := appendText(make([]byte, 0, 512), domain)
	b = append(b, before[:]...)
	for _, n := range []int64{position, r.ID, r.AtMs} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = r.Entry.appendTexts(b)
	if r.Proof != (Proof{}) {
		b = append(b, r.Proof[:]...)
	}
	return l.mac(b)
}

func (e *Entry) appendTexts(b []byte) []byte {
	for _, text := range []string{e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request} {
		b = appendText(b, text)
	}
	return b
}

// baseMAC confirms that the issuer archived the entries up to an anchor. Without it, an attacker could remove
// the beginning of the chain and claim that it was archived.
func (l *Log) baseMAC(base Anchor) Hash {
	b := appendText(nil, baseDomain)
	b = binary.BigEndian.AppendUint64(b, uint64(base.Position))
	return l.mac(append(b, base.Hash[:]...))
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

// newMAC stores the key in a closure: printing a Log does not print the key.
func newMAC(key []byte) func([]byte) Hash {
	return func(text []byte) (sum Hash) {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		h.Sum(sum[:0])
		return sum
	}
}

func equal(a, b Hash) bool { return hmac.Equal(a[:], b[:]) }

// columns are the columns for scan.
const columns = `id, at_ms, who, role, action, object_kind, object, detail, request, position, hash, proof`

// scan reads a row, including a row that was tampered with.
func scan(rows *sql.Rows, r *Record) error {
	var position sql.NullInt64
	var hash, proof []byte
	err := rows.Scan(&r.ID, &r.AtMs, &r.Who, &r.Role, &r.Action, &r.Object.Kind, &r.Object.ID, &r.Detail, &r.Request, &position, &hash, &proof)
	r.Position = position.Int64
	if len(hash) == len(r.Hash) { // a wrong length leaves the zero value, which never verifies
		r.Hash = Hash(hash)
	}
	if proof != nil {
		r.Proof = readProof(proof)
	}
	return err
}
