package gateway

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Bookings connects a gateway to the bookings of its station. The zero value is for gateways on which no device
// has a ticket policy.
type Bookings struct {
	Table *booking.Table
	// Replica says how fresh the table is: it applies the records of the topic to the table.
	Replica *revocation.Replica
}

// ticketScopes are the uses for which a ticket is looked up. To windows a person often comes to get one.
const ticketScopes = tokens.Scopes(tokens.Verify | tokens.Entry | tokens.Exit | tokens.Onboard)

// ticket is the part of a verdict about the ticket.
type ticket struct {
	on      bool // false: the verdict does not mention it
	flagged bool
	booking.Ticket
}

// ticketReasons are the reasons of denials, by the state of the ticket.
var ticketReasons = [...]tokens.Reason{booking.Unknown: tokens.ReasonNoBookings, booking.None: tokens.ReasonNoTicket,
	booking.Early: tokens.ReasonTooEarly, booking.Late: tokens.ReasonDeparted, booking.Valid: tokens.ReasonOK}

// requireTicket looks up the ticket of a code's holder as of a scan, at Unix ms, and applies the device's policy. The
// result is in s.ticket. It allocates nothing and takes no lock.
func (g *Gateway) requireTicket(s *scratch, t *tokens.Token, from *caller, now, at int64) tokens.Reason {
	policy, v := &from.device.ticket, &s.ticket
	*v = ticket{on: true}
	if usable, complete := g.bookingsUsable(now); usable {
		s.lookup = booking.Query{Day: t.Serial().Day, Subject: t.Subject(), Scope: from.scope, Station: g.station,
			Train: from.train, At: at / 1000, Opens: int64(policy.Opens / time.Second)}
		g.Bookings.Table.Look(&s.lookup, &v.Ticket)
		if !complete && v.Held != booking.Valid {
			v.Ticket = booking.Ticket{}
		}
	}
	action := Serve
	switch {
	case v.Held == booking.Valid:
	case v.Held == booking.Unknown:
		action = policy.Unknown
	case policy.Mode == ModeFlag:
		action = Flag
	default:
		action = Deny
	}
	v.flagged = action == Flag
	if action == Deny {
		return ticketReasons[v.Held]
	}
	return tokens.ReasonOK
}

// bookingsUsable reports whether bookings can be looked up, and whether a missing one means that there is none.
// Stale data counts as complete, as in the bound that the stream states. Suspect data does not: records are
// missing, and may be missing for hours. Expired data is not used.
func (g *Gateway) bookingsUsable(now int64) (usable, complete bool) {
	f := g.Bookings.Replica.Freshness(now)
	usable = f.Usable && f.State != revocation.Booting && f.State != revocation.Expired
	return usable, usable && f.State != revocation.Suspect
}

// ticketHeads holds the constant part of every ticket.
var ticketHeads = func() (heads [booking.Valid + 1][2][]byte) {
	for h := range heads {
		for f, flagged := range []bool{false, true} {
			heads[h][f] = []byte(`,"ticket":{"state":"` + booking.Held(h).String() + `","flagged":` + strconv.FormatBool(flagged))
		}
	}
	return heads
}()

// append renders the part of a verdict; nothing if it is off. It names no person.
func (v *ticket) append(dst []byte) []byte {
	if !v.on {
		return dst
	}
	flagged := 0
	if v.flagged {
		flagged = 1
	}
	dst = append(dst, ticketHeads[v.Held][flagged]...)
	if v.Train != "" {
		dst = appendJSONString(append(dst, `,"train":`...), v.Train)
		dst = strconv.AppendInt(append(dst, `,"departs_at":`...), v.Departs, 10)
		dst = appendJSONString(append(dst, `,"coach":`...), v.Coach)
		dst = appendJSONString(append(dst, `,"seat":`...), v.Seat)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
