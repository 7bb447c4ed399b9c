package articles_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/runtest"
)

const day = 24 * time.Hour

// visitors makes a test person with each of the documents but the resident ID card.
func visitors(h *harness.Harness) []harness.Person {
	return []harness.Person{h.Visitor(), h.HKMacauVisitor(), h.TaiwanVisitor()}
}

// listOf sets the limit of lists; the rules' own number is 100.
func listOf(passengers int) harness.Option {
	return func(c *issuance.Config) {
		c.Limits = rules.DefaultLimits()
		c.Limits.Passengers, c.Limits.ToBeSubmitted = passengers, min(passengers, 5)
	}
}

// preVerified has a window find that an entry matches its document.
func preVerified(h *harness.Harness, a *harness.Account, passenger string) {
	h.T.Helper()
	becomes(h.T, h.Window().Verify(a, passenger, nil), "pre_verified")
}

// foreign are accounts with a passport that are to be submitted, pre-verified and
// verified.
func foreign(h *harness.Harness) []*harness.Account {
	h.T.Helper()
	waits, seen := h.Register(h.Visitor()), h.Register(h.Visitor())
	preVerified(h, seen, "holder")
	return []*harness.Account{waits, seen, h.Verified(h.Visitor())}
}

// moved is an account that has a passport now and had a resident ID card before: a
// window took that identity from it, and its holder entered another one.
func moved(h *harness.Harness, before func(a *harness.Account)) *harness.Account {
	h.T.Helper()
	a := h.Verified(h.Person())
	before(a)
	h.Window().FreeIdentity(a.Person, nil).OK(h.T)
	a.Person = h.Visitor()
	a.EditIdentity(a.Person).OK(h.T)
	a.HasStatus("holder", "to_be_submitted")
	return a
}

// A verified account adds passengers with resident ID cards; they are pending.
func TestR14_AVerifiedAccountAddsResidents(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		if p := a.Add(h.Person()); p.Status != "pending" || a.Entry(p.Passenger).Status != "pending" {
			t.Fatalf("added as %s", p.Status)
		}
	})
}

// A verified account with a resident ID card adds passengers with other documents,
// who are to be submitted.
func TestR15_AVerifiedResidentAccountAddsOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for _, who := range visitors(h) {
			if p := a.Add(who); p.Status != "to_be_submitted" {
				t.Errorf("%s: added as %s", who.DocumentType, p.Status)
			}
		}
	})
}

// addsNone asserts that an account may add no passenger.
func addsNone(t *testing.T, h *harness.Harness, a *harness.Account) {
	t.Helper()
	for _, who := range append(visitors(h), h.Person()) {
		if a.Person.DocumentType != "resident_id" && who.DocumentType == "resident_id" {
			continue
		}
		a.TryAdd(who).Refused(t, rules.AccountStatus).NextStep.Has(t, "核验")
	}
	a.HasListed(0)
}

func TestR16_APendingAccountAddsNobody(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { addsNone(t, h, h.Register(h.Person())) })
}

func TestR17_AFailedAccountAddsNobody(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		a.Fail("holder")
		addsNone(t, h, a)
	})
}

// A verified passenger stays for 180 days: on the 179th the deletion is refused with
// the time from which it succeeds.
func TestR18_AVerifiedPassengerStaysFor180Days(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p, pending := a.AddSettled(h.Person()), a.Add(h.Person())
		from := a.Delete(p.Passenger).Refused(t, rules.PassengerKept).RetryAt
		if want := h.Clock.Now().Add(180 * day).Unix(); from < want || from > want+1 {
			t.Errorf("free from %d, want %d", from, want)
		}
		a.Delete(pending.Passenger).OK(t) // who is not verified goes at any time
		h.Clock.Move(179 * day)
		a = a.LogIn()
		a.Delete(p.Passenger).Refused(t, rules.PassengerKept)
		h.Clock.Move(day)
		a.Delete(p.Passenger).OK(t)
	})
}

// Accounts with other documents that are verified, pre-verified or to be submitted
// add passengers with such documents.
func TestP08_AccountsWithOtherDocumentsAddOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			for _, who := range visitors(h) {
				if p := a.Add(who); p.Status != "to_be_submitted" {
					t.Errorf("an account that is %s adds %s as %s", a.Entry("holder").Status, who.DocumentType, p.Status)
				}
			}
		}
	})
}

func TestP09_AFailedAccountWithAnotherDocumentAddsNobody(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		a.Fail("holder")
		addsNone(t, h, a)
	})
}

