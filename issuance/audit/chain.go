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

// Hash binds an entry to its place and to all entries before it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 lower-case hex digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes, and only that.
func (h *Hash) UnmarshalText(text []byte) error { return unhex(h[:], text, "a hash") }

// unhex fills dst from exactly as many lower-case hex digits.
func unhex(dst, text []byte, what string) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(dst) || hex.EncodeToString(raw) != string(text) {
		return fmt.Errorf("audit: %s is %d lower-case hex digits", what, 2*len(dst))
	}
	copy(dst, raw)
	return nil
}

// Anchor is a place in the chain and the hash there. It tells nothing that must
// be kept secret, and whoever keeps it outside the database can prove later that
// the chain up to it is still the one of then. The zero Anchor is before the
// first entry.
type Anchor struct {
	Position int64
	Hash     Hash
}

func (a Anchor) String() string { return strconv.FormatInt(a.Position, 10) + ":" + a.Hash.String() }

// ParseAnchor reads what String writes, as it stands in the log.
func ParseAnchor(text string) (Anchor, error) {
	position, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(position, 10, 64)
	a := Anchor{Position: n}
	if err != nil || n < 0 || a.Hash.UnmarshalText([]byte(hash)) != nil || a.String() != text {
		return Anchor{}, errors.New("audit: an anchor is written POSITION:HASH, as the log has it")
	}
	return a, nil
}

// Record is an entry as the trail has it.
type Record struct {
	ID int64 `json:"id"` // of the row, in about the order of arrival
	Entry
	Position int64 `json:"position"` // from 1; 0: not sealed yet
	Hash     Hash  `json:"hash"`
	Proof    Proof `json:"proof,omitzero"` // zero: written before entries carried one
	// Forged says why the entry is never sealed: no issuer wrote it. Only Read sets it.
	Forged string `json:"forged,omitempty"`
}

// Domains separate what is hashed from each other and from other uses.
const (
	entryDomain       = "railgate/audit/entry/v1" // of an entry without a proof
	provedEntryDomain = "railgate/audit/entry/v2" // of an entry with one
	proofDomain       = "railgate/audit/proof/v1"
	baseDomain        = "railgate/audit/base/v1"
)

// link is the hash that r has at position, behind before: HMAC-SHA-256 over
// every column, each in its one form and with its length.
func (t *Log) link(before Hash, position int64, r *Record) Hash {
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
	return t.mac(b)
}

func (e *Entry) appendTexts(b []byte) []byte {
	for _, text := range []string{e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request} {
		b = appendText(b, text)
	}
	return b
}

// baseSeal says that we dropped the entries up to an anchor: without it, whoever
// removes the beginning could call it archived.
func (t *Log) baseSeal(base Anchor) Hash {
	b := appendText(nil, baseDomain)
	b = binary.BigEndian.AppendUint64(b, uint64(base.Position))
	return t.mac(append(b, base.Hash[:]...))
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

// newMAC keeps the key where no print of a Trail reaches it.
func newMAC(key []byte) func([]byte) Hash {
	return func(text []byte) (sum Hash) {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		h.Sum(sum[:0])
		return sum
	}
}

func equal(a, b Hash) bool { return hmac.Equal(a[:], b[:]) }

// columns are what scan reads.
const columns = `id, at_ms, who, role, action, object_kind, object, detail, request, position, hash, proof`

// scan reads a row as it stands, whatever was done to it.
func scan(rows *sql.Rows, r *Record) error {
	var position sql.NullInt64
	var hash, proof []byte
	err := rows.Scan(&r.ID, &r.AtMs, &r.Who, &r.Role, &r.Action, &r.Object.Kind, &r.Object.ID, &r.Detail, &r.Request, &position, &hash, &proof)
	r.Position = position.Int64
	if len(hash) == len(r.Hash) { // any other length is no hash, which the zero value is neither
		r.Hash = Hash(hash)
	}
	if proof != nil {
		r.Proof = readProof(proof)
	}
	return err
}
