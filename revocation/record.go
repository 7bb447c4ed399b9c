package revocation

import (
	"encoding/binary"
	"fmt"

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
	// 8 is not used: published vectors have it as an unknown kind.

	KindAnnounceGateway Kind = 9  // Gateway signs its passages, bundles and receipts with Public
	KindWithdrawGateway Kind = 10 // what Gateway dates at or after Cutoff is refused
	KindForgive         Kind = 11 // passages of Serial up to the record's time do not count
	KindAmnesty         Kind = 12 // from From until Until, Scopes at Station neither need nor leave passages
	KindBooking         Kind = 13 // of the domain Bookings: Body is a booking, see package booking
	KindEndAmnesty      Kind = 14 // the amnesty of Scopes at Station from From until Until ends at Cutoff
)

// newestKind is the greatest kind of control record that this gateway knows.
const newestKind = KindEndAmnesty

var kindNames = map[Kind]string{
	KindRevoke: "revoke", KindUnrevoke: "unrevoke",
	KindAnnounceKey: "announce_key", KindRetireKey: "retire_key",
	KindExempt: "exempt", KindRevokeSubject: "revoke_subject", KindRevokeSession: "revoke_session",
	KindAnnounceGateway: "announce_gateway", KindWithdrawGateway: "withdraw_gateway",
	KindForgive: "forgive", KindAmnesty: "amnesty", KindBooking: "booking",
	KindEndAmnesty: "end_amnesty",
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
	Gateway GatewayID
	Scopes  tokens.Scopes
	Station Station // zero: every station
	From    int64   // Unix seconds
	Until   int64   // Unix seconds, exclusive
	Body    string  // 1 to MaxBody bytes
}

// On the wire a record is kind (1), payload length (1), payload. The length allows a gateway to skip kinds
// that are newer than itself.
const (
	recordHead = 2
	maxPayload = 255
	// MaxBody is the greatest length of a booking, bytes.
	MaxBody = 240
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

	KindAnnounceGateway: timeSize + 2 + tokens.PublicKeySize,
	KindWithdrawGateway: timeSize + 2 + 4,
	KindForgive:         timeSize + 6,
	KindAmnesty:         timeSize + 1 + len(Station{}) + 4 + 4,
	KindBooking:         timeSize + 1, // at least: the length of Body varies
	KindEndAmnesty:      timeSize + 1 + len(Station{}) + 4 + 4 + 4,
}

func (k Kind) known() bool { return int(k) < len(payloadSizes) && payloadSizes[k] != 0 }

// fits reports whether n bytes after the time can be fields of the kind.
func (k Kind) fits(n int) bool {
	if k == KindBooking {
		return n >= 1 && n <= MaxBody
	}
	return k.known() && n == payloadSizes[k]-timeSize
}

// encodable returns why the record cannot be encoded for a domain.
func (r *Record) encodable(d Domain) error {
	switch {
	case !r.Kind.known():
		return fmt.Errorf("revocation: record of unknown kind %d", r.Kind)
	case !d.knows(r.Kind):
		return fmt.Errorf("revocation: a record of kind %s in a batch of another domain", r.Kind)
	case r.Kind == KindBooking && !r.Kind.fits(len(r.Body)):
		return fmt.Errorf("revocation: a booking of %d bytes, want 1 to %d", len(r.Body), MaxBody)
	}
	return nil
}

// timeSize is the length of the time at the start of every payload, bytes.
const timeSize = 8

func (r *Record) append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, byte(r.Kind), 0)
	dst = r.AppendFields(binary.BigEndian.AppendUint64(dst, uint64(r.At)))
	dst[at+1] = byte(len(dst) - at - recordHead)
	return dst
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
	case KindAnnounceGateway:
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Gateway))
		dst = append(dst, r.Public[:]...)
	case KindWithdrawGateway:
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Gateway))
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.Cutoff))
	case KindForgive:
		dst = appendSerial(dst, r.Serial)
	case KindAmnesty, KindEndAmnesty:
		dst = append(append(dst, byte(r.Scopes)), r.Station[:]...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.From))
		dst = binary.BigEndian.AppendUint32(dst, uint32(r.Until))
		if r.Kind == KindEndAmnesty {
			dst = binary.BigEndian.AppendUint32(dst, uint32(r.Cutoff))
		}
	case KindBooking:
		dst = append(dst, r.Body...)
	}
	return dst
}

// SetFields decodes the output of [Record.AppendFields] for r.Kind. It reports whether the kind is known and
// p has exactly its length.
func (r *Record) SetFields(p []byte) bool {
	if !r.Kind.fits(len(p)) {
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
	case KindAnnounceGateway:
		r.Gateway, r.Public = GatewayID(binary.BigEndian.Uint16(p)), [tokens.PublicKeySize]byte(p[2:])
	case KindWithdrawGateway:
		r.Gateway, r.Cutoff = GatewayID(binary.BigEndian.Uint16(p)), int64(binary.BigEndian.Uint32(p[2:]))
	case KindForgive:
		r.Serial = serialAt(p)
	case KindAmnesty, KindEndAmnesty:
		r.Scopes = tokens.Scopes(p[0])
		p = p[1+copy(r.Station[:], p[1:]):]
		r.From, r.Until = int64(binary.BigEndian.Uint32(p)), int64(binary.BigEndian.Uint32(p[4:]))
		if r.Kind == KindEndAmnesty {
			r.Cutoff = int64(binary.BigEndian.Uint32(p[8:]))
		}
	case KindBooking:
		r.Body = string(p)
	}
	return true
}

func appendSerial(dst []byte, s tokens.Serial) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, s.Day), s.Index)
}

func serialAt(p []byte) tokens.Serial {
	return tokens.Serial{Day: binary.BigEndian.Uint16(p), Index: binary.BigEndian.Uint32(p[2:])}
}

// readRecord decodes the first record of src. Of a kind that the domain does not know, only Kind is set. ok is
// false if src is too short, or if a known kind has a wrong length or a time of 2^63 or more.
func readRecord(src []byte, d Domain) (r Record, rest []byte, ok bool) {
	kind, payload, rest, ok := splitRecord(src, d)
	r.Kind = kind
	if ok && d.knows(kind) {
		r.At = int64(binary.BigEndian.Uint64(payload))
		r.SetFields(payload[timeSize:])
	}
	return r, rest, ok
}

// splitRecord is readRecord without decoding the fields.
func splitRecord(src []byte, d Domain) (kind Kind, payload, rest []byte, ok bool) {
	if len(src) < recordHead {
		return 0, nil, nil, false
	}
	kind, size := Kind(src[0]), int(src[1])
	src = src[recordHead:]
	if len(src) < size {
		return 0, nil, nil, false
	}
	payload, rest = src[:size], src[size:]
	if d.knows(kind) && (size < timeSize || !kind.fits(size-timeSize) || payload[0] >= 1<<7) {
		return 0, nil, nil, false
	}
	return kind, payload, rest, true
}