// Five passengers at most are to be submitted, on lists of resident ID accounts too;
// an edit is no way around.
func TestP10_FiveToBeSubmittedPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range []*harness.Account{h.Verified(h.Person()), h.Register(h.Visitor())} {
			first := a.Add(h.Visitor())
			failed := a.Add(h.TaiwanVisitor())
			a.Fail(failed.Passenger)
			for range 4 {
				a.Add(h.HKMacauVisitor())
			}
			a.TryAdd(h.Visitor()).Refused(t, rules.ToBeSubmittedFull).NextStep.Has(t, "车站窗口")
			a.Edit(failed.Passenger, h.TaiwanVisitor()).Refused(t, rules.ToBeSubmittedFull)
			preVerified(h, a, first.Passenger)
			a.Add(h.Visitor()) // the fifth again
		}
	})
}

// A ticket fixes the four fields of a to-be-submitted passenger.
func TestP11_ATicketFixesTheFieldsOfAToBeSubmittedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range []*harness.Account{h.Verified(h.Person()), h.Register(h.Visitor())} {
			was := h.Visitor()
			p := a.Add(was).Passenger
			renamed := was
			renamed.Name = "Test Visitors"
			a.Edit(p, renamed).OK(t) // before the purchase
			h.Ticketing.Buy(a, p)
			abroad, number := renamed, renamed
			abroad.Nationality, number.DocumentNumber = "GBR", h.Visitor().DocumentNumber
			for field, who := range map[string]harness.Person{"name": was, "nationality": abroad, "type": h.TaiwanVisitor(), "number": number} {
				a.Edit(p, who).Refused(t, rules.TicketBought)
				if e := a.Entry(p); e.Name != renamed.Name || e.DocumentNumber != was.DocumentNumber || e.DocumentType != "passport" {
					t.Errorf("the %s was changed", field)
				}
			}
		}
	})
}

// Nor is the passenger deleted, however long ago the ticket was.
func TestP12_ATicketKeepsAToBeSubmittedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p, other := a.Add(h.Visitor()).Passenger, a.Add(h.Visitor()).Passenger
		h.Ticketing.Refund(a, h.Ticketing.Buy(a, p)[0])
		a.Delete(p).Refused(t, rules.TicketBought)
		h.Clock.Move(400 * day)
		a = a.LogIn()
		a.Delete(p).Refused(t, rules.TicketBought)
		a.Delete(other).OK(t) // no ticket, 180 days over
		h.Window().Verify(a, p, nil).OK(t)
		a.Delete(p).OK(t) // pre-verified, 180 days over
	})
}

// Verified, pre-verified and to-be-submitted passengers stay for 180 days.
func TestP13_PassengersWithOtherDocumentsStayFor180Days(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		waits, seen, verified, failed := a.Add(h.Visitor()).Passenger, a.Add(h.Visitor()).Passenger, a.AddSettled(h.Visitor()).Passenger, a.Add(h.Visitor()).Passenger
		preVerified(h, a, seen)
		a.Fail(failed)
		a.Delete(failed).OK(t)
		for _, after := range []time.Duration{0, 180*day - time.Second} {
			h.Clock.Move(after)
			a = a.LogIn()
			for _, p := range []string{waits, seen, verified} {
				a.Delete(p).Refused(t, rules.PassengerKept)
			}
		}
		h.Clock.Move(time.Second)
		for _, p := range []string{waits, seen, verified} {
			a.Delete(p).OK(t)
		}
	})
}

// An account with another document deletes the resident ID passengers that it has from
// before at any time, unless a journey is not over.
func TestP14_OlderResidentPassengersCanBeDeleted(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		var verified, pending, travels, guest, ticket string
		a := moved(h, func(a *harness.Account) {
			verified, travels = a.AddSettled(h.Person()).Passenger, a.AddSettled(h.Person()).Passenger
			pending, guest = a.Add(h.Person()).Passenger, a.AddSettled(h.Visitor()).Passenger
			a.Delete(verified).Refused(t, rules.PassengerKept)
			ticket = h.Ticketing.Buy(a, travels)[0]
		})
		a.HasListed(4)
		a.Delete(verified).OK(t)
		a.Delete(pending).OK(t)
		a.Delete(travels).Refused(t, registry.TicketsUnfinished)
		h.Ticketing.MayRefund(a, ticket).Yes(t)
		h.Ticketing.Refund(a, ticket)
		a.Delete(travels).OK(t)
		a.Delete(guest).Refused(t, rules.PassengerKept) // other documents stay
	})
}

