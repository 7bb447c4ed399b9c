package revocation

import (
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
)

// Kind is the type of a record.
type Kind uint8

// The kinds of record. The numbers are wire values and are never reused.
const (
	KindRevoke        Kind = 1 // Serial is refused
	KindUnrevoke      Kind = 2 // Serial is valid again
	KindAnnounceKey   Kind = 3 // Key is bound to Public and may sign passes
	KindRetireKey     Kind = 4 // sessions that start at or after Cutoff are refused under Key
	KindExempt        Kind = 5 // Serial stays valid under Key, regardless of Key's cutoff
	KindRevokeSubject Kind = 6 // sessions of Subject that start before Cutoff are refused
	KindRevokeSession Kind = 7 // the session of Serial that started at Start is closed
)

// newestKind is the greatest kind that this gateway knows.
const newestKind = KindRevokeSession

var kindNames = map[Kind]string{
	KindRevoke: "revoke", KindUnrevoke: "unrevoke",
	KindAnnounceKey: "announce_key", KindRetireKey: "retire_key",
	KindExempt: "exempt", KindRevokeSubject: "revoke_subject", KindRevokeSession: "revoke_session",
}

// String returns the kind's stable name.
func (k Kind) String() string {
	if n, ok := kindNames[k]; ok {
		return n
	}
	return "unknown"
}

// Record is one statement of the issuer. Which fields are used depends on Kind.
type Record struct {
	Kind    Kind
	At      int64 // when the issuer accepted it, Unix milliseconds
	Serial  tokens.Serial
	Key     tokens.KeyID
	Public  [tokens.PublicKeySize]byte
	Subject tokens.Subject
	Cutoff  int64 // Unix seconds
	Start   int64 // of a session, Unix seconds
}

// On the wire a record is kind (1), payload length (1), payload. The length allows a gateway to skip kinds
// that are newer than itself.
const (
	recordHead = 2
	maxPayload = 255
)

// payloadSizes contains the exact payload length of each known kind, bytes.
var payloadSizes = [...]int{
	KindRevoke:        timeSize + 6,
	KindUnrevoke:      timeSize + 6,
	KindAnnounceKey:   timeSize + 2 + tokens.PublicKeySize,
	KindRetireKey:     timeSize + 2 + 4,
	KindExempt:        timeSize + 2 + 6,
	KindRevokeSubject: timeSize + len(tokens.Subject{}) + 4,
	KindRevokeSession: timeSize + 6 + 4,
}

func (k Kind) known() bool { return k >= KindRevoke && int(k) < len(payloadSizes) }

// timeSize is the length of the time at the start of every payload, bytes.
const timeSize = 8

func (r *Record) append(dst []byte) []byte {
	dst = append(dst, byte(r.Kind), byte(payloadSizes[r.Kind]))
	return r.AppendFields(binary.BigEndian.AppendUint64(dst, uint64(r.At)))
}

// AppendFields appends the fields that follow the time on the wire, in the order of docs/revocation.md. An
// unknown kind has no fields.
func (r *Record) AppendFields(dst []byte) []byte {
	switch r.Kind {
	case KindRevoke, KindUnrevoke:
		dst = appendSerial(dst, r.Serial)
	case KindAnnounceKey:
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Key))
		dst = append(dst, r.Public[:]...)
	case KindRetireKey:
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Key))
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.Cutoff))
	case KindExempt:
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Key))
		dst = appendSerial(dst, r.Serial)
	case KindRevokeSubject:
		dst = append(dst, r.Subject[:]...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.Cutoff))
	case KindRevokeSession:
		dst = binary.BigEndian.AppendUint32(appendSerial(dst, r.Serial), uint32(r.Start))
	}
	return dst
}

// SetFields decodes the output of [Record.AppendFields] for r.Kind. It reports whether the kind is known and
// p has exactly its length.
func (r *Record) SetFields(p []byte) bool {
	if !r.Kind.known() || len(p) != payloadSizes[r.Kind]-timeSize {
		return false
	}
	switch r.Kind {
	case KindRevoke, KindUnrevoke:
		r.Serial = serialAt(p)
	case KindAnnounceKey:
		r.Key, r.Public = tokens.KeyID(binary.BigEndian.Uint16(p)), [tokens.PublicKeySize]byte(p[2:])
	case KindRetireKey:
		r.Key, r.Cutoff = tokens.KeyID(binary.BigEndian.Uint16(p)), int64(binary.BigEndian.Uint32(p[2:]))
	case KindExempt:
		r.Key, r.Serial = tokens.KeyID(binary.BigEndian.Uint16(p)), serialAt(p[2:])
	case KindRevokeSubject:
		r.Cutoff = int64(binary.BigEndian.Uint32(p[copy(r.Subject[:], p):]))
	case KindRevokeSession:
		r.Serial, r.Start = serialAt(p), int64(binary.BigEndian.Uint32(p[6:]))
	}
	return true
}

func appendSerial(dst []byte, s tokens.Serial) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, s.Day), s.Index)
}

func serialAt(p []byte) tokens.Serial {
	return tokens.Serial{Day: binary.BigEndian.Uint16(p), Index: binary.BigEndian.Uint32(p[2:])}
}

// readRecord decodes the first record of src. ok is false if src is too short, or if a known kind has a wrong
// length or a time of 2^63 or more.
func readRecord(src []byte) (r Record, rest []byte, ok bool) {
	if len(src) < recordHead {
		return r, nil, false
	}
	r.Kind = Kind(src[0])
	size := int(src[1])
	src = src[recordHead:]
	if len(src) < size {
		return r, nil, false
	}
	p, rest := src[:size], src[size:]
	if !r.Kind.known() {
		return r, rest, true
	}
	if size < timeSize {
		return r, nil, false
	}
	if r.At = int64(binary.BigEndian.Uint64(p)); r.At < 0 {
		return r, nil, false
	}
	ok = r.SetFields(p[timeSize:])
	return r, rest, ok
}
