package booking

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A booking on the wire, big-endian. A cancellation ends after To. Every later form begins with form and day, so
// that a gateway knows the day of a booking that it cannot read.
//
//	offset size
//	     0    1  form: 1 booking, 2 cancellation
//	     1    2  day, from 1
//	     3    8  ticket
//	    11    8  subject
//	    19    8  from
//	    27    8  to
//	    35    4  departs, Unix seconds
//	    39    4  arrives, Unix seconds
//	    43       train, coach, seat: each its length in bytes (1) and UTF-8
const (
	formBooked    = 1
	formCancelled = 2

	offForm    = 0
	offDay     = 1
	offTicket  = 3
	offSubject = 11
	offFrom    = 19
	offTo      = 27
	offDeparts = 35 // end of a cancellation
	offArrives = 39
	offLabels  = 43
)

const (
	// MaxLabel bounds train, coach and seat, in characters. Our choice: the issuer accepts no longer ones.
	MaxLabel = 16
	// MaxJourney is the longest time from departure to arrival, seconds. Our choice: no train runs longer.
	MaxJourney = 4 * 24 * 3600
)

// ErrForm is returned for bookings that break a rule of the wire form.
var ErrForm = errors.New("booking: not a booking of this version")

// Check reports why the booking has no wire form, and nil if it has one. The error never quotes a value.
func (b *Booking) Check() error {
	switch {
	case b.Day == 0:
		return errors.New("booking: no day of the pseudonym")
	case b.Subject == (tokens.Subject{}):
		return errors.New("booking: no subject")
	case b.From == (revocation.Station{}) || b.To == (revocation.Station{}):
		return errors.New("booking: no station")
	case b.Cancelled:
		return nil
	case b.Departs <= 0 || b.Arrives > 1<<32-1:
		return errors.New("booking: departure and arrival must be Unix seconds of 32 bits, above 0")
	case b.Arrives <= b.Departs || b.Arrives-b.Departs > MaxJourney:
		return errors.New("booking: arrival must be after departure, by 4 days at most")
	case !isLabel(b.Train) || !isLabel(b.Coach) || !isLabel(b.Seat):
		return errors.New("booking: train, coach and seat must have 1 to 16 characters, without control characters and surrounding space")
	}
	return nil
}

// isLabel accepts every label that the issuer accepts in a journey. Quotation marks and backslashes are allowed.
func isLabel(s string) bool {
	if s == "" || len(s) > MaxLabel*utf8.UTFMax || !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxLabel {
		return false
	}
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

// Append appends the wire form, at most [revocation.MaxBody] bytes. The booking must pass [Booking.Check]:
// [Parse] refuses the bytes of another one.
func (b *Booking) Append(dst []byte) []byte {
	form := byte(formBooked)
	if b.Cancelled {
		form = formCancelled
	}
	dst = binary.BigEndian.AppendUint16(append(dst, form), b.Day)
	dst = binary.BigEndian.AppendUint64(dst, b.Ticket)
	dst = append(append(append(dst, b.Subject[:]...), b.From[:]...), b.To[:]...)
	if b.Cancelled {
		return dst
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.Departs))
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.Arrives))
	for _, label := range [...]string{b.Train, b.Coach, b.Seat} {
		dst = append(append(dst, byte(len(label))), label...)
	}
	return dst
}

// Parse decodes the wire form. It accepts exactly the outputs of [Booking.Append] for bookings that pass
// [Booking.Check], and returns [ErrForm] for all other bytes. The labels are parts of body. It does not allocate.
func Parse(body string) (Booking, error) {
	if len(body) < offDeparts || len(body) > revocation.MaxBody {
		return Booking{}, ErrForm
	}
	b := Booking{
		Day:       uint16(body[offDay])<<8 | uint16(body[offDay+1]),
		Ticket:    uint64(uint32At(body, offTicket))<<32 | uint64(uint32At(body, offTicket+4)),
		Cancelled: body[offForm] == formCancelled,
	}
	copy(b.Subject[:], body[offSubject:])
	copy(b.From[:], body[offFrom:])
	copy(b.To[:], body[offTo:])
	switch {
	case b.Cancelled && len(body) == offDeparts:
	case body[offForm] == formBooked && len(body) >= offLabels:
		b.Departs, b.Arrives = int64(uint32At(body, offDeparts)), int64(uint32At(body, offArrives))
		rest, ok := body[offLabels:], true
		for _, label := range [...]*string{&b.Train, &b.Coach, &b.Seat} {
			if *label, rest, ok = cutLabel(rest); !ok {
				return Booking{}, ErrForm
			}
		}
		if rest != "" {
			return Booking{}, ErrForm
		}
	default:
		return Booking{}, ErrForm
	}
	if b.Check() != nil {
		return Booking{}, ErrForm
	}
	return b, nil
}

// dayOf returns the day of a booking of any form; ok is false if it is too short to have one.
func dayOf(body string) (day uint16, ok bool) {
	if len(body) < offTicket {
		return 0, false
	}
	return uint16(body[offDay])<<8 | uint16(body[offDay+1]), true
}

func cutLabel(s string) (label, rest string, ok bool) {
	if s == "" || len(s) < 1+int(s[0]) {
		return "", "", false
	}
	return s[1 : 1+s[0]], s[1+s[0]:], true
}

func uint32At(s string, at int) uint32 {
	return uint32(s[at])<<24 | uint32(s[at+1])<<16 | uint32(s[at+2])<<8 | uint32(s[at+3])
}
