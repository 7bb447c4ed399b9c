package rules

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

func TestB2_ToBeSubmittedPassengersAreBounded(t *testing.T) {
	a, p, l := account(identity.Passport, ToBeSubmitted), passenger(identity.Passport, ToBeSubmitted), DefaultLimits()
	refused(t, CanAdd(a, p, Counts{Counted: 4, ToBeSubmitted: 4}, l), "", "the fifth")
	refused(t, CanAdd(a, p, Counts{Counted: 5, ToBeSubmitted: 5}, l), ToBeSubmittedFull, "the sixth")
	p.Status = PreVerified
	refused(t, CanAdd(a, p, Counts{Counted: 5, ToBeSubmitted: 5}, l), "", "a pre-verified one more")

	failed := passenger(identity.Passport, Failed)
	if s, err := CanEdit(a, failed, person(identity.Passport, 5), Counts{Counted: 4, ToBeSubmitted: 4, Failed: 1}, l); err != nil || s != ToBeSubmitted {
		t.Errorf("an edit to the fifth: %v, %v", s, err)
	}
	_, err := CanEdit(a, failed, person(identity.Passport, 5), Counts{Counted: 5, ToBeSubmitted: 5, Failed: 1}, l)
	refused(t, err, ToBeSubmittedFull, "an edit beyond the limit")
	_, err = CanEdit(a, passenger(identity.Passport, ToBeSubmitted), person(identity.TaiwanPermit, 5), Counts{Counted: 5, ToBeSubmitted: 5}, l)
	refused(t, err, "", "an edit of one of the five")
	_, err = CanEdit(a, passenger(identity.Passport, Failed), person(identity.ResidentID, 5), Counts{Failed: 1}, l)
	refused(t, err, OtherDocumentsOnly, "a to-be-submitted account edits a passport to a resident ID card")
}

func TestB2_DocumentIsListedOnce(t *testing.T) {
	a, l := account(identity.ResidentID, Verified), DefaultLimits()
	list := []Passenger{passenger(identity.Passport, Verified), passenger(identity.ResidentID, Failed)}
	refused(t, CanAdd(a, list[0], CountList(list, list[0].Person, -1), l), AlreadyListed, "a second line")
	self := Passenger{Person: a.Person, Status: Pending}
	refused(t, CanAdd(a, self, CountList(list, self.Person, -1), l), AlreadyListed, "the holder")
	_, err := CanEdit(a, list[1], list[1].Person, CountList(list, list[1].Person, 1), l)
	refused(t, err, "", "an edit that leaves the document")
	_, err = CanEdit(a, list[1], list[0].Person, CountList(list, list[0].Person, 1), l)
	refused(t, err, AlreadyListed, "an edit to another line's document")
	_, err = CanEdit(a, list[1], a.Person, CountList(list, a.Person, 1), l)
	refused(t, err, AlreadyListed, "an edit to the holder's")
}

func TestB2_OnlyPossiblePassengersAreAdded(t *testing.T) {
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		err := CanAdd(account(identity.ResidentID, Verified), passenger(d, s), Counts{}, DefaultLimits())
		if (err == nil) != (name != "") {
			t.Errorf("%v %v: %v", d, s, err)
		}
	})
}

