package booking_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

var beijing, shanghai, jinan = revocation.StationOf("北京南"), revocation.StationOf("上海虹桥"), revocation.StationOf("济南西")

// ticket is a booking from Beijing to Shanghai that departs at ten o'clock.
func ticket(number uint64) booking.Booking {
	return booking.Booking{
		Ticket: number, Day: today, Subject: [8]byte{'s', 'u', 'b', 'j', 'e', 'c', 't'}, From: beijing, To: shanghai,
		Train: "G101", Departs: midnight + 10*hour, Arrives: midnight + 15*hour, Coach: "05", Seat: "12F",
	}
}

func cancel(b booking.Booking) booking.Booking {
	return booking.Booking{Ticket: b.Ticket, Day: b.Day, Subject: b.Subject, Cancelled: true, From: b.From, To: b.To}
}

func TestBookingsSurviveTheWire(t *testing.T) {
	standing := ticket(1<<64 - 1)
	standing.Coach, standing.Seat = "加1", "无座"
	for _, b := range []booking.Booking{ticket(0), standing, cancel(ticket(7)), longest()} {
		body := string(b.Append(nil))
		got, err := booking.Parse(body)
		if err != nil || got != b {
			t.Errorf("%+v became %+v, %v", b, got, err)
		}
		if len(body) > revocation.MaxBody {
			t.Errorf("%d bytes, want at most %d", len(body), revocation.MaxBody)
		}
	}
	// A cancellation has no other fields, whatever the booking had.
	whole := ticket(7)
	whole.Cancelled = true
	if got, err := booking.Parse(string(whole.Append(nil))); err != nil || got != cancel(ticket(7)) {
		t.Errorf("a cancellation became %+v, %v", got, err)
	}
}

// longest has the longest labels that the issuer accepts: 16 characters of 4 bytes.
func longest() booking.Booking {
	b := ticket(1)
	b.Train, b.Coach, b.Seat = strings.Repeat("𠀀", 16), strings.Repeat("𠀁", 16), strings.Repeat("𠀂", 16)
	return b
}

func TestBookingsThatHaveNoWireForm(t *testing.T) {
	for what, spoil := range map[string]func(*booking.Booking){
		"no day":                 func(b *booking.Booking) { b.Day = 0 },
		"no subject":             func(b *booking.Booking) { b.Subject = tokens.Subject{} },
		"from nowhere":           func(b *booking.Booking) { b.From = revocation.Station{} },
		"to nowhere":             func(b *booking.Booking) { b.To = revocation.Station{} },
		"no departure":           func(b *booking.Booking) { b.Departs, b.Arrives = 0, hour },
		"arrives as it departs":  func(b *booking.Booking) { b.Arrives = b.Departs },
		"runs for over 4 days":   func(b *booking.Booking) { b.Arrives = b.Departs + booking.MaxJourney + 1 },
		"no train":               func(b *booking.Booking) { b.Train = "" },
		"no coach":               func(b *booking.Booking) { b.Coach = "" },
		"no seat":                func(b *booking.Booking) { b.Seat = "" },
		"17 characters":          func(b *booking.Booking) { b.Train = strings.Repeat("车", 17) },
		"a space before":         func(b *booking.Booking) { b.Seat = " 12F" },
		"a wide space after":     func(b *booking.Booking) { b.Seat = "12F\u3000" },
		"a line feed":            func(b *booking.Booking) { b.Coach = "0\n5" },
		"a right-to-left mark":   func(b *booking.Booking) { b.Coach = "0\u202e5" },
		"broken UTF-8":           func(b *booking.Booking) { b.Train = "G10\xff" },
		"a surrogate in UTF-8":   func(b *booking.Booking) { b.Train = "G\xed\xa0\x80" },
		"an overlong slash":      func(b *booking.Booking) { b.Train = "G\xc0\xaf" },
		"a label of 65 bytes":    func(b *booking.Booking) { b.Train = strings.Repeat("x", 65) },
		"a cancelled no station": func(b *booking.Booking) { b.Cancelled, b.From = true, revocation.Station{} },
		"a cancelled day zero":   func(b *booking.Booking) { b.Cancelled, b.Day = true, 0 },
	} {
		b := ticket(1)
		spoil(&b)
		if b.Check() == nil {
			t.Errorf("%s: passes Check", what)
		}
		if _, err := booking.Parse(string(b.Append(nil))); !errors.Is(err, booking.ErrForm) {
			t.Errorf("%s: Parse returned %v", what, err)
		}
	}
	b := ticket(1)
	b.Departs, b.Arrives = 1<<32-hour, 1<<32
	if b.Check() == nil {
		t.Error("an arrival after 32 bits passes Check")
	}
}

func TestBodiesThatAreNotBookings(t *testing.T) {
	b := ticket(1)
	body, c := string(b.Append(nil)), cancel(b)
	cancelled := string(c.Append(nil))
	for what, bad := range map[string]string{
		"empty":                          "",
		"too long":                       body + strings.Repeat("x", revocation.MaxBody),
		"form 0":                         "\x00" + body[1:],
		"form 3":                         "\x03" + body[1:],
		"one byte more":                  body + "x",
		"a cancellation with more":       cancelled + body[len(cancelled):],
		"a booking without its times":    "\x01" + cancelled[1:],
		"a length beyond the end":        body[:43] + "\xff" + body[44:],
		"a cancellation with a day of 0": cancelled[:1] + "\x00\x00" + cancelled[3:],
	} {
		if _, err := booking.Parse(bad); !errors.Is(err, booking.ErrForm) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, whole := range []string{body, cancelled} {
		for n := range whole {
			if _, err := booking.Parse(whole[:n]); !errors.Is(err, booking.ErrForm) {
				t.Errorf("%d of %d bytes: %v", n, len(whole), err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range wireVectors() {
		f.Add(string(v.Body))
	}
	f.Fuzz(func(t *testing.T, body string) {
		b, err := booking.Parse(body)
		if err != nil {
			if b != (booking.Booking{}) {
				t.Fatal("a refused body returns fields")
			}
			return
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		if again := string(b.Append(nil)); again != body {
			t.Fatalf("%x was parsed, and is spelled %x", body, again)
		}
	})
}