// An account with another document adds no resident ID passenger, and makes none by an
// edit; the refusal says which account can.
func TestP26_AccountsWithOtherDocumentsAddNoResident(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			a.TryAdd(h.Person()).Refused(t, rules.OtherDocumentsOnly).NextStep.Has(t, "居民身份证注册用户", "resident ID card")
			guest := a.Add(h.Visitor()).Passenger
			a.Edit(guest, h.Person()).Refused(t, rules.OtherDocumentsOnly)
			if _, all := a.List(); len(all) != 1 || all[0].DocumentType != "passport" {
				t.Errorf("the list is %+v", all)
			}
		}
		var failed string
		a := moved(h, func(a *harness.Account) {
			failed = a.Add(h.Person()).Passenger
			a.Fail(failed)
		})
		a.Edit(failed, h.Person()).Refused(t, rules.OtherDocumentsOnly)
		a.Edit(failed, h.Visitor()).OK(t)
	})
}

// A hundred verified, pre-verified and to-be-submitted passengers; pending and failed
// ones do not count. The 101st with a passport is refused online.
func TestG02_AHundredThatCount(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.Fail(a.Add(h.Visitor()).Passenger)
		for range 30 {
			a.Add(h.Person()) // pending
		}
		for range 2 {
			preVerified(h, a, a.Add(h.Visitor()).Passenger)
		}
		for range 96 {
			a.AddSettled(h.Person())
		}
		waits := a.Add(h.Visitor()) // the 99th
		preVerified(h, a, a.Add(h.Visitor()).Passenger)
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull).NextStep.Has(t, "注册用户和联系人的居民身份证原件", "both originals")
		a.HasListed(131)
		// A failed check makes room.
		a.Fail(waits.Passenger)
		a.Add(h.Visitor())
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
	})
}

// Our choice: pending and failed passengers have a limit of their own, so that no list
// grows without end; they can be deleted at any time.
func TestG02_PendingPassengersHaveALimitOfTheirOwn(t *testing.T) {
	few := func(c *issuance.Config) {
		c.Limits = rules.DefaultLimits()
		c.Limits.Uncounted, c.Limits.Passengers, c.Limits.ToBeSubmitted, c.Limits.Lines = 3, 2, 2, 5
	}
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.AddSettled(h.Person())
		first := a.Add(h.Person()).Passenger
		a.Fail(a.Add(h.Person()).Passenger)
		a.Add(h.Person())
		a.TryAdd(h.Person()).Refused(t, rules.UncountedFull).NextStep.Has(t, "删除", "delete some")
		a.Add(h.Visitor()) // who counts has the other limit
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
		a.Delete(first).OK(t)
		a.Add(h.Person())
		// A list ends, whatever is verified beyond its limit.
		_, all := a.List()
		for _, e := range all {
			if e.Status == "pending" {
				h.Window().Verify(a, e.Passenger, harness.Object{"holder_original": true}).OK(t)
			}
		}
		a.TryAdd(h.Person()).Refused(t, rules.ListMaximum)
	}, few)
}

// The limit is adjusted for a Spring Festival; a lower one afterwards removes no passenger.
func TestG03_TheLimitIsAdjustable(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		set := func(passengers int) {
			t.Helper()
			l := h.Issuer.Registry.Limits()
			l.Passengers, l.ToBeSubmitted = passengers, min(passengers, 5)
			runtest.Must(t, h.Issuer.Registry.SetLimits(l))
		}
		for _, limit := range []int{1, 3} {
			set(limit)
			for _, all := a.List(); len(all) < limit; _, all = a.List() {
				a.AddSettled(h.Visitor())
			}
			a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
		}
		set(2)
		a.HasListed(3)
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
	})
}

