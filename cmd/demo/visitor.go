package main

import (
	"context"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/passenger"
)

const (
	firstVisitor = 900 // the people whose names -serve prints
	visitors     = 3
	ticketed     = firstVisitor + visitors // the person whose account it makes
	visitorLogin = "demo_traveller"
	visitorPhone = "13800000903"
	departure    = 90 * time.Minute // from the start of the demo
)

// makeVisitor makes an account for people who try the pages: its holder is verified and has a ticket.
func (h *system) makeVisitor() (passenger.Ticket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	ticket := passenger.Ticket{Reference: "E900", Train: "G101", Departs: h.clock.now().Add(departure).Truncate(time.Minute), Coach: "05", Seat: "12F"}
	var err error
	if ticket.Account, err = h.client.Register(ctx, person(ticketed), visitorLogin, visitorPhone, h.byRole[staff.Window]); err != nil {
		return ticket, err
	}
	return ticket, h.client.Tell(ctx, ticket.Report(), h.ticketing)
}