func TestB3_CountedPassengersAreBounded(t *testing.T) {
	a, l := account(identity.ResidentID, Verified), DefaultLimits()
	for _, s := range []Status{Verified, PreVerified, ToBeSubmitted} {
		refused(t, CanAdd(a, passenger(identity.Passport, s), Counts{Counted: 99}, l), "", "the 100th, %v", s)
		refused(t, CanAdd(a, passenger(identity.Passport, s), Counts{Counted: 100}, l), ListFull, "the 101st, %v", s)
	}
	// Pending passengers do not count and can be added beyond the limit.
	pending, failed := passenger(identity.ResidentID, Pending), passenger(identity.ResidentID, Failed)
	refused(t, CanAdd(a, passenger(identity.Passport, ToBeSubmitted), Counts{Counted: 99, Pending: 99}, l), "", "pending passengers do not count")
	refused(t, CanAdd(a, pending, Counts{Counted: 100}, l), "", "a resident beyond the limit")
	refused(t, CanAdd(a, pending, Counts{Counted: 250, Pending: 99}, l), "", "the 350th")
	refused(t, CanAdd(a, passenger(identity.Passport, ToBeSubmitted), Counts{Counted: 100}, l), ListFull, "a passport beyond the limit")
	refused(t, CanAdd(account(identity.Passport, Verified), passenger(identity.Passport, ToBeSubmitted), Counts{Counted: 100}, l), ListFull, "an account with a passport")
	// They are bounded as well.
	refused(t, CanAdd(a, pending, Counts{Pending: 60, Failed: 39}, l), "", "the 100th that does not count")
	refused(t, CanAdd(a, pending, Counts{Pending: 60, Failed: 40}, l), UncountedFull, "the 101st")
	refused(t, CanAdd(a, passenger(identity.Passport, ToBeSubmitted), Counts{Pending: 60, Failed: 140}, l), "", "a counted passenger")
	refused(t, CanAdd(a, pending, Counts{Counted: 400, Pending: 99}, l), "", "the 500th line")
	refused(t, CanAdd(a, pending, Counts{Counted: 401, Pending: 99}, l), ListMaximum, "the 501st")

	_, err := CanEdit(a, failed, person(identity.ResidentID, 5), Counts{Counted: 100, Failed: 200}, l)
	refused(t, err, "", "an edit of an uncounted passenger")
	_, err = CanEdit(a, failed, person(identity.Passport, 5), Counts{Counted: 99, Failed: 200}, l)
	refused(t, err, "", "an edit to the 100th")
	_, err = CanEdit(a, failed, person(identity.Passport, 5), Counts{Counted: 100, Failed: 1}, l)
	refused(t, err, ListFull, "an edit beyond the limit")
	_, err = CanEdit(a, passenger(identity.Passport, ToBeSubmitted), person(identity.ResidentID, 5), Counts{Counted: 5, Pending: 100}, l)
	refused(t, err, UncountedFull, "an edit to one pending passenger too many")

	l.Passengers = 110 // the season
	refused(t, CanAdd(a, passenger(identity.Passport, Verified), Counts{Counted: 109}, l), "", "the 110th in the season")
	refused(t, CanAdd(a, passenger(identity.Passport, Verified), Counts{}, Limits{}), ListFull, "no limits set")
}

// G04 to G07: verification on a full list.
func TestG04_FullListNeedsBothOriginals(t *testing.T) {
	l := DefaultLimits()
	everyStatus(func(d identity.DocumentType, s Status, holder string) {
		everyStatus(func(e identity.DocumentType, u Status, line string) {
			if holder == "" || line == "" {
				return
			}
			a, p := account(d, s), passenger(e, u)
			for _, both := range []bool{false, true} {
				v := Visit{At: Agency, Original: true, HolderOriginal: both}
				refused(t, CanExceed(a, p, v, Counts{Counted: 99}, l), "", "the 100th, %s of %s", line, holder)
				want, needed := ListFull, false
				switch line {
				case "rv", "ov", "op", "ot": // already counted
					want = ""
				case "rp", "rf":
					if needed = holder[0] == 'r'; needed && both {
						want = ""
					} else if needed {
						want = HolderOriginalMissing
					}
				}
				full := Counts{Counted: 100}
				refused(t, CanExceed(a, p, v, full, l), want, "the 101st, %s of %s with both originals: %v", line, holder, both)
				if NeedsHolderOriginal(a, p, full, l) != needed || NeedsHolderOriginal(a, p, Counts{Counted: 99}, l) {
					t.Errorf("%s of %s: the holder's original is needed: %v", line, holder, !needed)
				}
			}
		})
	})
	l.Passengers = 110 // the season
	refused(t, CanExceed(account(identity.ResidentID, Verified), passenger(identity.ResidentID, Pending), Visit{}, Counts{Counted: 109}, l), "", "the 110th in the season")
}