// Beyond the limit a resident ID account enters residents online and has them verified
// with both originals, at a window or an agency.
func TestG04_BeyondTheLimitWithBothOriginals(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		early := a.Add(h.Person()) // on the list before it was full
		a.AddSettled(h.Person())
		a.Add(h.Visitor())
		if a.Entry(early.Passenger).Status != "pending" || !a.Entry(early.Passenger).HolderOriginalNeeded {
			t.Errorf("the list says %+v", a.Entry(early.Passenger))
		}
		for i, counter := range []*harness.Staff{h.Agency(), h.Window(), h.Agency()} {
			who := h.Person()
			p := a.Add(who)
			if i == 2 {
				p = a.Entry(early.Passenger)
			}
			if p.Status != "pending" || !p.HolderOriginalNeeded {
				t.Fatalf("added as %s, both originals: %v", p.Status, p.HolderOriginalNeeded)
			}
			if !strings.HasPrefix(p.NextStep.Zh, "需持注册用户和常用联系人的二代居民身份证原件") || !strings.Contains(p.NextStep.En, "the account holder's and the passenger's") {
				t.Errorf("the next step is %+v", p.NextStep)
			}
			found := harness.As[struct{ Entries []harness.Entry }](t, counter.Search(who), http.StatusOK).Entries
			if len(found) != 1 || !found[0].HolderOriginalNeeded || !counter.Look(a, p.Passenger).HolderOriginalNeeded {
				t.Errorf("a search says %+v", found)
			}
			no := counter.Verify(a, p.Passenger, nil).Refused(t, rules.HolderOriginalMissing)
			if !strings.Contains(no.NextStep.Zh, "注册用户和联系人的居民身份证原件") || a.Entry(p.Passenger).Status != "pending" {
				t.Errorf("the refusal tells %+v", no.NextStep)
			}
			counter.Verify(a, p.Passenger, harness.Object{"original": false, "holder_original": true}).Refused(t, rules.OriginalMissing)
			counter.Verify(a, p.Passenger, harness.Object{"holder_original": true}).OK(t)
			if e := a.Entry(p.Passenger); e.Status != "verified" || e.HolderOriginalNeeded {
				t.Errorf("after the check %+v", e)
			}
			h.Ticketing.MayBuy(a, p.Passenger).Yes(t)
		}
	}, listOf(2))
}

// A holder who brings the passenger's card is the delegate as well.
func TestG04_TheHolderBringsThePassengersCard(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.AddSettled(h.Person())
		p := a.Add(h.Person()).Passenger
		both := harness.Object{"holder_original": true, "delegated": true, "delegate_original": true}
		h.Window().Verify(a, p, harness.With(both, harness.Object{"delegate_original": false})).Refused(t, rules.OriginalMissing)
		h.Window().Verify(a, p, both).OK(t)
	}, listOf(1))
}

// Beyond the limit no passenger with another document comes onto the list: by no
// addition, edit or check.
func TestG05_OtherDocumentsAreNotVerifiedBeyondTheLimit(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		failed := a.Add(h.Visitor()).Passenger
		a.Fail(failed)
		a.AddSettled(h.Person())
		for _, who := range visitors(h) {
			a.TryAdd(who).Refused(t, rules.ListFull)
		}
		pending := a.Add(h.Person()).Passenger
		a.Edit(pending, h.Visitor()).Refused(t, rules.ListFull)
		a.Edit(failed, h.Visitor()).Refused(t, rules.ListFull)
		h.Window().Verify(a, failed, harness.Object{"holder_original": true}).Refused(t, rules.ListFull)
	}, listOf(1))
}

// A name that only a window handles is verified beyond the limit at a window only.
func TestG06_SpecialNamesBeyondTheLimitAtAWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.AddSettled(h.Person())
		p := a.Add(h.Person().Named("測試")).Passenger
		both := harness.Object{"holder_original": true, "proof": harness.Object{"kind": "holder_number", "value": a.Person.DocumentNumber}}
		h.Agency().Verify(a, p, both).Refused(t, rules.StationWindowOnly)
		h.Window().Verify(a, p, harness.With(both, harness.Object{"holder_original": false})).Refused(t, rules.HolderOriginalMissing)
		h.Window().Verify(a, p, both).OK(t)
		a.HasStatus(p, "verified")
	}, listOf(1))
}

// An account with another document has no way beyond the limit.
func TestG07_OtherAccountsNeverExceedTheLimit(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			a.AddSettled(h.Visitor())
			a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
			a.TryAdd(h.Person()).Refused(t, rules.OtherDocumentsOnly)
		}
		var pending string
		a := moved(h, func(a *harness.Account) {
			pending = a.Add(h.Person()).Passenger
			a.AddSettled(h.Person())
		})
		if a.Entry(pending).HolderOriginalNeeded {
			t.Error("the list promises a way beyond the limit")
		}
		h.Window().Verify(a, pending, harness.Object{"holder_original": true}).Refused(t, rules.ListFull)
	}, listOf(1))
}

// A deletion makes room for another passenger.
func TestG36_ADeletionMakesRoom(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		first := a.AddSettled(h.Person()).Passenger
		a.Add(h.Visitor())
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
		pending := a.Add(h.Person()).Passenger
		h.Clock.Move(180 * day)
		a = a.LogIn()
		a.Delete(first).OK(t)
		if a.Entry(pending).HolderOriginalNeeded {
			t.Error("there is room, and both originals are asked for")
		}
		h.Agency().Verify(a, pending, nil).OK(t)
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
	}, listOf(2))
}
