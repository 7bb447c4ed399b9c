package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens/tokentest"
)

// withTickets returns the setup of a gateway with a policy on tickets, and the feed of its bookings.
func withTickets(t testing.TB, e gateway.TicketEntry) (setup, *revocationtest.Feed) {
	t.Helper()
	policy, err := gateway.DefaultTicket.With(e)
	if err != nil {
		t.Fatal(err)
	}
	table := booking.NewTable(booking.Config{})
	feed := revocationtest.NewBookingsFeed(now, table)
	return setup{Config: gateway.Config{Policies: gateway.Policies{Ticket: policy}, Station: station,
		Bookings: gateway.Bookings{Table: table, Replica: feed.Replica}}}, feed
}

// book books a ticket for the passenger of an index, from the station to another one, some seconds after now.
func (s *harness) book(feed *revocationtest.Feed, index uint32, train string, after int64) {
	fields := s.issuer.Open(index, tokentest.Epoch).Fields
	b := booking.Booking{Ticket: uint64(index) + 1, Day: fields.Serial.Day, Subject: fields.Subject, From: revocation.StationOf(station),
		To: revocation.StationOf("上海虹桥"), Train: train, Departs: tokentest.Epoch + after, Arrives: tokentest.Epoch + after + 3600,
		Coach: "05", Seat: `无"座\`}
	if err := b.Check(); err != nil {
		s.t.Fatal(err)
	}
	feed.Apply(s.clock.Load(), revocation.Record{Kind: revocation.KindBooking, At: s.clock.Load(), Body: string(b.Append(nil))})
}

func (s *harness) expectTicket(query, code, reason, ticket string) {
	s.t.Helper()
	got, class, u := s.scan(gateDevice, query, code)
	if got != "ok" {
		got += "/" + class
	}
	said := "-"
	if u.Ticket != nil {
		said = fmt.Sprint(u.Ticket.State, " ", u.Ticket.Flagged, " ", u.Ticket.Train, u.Ticket.Coach, u.Ticket.Seat)
	}
	if got != reason || said != ticket {
		s.t.Errorf("%s: %s, ticket %s; want %s, %s", query, got, said, reason, ticket)
	}
}

func TestTicketIsRequired(t *testing.T) {
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "require"})
	s := start(t, p)
	s.book(feed, 7, "G101", 3600)
	s.book(feed, 8, "G102", 24*3600)
	s.book(feed, 9, "G103", -60)
	before := s.counters("railgate_tickets_total")
	s.expectTicket("scope=entry", s.goodCode(7), "ok", `held false G10105无"座\`)
	onlyGrew(t, before, s.counters("railgate_tickets_total"), "held")
	s.expectTicket("scope=verify", s.goodCode(7), "ok", `held false G10105无"座\`)
	s.expectTicket("scope=entry", s.goodCode(8), "too_early/passenger", `early false G10205无"座\`)
	s.expectTicket("scope=entry", s.goodCode(9), "train_departed/passenger", `late false G10305无"座\`)
	s.expectTicket("scope=entry", s.goodCode(10), "no_ticket/passenger", "none false ")
	s.expectTicket("scope=exit", s.goodCode(7), "no_ticket/passenger", "none false ")
	s.expectTicket("scope=onboard&train=G103", s.goodCode(9), "ok", `held false G10305无"座\`)
	s.expectTicket("train=G101&scope=onboard", s.goodCode(9), "no_ticket/passenger", "none false ")
	s.expectTicket("scope=onboard", s.goodCode(9), "ok", "unknown true ") // no train was named
	s.expectTicket("scope=sale", s.goodCode(10), "ok", "-")
	if a := string(s.check("entry", s.goodCode(7)).body); !strings.Contains(a, `"departs_at":1770685200,`) {
		t.Error(a)
	}
	// The booking is cancelled.
	fields := s.issuer.Open(7, tokentest.Epoch).Fields
	gone := booking.Booking{Ticket: 8, Day: fields.Serial.Day, Subject: fields.Subject, From: revocation.StationOf(station), To: revocation.StationOf("上海虹桥"), Cancelled: true}
	feed.Apply(now, revocation.Record{Kind: revocation.KindBooking, At: now, Body: string(gone.Append(nil))})
	s.expectTicket("scope=entry", s.goodCode(7), "no_ticket/passenger", "none false ")
}

func TestTicketIsFlagged(t *testing.T) {
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "flag"})
	s := start(t, p)
	s.book(feed, 9, "G103", -60)
	s.expectTicket("scope=entry", s.goodCode(7), "ok", "none true ")
	s.expectTicket("scope=entry", s.goodCode(9), "ok", `late true G10305无"座\`)
}

// Without usable booking data the policy decides.
func TestUnknownTickets(t *testing.T) {
	for _, c := range []struct{ unknown, reason, ticket string }{
		{"serve", "ok", "unknown false "}, {"flag", "ok", "unknown true "}, {"deny", "no_booking_data/verifier", "unknown false "},
	} {
		p, feed := withTickets(t, gateway.TicketEntry{Mode: "require", Unknown: c.unknown})
		policy, err := gateway.DefaultPolicy.With(gateway.PolicyEntry{Expired: "serve"})
		if err != nil {
			t.Fatal(err)
		}
		p.Policy = policy
		s := start(t, p)
		s.book(feed, 7, "G101", 7200)
		s.clock.Add(15 * 60 * 1000)
		s.expectTicket("scope=entry", s.goodCode(7), c.reason, c.ticket) // the data has expired
		booting, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now)
		if err != nil {
			t.Fatal(err)
		}
		p.Bookings.Replica = booting
		s = start(t, p)
		s.expectTicket("scope=entry", s.goodCode(7), c.reason, c.ticket)
	}
}

// The ticket is checked before the passage: a code without a ticket is not used up.
func TestTicketComesBeforePassage(t *testing.T) {
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "require"})
	second, told := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	p.Passback, p.Passages = second.Passback, second.Passages
	s := start(t, p)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "no_ticket/passenger", "exact not_counted false 0")
	s.book(feed, 7, "G101", 3600)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")
	if n := len(told.take()); n != 1 {
		t.Errorf("%d passages", n)
	}
	var tickets, passbacks float64
	for _, n := range s.counters("railgate_tickets_total") {
		tickets += n
	}
	for _, n := range s.counters("railgate_passback_total") {
		passbacks += n
	}
	if tickets != 2 || passbacks != 2 {
		t.Errorf("%v tickets and %v attempts were counted", tickets, passbacks)
	}
}

// While bookings are missing in the stream, a ticket that is known is held, and no passenger is told that there is
// none.
func TestSuspectBookingsDenyNobody(t *testing.T) {
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "require"})
	s := start(t, p)
	s.book(feed, 7, "G101", 3600)
	s.book(feed, 8, "G102", 24*3600)
	feed.Replica.Rewind(0, 100, "the log was recreated")
	s.expectTicket("scope=entry", s.goodCode(7), "ok", `held false G10105无"座\`)
	s.expectTicket("scope=entry", s.goodCode(8), "ok", "unknown true ")
	s.expectTicket("scope=entry", s.goodCode(9), "ok", "unknown true ")
}