// P14: an account with another document may have older resident ID passengers.
func TestP14_OlderResidentPassengersCanBeDeleted(t *testing.T) {
	l := DefaultLimits()
	everyStatus(func(d identity.DocumentType, s Status, holder string) {
		everyStatus(func(e identity.DocumentType, u Status, line string) {
			if holder == "" || line == "" {
				return
			}
			a, p := account(d, s), passenger(e, u)
			var want problem.Code
			if u.counted() && !(holder[0] == 'o' && line[0] == 'r') {
				want = PassengerKept
			}
			refused(t, CanDelete(a, p, l, now), want, "%s deletes %s immediately", holder, line)
			if until := TakenUntil(a, []Passenger{p}, l, now); until.After(now) != (want != "") {
				t.Errorf("%s with %s: identity is taken until %v", holder, line, until)
			}
			if holder[0] == 'o' && line[0] == 'r' {
				refused(t, CanBuy(a, p, 1, l), OtherDocumentsOnly, "%s buys for %s", holder, line)
				if _, err := CanEdit(a, p, person(identity.ResidentID, 7), Counts{}, l); err == nil {
					t.Errorf("%s edits %s to another resident", holder, line)
				}
			}
		})
	})
	// The passenger can still be edited to a passport.
	s, err := CanEdit(account(identity.Passport, Verified), passenger(identity.ResidentID, Pending), person(identity.Passport, 7), Counts{}, l)
	if s != ToBeSubmitted || err != nil {
		t.Errorf("%v, %v", s, err)
	}
}

func TestB3_LimitsAreValidated(t *testing.T) {
	d := DefaultLimits()
	if want := (Limits{100, 5, 100, 500, 180 * 24 * time.Hour, 20, 4}); d != want || d.Validate() != nil {
		t.Fatalf("%+v: %v", d, d.Validate())
	}
	for field, change := range map[string]func(*Limits){
		"passengers": func(l *Limits) { l.Passengers = 0 }, "passengers ": func(l *Limits) { l.Passengers = 1001 },
		"to_be_submitted": func(l *Limits) { l.ToBeSubmitted = -1 }, "to_be_submitted ": func(l *Limits) { l.ToBeSubmitted = 101 },
		"uncounted": func(l *Limits) { l.Uncounted = 0 }, "lines": func(l *Limits) { l.Lines = 1001 }, "lines ": func(l *Limits) { l.Lines = 99 },
		"keep": func(l *Limits) { l.Keep = -1 }, "keep ": func(l *Limits) { l.Keep = 11 * 366 * 24 * time.Hour },
		"tickets_in_all": func(l *Limits) { l.TicketsInAll = 0 }, "tickets_each": func(l *Limits) { l.TicketsEach = 21 },
	} {
		l := DefaultLimits()
		change(&l)
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(field)) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestB4_DeletionSucceedsAtRetryAt(t *testing.T) {
	p, l := passenger(identity.ResidentID, Verified), DefaultLimits()
	p.AddedAt = p.AddedAt.Add(time.Millisecond)
	var r *problem.Error
	if err := CanDelete(account(identity.ResidentID, Verified), p, l, now); !errors.As(err, &r) || r.RetryAt != now.Add(l.Keep).Unix()+1 {
		t.Fatalf("%+v", r)
	}
	refused(t, CanDelete(account(identity.ResidentID, Verified), p, l, time.Unix(r.RetryAt, 0)), "", "at RetryAt")

	// A passenger fixed by a ticket is not freed by time.
	p = passenger(identity.Passport, ToBeSubmitted)
	p.Tickets = 1
	if err := CanDelete(account(identity.ResidentID, Verified), p, l, now); !errors.As(err, &r) || r.Code != TicketBought || r.RetryAt != 0 {
		t.Fatalf("%+v", r)
	}
}

func TestB4_TicketFixesTheHoldersIdentity(t *testing.T) {
	a := account(identity.Passport, ToBeSubmitted)
	a.Tickets = 3 // for others
	if s, err := CanEditOwn(a, person(identity.ResidentID, 7)); s != Pending || err != nil {
		t.Errorf("%v, %v", s, err)
	}
	a.OwnTickets = 1
	_, err := CanEditOwn(a, person(identity.ResidentID, 7))
	refused(t, err, TicketBought, "a ticket of the holder's own")
	a.Status = Verified
	_, err = CanEditOwn(a, person(identity.ResidentID, 7))
	refused(t, err, IdentityFixed, "a verified holder")
}
