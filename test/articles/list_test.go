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

// visitors returns a person with each document except the resident ID card.
func visitors(h *harness.Harness) []harness.Person {
	return []harness.Person{h.Visitor(), h.HKMacauVisitor(), h.TaiwanVisitor()}
}

// listOf sets the limit of passengers; the rule's number is 100.
func listOf(passengers int) harness.Option {
	return func(c *issuance.Config) {
		c.Limits = rules.DefaultLimits()
		c.Limits.Passengers, c.Limits.ToBeSubmitted = passengers, min(passengers, 5)
	}
}

// preVerify has a window find that an entry matches its document.
func preVerify(h *harness.Harness, a *harness.Account, passenger string) {
	h.T.Helper()
	wantStatus(h.T, h.Window().Verify(a, passenger, nil), "pre_verified")
}

// foreign returns accounts with passports: to be submitted, pre-verified and verified.
func foreign(h *harness.Harness) []*harness.Account {
	h.T.Helper()
	toBeSubmitted, preVerified := h.Register(h.Visitor()), h.Register(h.Visitor())
	preVerify(h, preVerified, "holder")
	return []*harness.Account{toBeSubmitted, preVerified, h.Verified(h.Visitor())}
}

// changedDocument is an account that changed from a resident ID card to a passport: a window took
// the identity, and the holder entered another one.
func changedDocument(h *harness.Harness, before func(a *harness.Account)) *harness.Account {
	h.T.Helper()
	a := h.Verified(h.Person())
	before(a)
	h.Window().FreeIdentity(a.Person, nil).OK(h.T)
	a.Person = h.Visitor()
	a.EditIdentity(a.Person).OK(h.T)
	a.HasStatus("holder", "to_be_submitted")
	return a
}

// The new passengers are pending.
func TestR14_VerifiedAccountAddsResidents(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		if p := a.Add(h.Person()); p.Status != "pending" || a.Entry(p.Passenger).Status != "pending" {
			t.Fatalf("added as %s", p.Status)
		}
	})
}

// The new passengers are to be submitted.
func TestR15_VerifiedResidentAccountAddsOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for _, who := range visitors(h) {
			if p := a.Add(who); p.Status != "to_be_submitted" {
				t.Errorf("%s: added as %s", who.DocumentType, p.Status)
			}
		}
	})
}

// mayNotAdd fails unless every passenger is refused.
func mayNotAdd(t *testing.T, h *harness.Harness, a *harness.Account) {
	t.Helper()
	for _, who := range append(visitors(h), h.Person()) {
		if a.Person.DocumentType != "resident_id" && who.DocumentType == "resident_id" {
			continue
		}
		a.TryAdd(who).Refused(t, rules.AccountStatus).NextStep.Has(t, "核验")
	}
	a.HasListed(0)
}

func TestR16_PendingAccountMayNotAddPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { mayNotAdd(t, h, h.Register(h.Person())) })
}

func TestR17_FailedAccountMayNotAddPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		a.Fail("holder")
		mayNotAdd(t, h, a)
	})
}

// An earlier deletion is refused with the time from which it succeeds.
func TestR18_VerifiedPassengerIsKeptFor180Days(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p, pending := a.AddSettled(h.Person()), a.Add(h.Person())
		from := a.Delete(p.Passenger).Refused(t, rules.PassengerKept).RetryAt
		if want := h.Clock.Now().Add(180 * day).Unix(); from < want || from > want+1 {
			t.Errorf("free from %d, want %d", from, want)
		}
		a.Delete(pending.Passenger).OK(t) // an unverified passenger can be deleted at any time
		h.Clock.Move(179 * day)
		a = a.LogIn()
		a.Delete(p.Passenger).Refused(t, rules.PassengerKept)
		h.Clock.Move(day)
		a.Delete(p.Passenger).OK(t)
	})
}

// The accounts are verified, pre-verified or to be submitted.
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

func TestP09_FailedAccountWithAnotherDocumentMayNotAddPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		a.Fail("holder")
		mayNotAdd(t, h, a)
	})
}

// The limit applies to resident ID accounts and to edits too.
func TestP10_AtMostFiveToBeSubmittedPassengers(t *testing.T) {
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
			preVerify(h, a, first.Passenger)
			a.Add(h.Visitor()) // the fifth again
		}
	})
}

func TestP11_TicketFixesTheFieldsOfAToBeSubmittedPassenger(t *testing.T) {
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

// The passenger cannot be deleted, however old the ticket is.
func TestP12_TicketKeepsAToBeSubmittedPassenger(t *testing.T) {
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

// Verified, pre-verified and to-be-submitted passengers are kept.
func TestP13_PassengersWithOtherDocumentsAreKeptFor180Days(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		toBeSubmitted, preVerified, verified, failed := a.Add(h.Visitor()).Passenger, a.Add(h.Visitor()).Passenger, a.AddSettled(h.Visitor()).Passenger, a.Add(h.Visitor()).Passenger
		preVerify(h, a, preVerified)
		a.Fail(failed)
		a.Delete(failed).OK(t)
		for _, after := range []time.Duration{0, 180*day - time.Second} {
			h.Clock.Move(after)
			a = a.LogIn()
			for _, p := range []string{toBeSubmitted, preVerified, verified} {
				a.Delete(p).Refused(t, rules.PassengerKept)
			}
		}
		h.Clock.Move(time.Second)
		for _, p := range []string{toBeSubmitted, preVerified, verified} {
			a.Delete(p).OK(t)
		}
	})
}

