package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestB5_TicketsOfUncheckedAreBounded(t *testing.T) {
	l := DefaultLimits()
	for _, c := range []struct {
		name               string
		account, passenger Status
		inAll, each, more  int
		code               problem.Code
	}{
		{"the 4th for one", ToBeSubmitted, ToBeSubmitted, 3, 3, 1, ""},
		{"the 5th for one", ToBeSubmitted, ToBeSubmitted, 4, 4, 1, PassengerTicketLimit},
		{"four in one order", ToBeSubmitted, ToBeSubmitted, 0, 0, 4, ""},
		{"five in one order", ToBeSubmitted, ToBeSubmitted, 0, 0, 5, PassengerTicketLimit},
		{"the 20th in all", ToBeSubmitted, ToBeSubmitted, 19, 0, 1, ""},
		{"the 21st in all", ToBeSubmitted, ToBeSubmitted, 20, 0, 1, AccountTicketLimit},
		{"the 20th and 21st", ToBeSubmitted, Verified, 19, 0, 2, AccountTicketLimit},
		{"a verified passenger's 20th", ToBeSubmitted, Verified, 19, 19, 1, ""},
		{"a pre-verified passenger's 5th", ToBeSubmitted, PreVerified, 4, 4, 1, ""},
		{"a verified account's 4th for one", Verified, ToBeSubmitted, 99, 3, 1, ""},
		{"a verified account's 5th for one", Verified, ToBeSubmitted, 99, 4, 1, PassengerTicketLimit},
		{"a pre-verified account's 5th for one", PreVerified, ToBeSubmitted, 99, 4, 1, PassengerTicketLimit},
		{"a verified account's 100th for a verified one", Verified, Verified, 99, 99, 1, ""},
		{"a pre-verified account's 100th for a pre-verified one", PreVerified, PreVerified, 99, 99, 1, ""},
		{"none", Verified, Verified, 0, 0, 0, TicketsInvalid},
		{"a negative number", ToBeSubmitted, ToBeSubmitted, 20, 4, -1, TicketsInvalid},
		{"the largest number", ToBeSubmitted, ToBeSubmitted, 0, 0, int(^uint(0) >> 1), AccountTicketLimit},
	} {
		a, p := account(identity.Passport, c.account), passenger(identity.Passport, c.passenger)
		a.Tickets, p.Tickets = c.inAll, c.each
		refused(t, CanBuy(a, p, c.more, l), c.code, "%s", c.name)
	}
	citizen, guest := account(identity.ResidentID, Verified), passenger(identity.HKMacauPermit, ToBeSubmitted)
	citizen.Tickets, guest.Tickets = 50, 3
	refused(t, CanBuy(citizen, guest, 1, l), "", "a resident ID account's 4th for one")
	refused(t, CanBuy(citizen, guest, 2, l), PassengerTicketLimit, "a resident ID account's 5th for one")
	self := account(identity.Passport, ToBeSubmitted)
	self.Tickets, self.OwnTickets = 4, 4
	refused(t, CanBuy(self, self.Self(), 1, l), PassengerTicketLimit, "the holder's own 5th")
}

// A changed ticket and its replacement count as two (P16, P17): if one more ticket may not be
// bought, no ticket may be changed.
func TestP17_ChangeCountsAsATicket(t *testing.T) {
	l := DefaultLimits()
	for _, c := range []struct {
		name               string
		account, passenger Status
		inAll, each        int
		code               problem.Code
	}{
		{"with 3 for the passenger", Verified, ToBeSubmitted, 99, 3, ""},
		{"with 4 for the passenger", Verified, ToBeSubmitted, 99, 4, PassengerTicketLimit},
		{"with 5, since a change was reported late", Verified, ToBeSubmitted, 99, 5, PassengerTicketLimit},
		{"a pre-verified account's, with 4 for the passenger", PreVerified, ToBeSubmitted, 99, 4, PassengerTicketLimit},
		{"with 4 for a pre-verified one", ToBeSubmitted, PreVerified, 4, 4, ""},
		{"with 19 in all", ToBeSubmitted, Verified, 19, 19, ""},
		{"with 20 in all", ToBeSubmitted, Verified, 20, 19, AccountTicketLimit},
		{"with 20 in all, by a verified account", Verified, Verified, 20, 20, ""},
	} {
		a, p := account(identity.Passport, c.account), passenger(identity.Passport, c.passenger)
		a.Tickets, p.Tickets = c.inAll, c.each
		refused(t, CanChangeOnline(a, p, true, l), c.code, "a change %s", c.name)
		refused(t, CanChangeOnline(a, p, false, l), NotItsTicket, "another account's, %s", c.name)
	}
}

// A visitor with a passport who bought tickets is pre-verified at the counter and can then change
// the ticket; one who does not match can only get a refund.
func TestB7_PreVerificationComesBeforeTheService(t *testing.T) {
	for _, matches := range []bool{true, false} {
		p := passenger(identity.Passport, ToBeSubmitted)
		for s := Exchange; s <= Refund; s++ {
			first, err := CanServe(p, "", Serving{At: Window, Service: s})
			if first != PreVerification || err != nil {
				t.Fatalf("%d: %v, %v", s, first, err)
			}
		}
		status, err := Verify(p, Contact{}, Visit{At: Window, Original: true, InDate: true, Readable: true}, matches)
		runtest.Must(t, err)
		p.Status = status
		for s := Exchange; s <= Refund; s++ {
			first, err := CanServe(p, "", Serving{At: Window, Service: s})
			var want problem.Code
			if !matches && s != Refund {
				want = RefundOnly
			}
			if refused(t, err, want, "service %d, matches: %v", s, matches); first != Nothing {
				t.Errorf("service %d: first %v", s, first)
			}
		}
	}
	rare := passenger(identity.ResidentID, Pending)
	rare.Person.Name.Uncommon = true
	_, err := CanServe(rare, "", Serving{At: Agency, Service: Exchange})
	refused(t, err, StationWindowOnly, "an agency does not verify a rare name")
	if first, err := CanServe(rare, "", Serving{At: Window, Service: Exchange}); first != Verification || err != nil {
		t.Errorf("a window does: %v, %v", first, err)
	}
}

func TestB9_ChildWithoutDocumentTravelsOnTheAdults(t *testing.T) {
	child, adult := passenger(identity.ResidentID, Pending), passenger(identity.Passport, Verified)
	if got, err := TicketIdentity(&child, &adult); got != child || err != nil {
		t.Errorf("a child with a document: %v", err)
	}
	if got, err := TicketIdentity(&child, nil); got != child || err != nil {
		t.Errorf("a child with a document, alone: %v", err)
	}
	if got, err := TicketIdentity(nil, &adult); got != adult || err != nil {
		t.Errorf("a child without: %v", err)
	}
	_, err := TicketIdentity(nil, nil)
	refused(t, err, ChildAlone, "a child without, alone")
}
