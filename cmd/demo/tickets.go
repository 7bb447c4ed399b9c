package main

import (
	"context"
	"fmt"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// traveller is the passenger who buys tickets; another one has none.
const (
	traveller    = 6
	ticketless   = 7
	travellerTel = "13800000006"
)

// ticketIsHeld shows a gate that requires a ticket. The ticketing system reports tickets to the issuer, which
// publishes them to the gateways.
func (s *story) ticketIsHeld(a, _ *phone) error {
	s.title("The gate knows the ticket")
	ctx := context.Background()
	p, err := s.approved(traveller)
	if err != nil {
		return err
	}
	*a = *p
	other, err := s.approved(ticketless)
	if err != nil {
		return err
	}
	account, err := s.client.Register(ctx, person(traveller), "traveller_6", travellerTel, s.staff)
	if err != nil {
		return err
	}
	s.issued("registers the passenger; a window verifies the ID card", nil, "ok", "ok")
	s.account = account
	today := s.ticket("E1", "G101", 2*time.Hour, "05", "12F")
	sold, err := s.sell(today)
	if err != nil {
		return err
	}
	s.issued("takes the ticketing system's report: G101 in 2 h", nil, "ok", "ok")
	code, none := a.code(a.step()), other.code(other.step())
	s.awaitTicket(sold, "the gate admits its holder %.1f ms later", code, "ok, G101 05 12F")
	s.ticketed("it refuses a passenger without a ticket", none, "no_ticket")

	if err := s.client.Tell(ctx, today.Cancelled(), s.ticketing); err != nil {
		return err
	}
	cancelled := time.Now()
	s.issued("takes the report that G101 is cancelled", nil, "ok", "ok")
	s.awaitTicket(cancelled, "the gate refuses its holder %.1f ms later", code, "no_ticket")
	late := s.ticket("E2", "G7", 20*time.Hour, "01", "1A")
	if sold, err = s.sell(late); err != nil {
		return err
	}
	s.issued("takes the report of another ticket: G7 in 20 h", nil, "ok", "ok")
	s.awaitTicket(sold, "the gate knows %.1f ms later that it is too early", code, "too_early")
	if err := s.later(20*time.Hour+time.Minute, "20 hours pass; G7 left a minute ago"); err != nil {
		return err
	}
	if err := a.openSession(); err != nil {
		return err
	}
	s.ticketed("the gate refuses a passenger whose train has left", a.code(a.step()), "train_departed")
	return nil
}

// ticket returns a ticket of the traveller for a train that departs after some time.
func (s *story) ticket(reference, train string, in time.Duration, coach, seat string) passenger.Ticket {
	return passenger.Ticket{Reference: reference, Account: s.account, Train: train, Departs: s.clock.now().Add(in), Coach: coach, Seat: seat}
}

// sell reports a ticket and returns when the issuer had taken the report.
func (s *story) sell(t passenger.Ticket) (sold time.Time, err error) {
	err = s.client.Tell(context.Background(), t.Report(), s.ticketing)
	return time.Now(), err
}

// ticketed scans a code at the gate that requires a ticket and compares the verdict and the ticket.
func (s *story) ticketed(what string, code tokens.Token, want string) {
	got, admitted, err := s.scanTicket(code)
	s.step(light(admitted), what, got, want, s.took, err)
}

// awaitTicket is ticketed once the verdict is the expected one, after at most the time in which a change becomes
// effective. format has a verb for the milliseconds since a time.
func (s *story) awaitTicket(since time.Time, format string, code tokens.Token, want string) {
	got, admitted, err := s.scanTicket(code)
	for end := since.Add(effective); got != want && err == nil && time.Now().Before(end); {
		got, admitted, err = s.scanTicket(code)
	}
	s.step(light(admitted), sinceMS(format, since), got, want, s.took, err)
}

// scanTicket returns the reason and, if there is one, the ticket of a verdict.
func (s *story) scanTicket(code tokens.Token) (got string, admitted bool, err error) {
	v, err := s.scan(s.gate(s.beijing, ticketGate), code.Text(), "entry")
	got = v.Reason + v.Code
	if t := v.Ticket; t.State == "held" {
		got = seat(got, t.Train, t.Coach, t.Seat)
	}
	return got, v.Verdict == "allow", err
}

// seat appends a ticket to a reason.
func seat(reason, train, coach, seat string) string {
	return fmt.Sprintf("%s, %s %s %s", reason, train, coach, seat)
}