// An account with another document may delete its older resident ID passengers at any time, unless a
// journey is not over.
func TestP14_OlderResidentPassengersCanBeDeleted(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		var verified, pending, travels, guest, ticket string
		a := changedDocument(h, func(a *harness.Account) {
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
		a.Delete(guest).Refused(t, rules.PassengerKept) // passengers with other documents are kept
	})
}

// An edit cannot result in a resident ID passenger either. The problem says which account can add one.
func TestP26_AccountsWithOtherDocumentsAddNoResident(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			a.TryAdd(h.Person()).Refused(t, rules.OtherDocumentsOnly).NextStep.Has(t, "以居民身份证注册的账户", "resident ID card")
			guest := a.Add(h.Visitor()).Passenger
			a.Edit(guest, h.Person()).Refused(t, rules.OtherDocumentsOnly)
			if _, all := a.List(); len(all) != 1 || all[0].DocumentType != "passport" {
				t.Errorf("the list is %+v", all)
			}
		}
		var failed string
		a := changedDocument(h, func(a *harness.Account) {
			failed = a.Add(h.Person()).Passenger
			a.Fail(failed)
		})
		a.Edit(failed, h.Person()).Refused(t, rules.OtherDocumentsOnly)
		a.Edit(failed, h.Visitor()).OK(t)
	})
}

// Verified, pre-verified and to-be-submitted passengers count; pending and failed ones do not. The
// 101st passenger with a passport is refused online.
func TestG02_ListHasAHundredCountedPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.Fail(a.Add(h.Visitor()).Passenger)
		for range 30 {
			a.Add(h.Person()) // pending
		}
		for range 2 {
			preVerify(h, a, a.Add(h.Visitor()).Passenger)
		}
		for range 96 {
			a.AddSettled(h.Person())
		}
		toBeSubmitted := a.Add(h.Visitor()) // the 99th
		preVerify(h, a, a.Add(h.Visitor()).Passenger)
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull).NextStep.Has(t, "注册用户和联系人双方的居民身份证原件", "both originals")
		a.HasListed(131)
		// A failed check makes room.
		a.Fail(toBeSubmitted.Passenger)
		a.Add(h.Visitor())
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
	})
}

// Our choice: pending and failed passengers have their own limit, since lists must be bounded. They can
// be deleted at any time.
func TestG02_UncountedPassengersHaveTheirOwnLimit(t *testing.T) {
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
		a.Add(h.Visitor()) // counted passengers have the other limit
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
		a.Delete(first).OK(t)
		a.Add(h.Person())
		// The total is bounded, including passengers verified beyond the limit.
		_, all := a.List()
		for _, e := range all {
			if e.Status == "pending" {
				h.Window().Verify(a, e.Passenger, harness.Object{"holder_original": true}).OK(t)
			}
		}
		a.TryAdd(h.Person()).Refused(t, rules.ListMaximum)
	}, few)
}

// A lower limit removes no passenger.
func TestG03_LimitIsAdjustable(t *testing.T) {
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

// Beyond the limit a resident ID account enters residents online and has them verified with both
// originals at a window or an agency.
func TestG04_ResidentsBeyondTheLimitNeedBothOriginals(t *testing.T) {
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
				t.Errorf("the search returns %+v", found)
			}
			no := counter.Verify(a, p.Passenger, nil).Refused(t, rules.HolderOriginalMissing)
			if !strings.Contains(no.NextStep.Zh, "注册用户和常用联系人的居民身份证原件") || a.Entry(p.Passenger).Status != "pending" {
				t.Errorf("the next step is %+v", no.NextStep)
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

// A holder who brings the passenger's card is also the delegate.
func TestG04_HolderBringsThePassengersCard(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.AddSettled(h.Person())
		p := a.Add(h.Person()).Passenger
		both := harness.Object{"holder_original": true, "delegated": true, "delegate_original": true}
		h.Window().Verify(a, p, harness.With(both, harness.Object{"delegate_original": false})).Refused(t, rules.OriginalMissing)
		h.Window().Verify(a, p, both).OK(t)
	}, listOf(1))
}

// This holds for additions, edits and checks.
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

func TestG06_SpecialNamesBeyondTheLimitNeedAWindow(t *testing.T) {
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

func TestG07_OtherAccountsNeverExceedTheLimit(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			a.AddSettled(h.Visitor())
			a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
			a.TryAdd(h.Person()).Refused(t, rules.OtherDocumentsOnly)
		}
		var pending string
		a := changedDocument(h, func(a *harness.Account) {
			pending = a.Add(h.Person()).Passenger
			a.AddSettled(h.Person())
		})
		if a.Entry(pending).HolderOriginalNeeded {
			t.Error("the list offers both originals")
		}
		h.Window().Verify(a, pending, harness.Object{"holder_original": true}).Refused(t, rules.ListFull)
	}, listOf(1))
}

func TestG36_DeletionMakesRoom(t *testing.T) {
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
			t.Error("both originals are required although there is room")
		}
		h.Agency().Verify(a, pending, nil).OK(t)
		a.TryAdd(h.Visitor()).Refused(t, rules.ListFull)
	}, listOf(2))
}
