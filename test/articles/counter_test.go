package articles_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness"
)

// wantStatus fails unless a verdict led to the status.
func wantStatus(t testing.TB, a harness.Answer, status string) {
	t.Helper()
	if e := harness.As[harness.Entry](t, a, http.StatusOK); e.Status != status {
		t.Fatalf("became %s, want %s", e.Status, status)
	}
}

// requireFixed fails unless the holder can change none of the fields and the problem says where to
// correct them.
func requireFixed(t *testing.T, h *harness.Harness, a *harness.Account, passenger string, fields ...harness.Object) {
	t.Helper()
	before := a.Entry(passenger)
	for _, f := range fields {
		var answer harness.Answer
		if passenger == "holder" {
			answer = a.SaveProfile(f)
		} else {
			form := harness.Object{"name": before.Name, "document_type": before.DocumentType, "document_number": before.DocumentNumber, "policy": harness.Policy, "version": before.Version}
			if before.DocumentType == "passport" {
				form["nationality"] = "NZL"
			}
			answer = a.Call("PUT", "/v1/account/passengers/"+passenger, harness.With(form, f))
		}
		answer.Refused(t, rules.IdentityFixed).NextStep.Has(t, "车站窗口", "原件")
	}
	if after := a.Entry(passenger); after != before {
		t.Errorf("%s changed from %+v to %+v", passenger, before, after)
	}
}

func TestR03_VerifiedHoldersIdentityIsFixed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, other := h.Verified(h.Person()), h.Person()
		requireFixed(t, h, a, "holder", harness.Object{"name": "测试乙"}, harness.Object{"document_number": other.DocumentNumber},
			harness.Object{"document_type": "hk_macau_permit", "document_number": "H12345678"})
		a.SaveProfile(harness.Object{"phone": "13900000001"}).OK(t) // the phone is not the identity

		// As the problem says, a window corrects it with the original.
		window, right := h.Window(), a.Person.Named("测试乙")
		h.Agency().Correct(a, "holder", right, nil).Refused(t, "forbidden_role")
		for code, more := range map[problem.Code]harness.Object{
			rules.OriginalMissing:    {"original": false},
			rules.DocumentExpired:    {"in_date": false},
			rules.DocumentUnreadable: {"readable": false},
			rules.InPersonOnly:       {"delegated": true},
			rules.ProofWrong:         {"proof": harness.Object{"kind": "phone_end", "value": "0000"}},
			rules.OtherPerson:        {"document_number": other.DocumentNumber},
			registry.EntryChanged:    {"version": 1},
		} {
			window.Correct(a, "holder", right, more).Refused(t, code)
		}
		wantStatus(t, window.Correct(a, "holder", right, nil), "verified")
		if p, e := a.Profile(), a.Entry("holder"); p["name"] != "测试乙" || e.Name != "测试乙" || e.Status != "verified" {
			t.Fatalf("the profile says %v, the entry %+v", p["name"], e)
		}
		requireFixed(t, h, a, "holder", harness.Object{"name": "测试丙"})
	})
}

func TestR04_VerifiedPassengersIdentityIsFixed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, who, other := h.Verified(h.Person()), h.Person(), h.Person()
		p := a.AddSettled(who).Passenger
		requireFixed(t, h, a, p, harness.Object{"name": "测试乙"}, harness.Object{"document_number": other.DocumentNumber},
			harness.Object{"document_type": "passport", "document_number": "P7654321", "nationality": "NZL"})

		// A window corrects a wrong number, but not while a ticket is for the old number. The 180
		// days on the list continue.
		right := who.Numbered(other.DocumentNumber)
		tickets := h.Ticketing.Buy(a, p)
		h.Window().Correct(a, p, right, nil).Refused(t, registry.TicketsUnfinished)
		h.Ticketing.Refund(a, tickets[0])
		wantStatus(t, h.Window().Correct(a, p, right, nil), "verified")
		if e := a.Entry(p); e.DocumentNumber != other.DocumentNumber {
			t.Fatalf("the entry is %+v", e)
		}
		a.Delete(p).Refused(t, rules.PassengerKept)
		h.Clock.Move(180 * 24 * 3600e9)
		a = a.LogIn()
		a.Delete(p).OK(t)
	})
}

func TestR05_PendingHolderIsVerifiedAtTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		a.HasStatus("holder", "pending")
		h.Window().Verify(a, "holder", harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "verified")
		a.HasStatus("holder", "verified")
	})
}

func TestR06_PendingPassengerIsVerifiedAtAnAgency(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		wantStatus(t, h.Agency().Verify(a, "holder", nil), "verified")
		p := a.Add(h.Person()).Passenger
		wantStatus(t, h.Agency().Verify(a, p, nil), "verified")
	})
}

// special returns people with traditional and over-long names.
func special(h *harness.Harness) []harness.Person {
	return []harness.Person{h.Person().Named("測試"), h.Person().Named(strings.Repeat("测", 16))}
}

func TestR07_SpecialNamesAreForTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, who := range special(h) {
			a := h.Register(who)
			h.Agency().Verify(a, "holder", nil).Refused(t, rules.StationWindowOnly)
			if !h.Window().Look(a, "holder").ProofNeeded {
				t.Error("the view does not require a proof")
			}
			wantStatus(t, h.Window().Verify(a, "holder", harness.Object{"proof": a.PhoneEnd()}), "verified")
		}
	})
}

func TestR08_HolderProvesWithPhoneOrEmail(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for i, who := range special(h) {
			a := h.Register(who)
			proof := a.PhoneEnd()
			if i == 1 {
				proof = harness.Object{"kind": "email_start", "value": a.Profile()["email"].(string)[:3]}
			}
			h.Window().Verify(a, "holder", nil).Refused(t, rules.ProofWrong)
			h.Window().Verify(a, "holder", harness.Object{"proof": harness.Object{"kind": "phone_end", "value": "0000"}}).Refused(t, rules.ProofWrong)
			h.Window().Verify(a, "holder", harness.Object{"proof": a.HolderNumber()}).Refused(t, rules.ProofWrong)
			wantStatus(t, h.Window().Verify(a, "holder", harness.Object{"proof": proof}), "verified")
		}
		// After too many guesses the right proof is refused as well.
		a := h.Register(h.Person().Named("測試"))
		wrong := harness.Object{"proof": harness.Object{"kind": "phone_end", "value": "none"}}
		for range throttle.DefaultRules.Document.Failures {
			h.Window().Verify(a, "holder", wrong).Refused(t, rules.ProofWrong)
		}
		h.Window().Verify(a, "holder", harness.Object{"proof": a.PhoneEnd()}).Refused(t, throttle.TooManyFailures)
	})
}

func TestR09_PassengerIsProvedByTheHoldersNumber(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for _, who := range special(h) {
			p := a.Add(who).Passenger
			h.Agency().Verify(a, p, nil).Refused(t, rules.StationWindowOnly)
			h.Window().Verify(a, p, harness.Object{"proof": a.PhoneEnd()}).Refused(t, rules.ProofWrong)
			wantStatus(t, h.Window().Verify(a, p, harness.Object{"proof": a.HolderNumber()}), "verified")
		}
	})
}

func TestR10_FailedEntryIsCorrectedAndPendingAgain(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person().Named("测试错"))
		a.Fail("holder")
		a.SaveProfile(harness.Object{"name": "测试甲"}).OK(t)
		if e := a.Entry("holder"); e.Status != "pending" || e.Name != "测试甲" {
			t.Fatalf("the holder is %+v", e)
		}
		if s := a.Settle("holder"); s != "verified" {
			t.Fatalf("the holder is %s", s)
		}
		who := h.Person()
		p := a.Add(who.Named("测试错")).Passenger
		a.Fail(p)
		if e := harness.As[harness.Entry](t, a.Edit(p, who), http.StatusOK); e.Status != "pending" {
			t.Fatalf("the passenger is %+v", e)
		}
		wantStatus(t, h.Agency().Verify(a, p, nil), "verified")
	})
}

// The data of the failed entry were correct.
func TestR11_FailedEntryCanBeVerifiedWithoutACorrection(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		a.Fail("holder")
		a.SaveProfile(nil).OK(t)
		a.HasStatus("holder", "pending")
		a.Fail("holder")
		if found := h.Agency().Found(a.Person, nil); len(found) != 1 || found[0].Status != "failed" || found[0].Account != a.ID {
			t.Fatalf("an agency found %+v", found)
		}
		if e := h.Window().Look(a, "holder"); e.Status != "failed" || e.Name != a.Person.Name {
			t.Fatalf("the window is shown %+v", e)
		}
		wantStatus(t, h.Agency().Verify(a, "holder", nil), "verified")

		who, guest := h.Person(), h.Visitor()
		p, g := a.Add(who).Passenger, a.Add(guest).Passenger
		a.Fail(p)
		a.Fail(g)
		if e := harness.As[harness.Entry](t, a.Edit(g, guest), http.StatusOK); e.Status != "to_be_submitted" {
			t.Fatalf("a passport saved again unchanged is %s", e.Status)
		}
		a.Fail(g)
		h.Agency().Verify(a, g, nil).Refused(t, rules.StationWindowOnly)
		wantStatus(t, h.Window().Verify(a, g, nil), "pre_verified")
		wantStatus(t, h.Window().Verify(a, p, nil), "verified")
	})
}

func TestR12_CorrectedEntryIsVerifiedAtAWindowOrAnAgency(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, counter := range []*harness.Staff{h.Window(), h.Agency()} {
			a := h.Register(h.Person().Named("测试错"))
			a.Fail("holder")
			a.SaveProfile(harness.Object{"name": "测试甲"}).OK(t)
			wantStatus(t, counter.Verify(a, "holder", nil), "verified")
		}
	})
}

func TestR13_FailedSpecialNamesAreForTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, who := range special(h) {
			a := h.Register(who)
			proof := harness.Object{"proof": a.PhoneEnd()}
			wantStatus(t, h.Window().Verify(a, "holder", harness.With(proof, harness.Object{"matches": false})), "failed")
			h.Agency().Verify(a, "holder", proof).Refused(t, rules.StationWindowOnly)
			h.Window().Verify(a, "holder", nil).Refused(t, rules.ProofWrong)
			wantStatus(t, h.Window().Verify(a, "holder", proof), "verified")
		}
	})
}

func TestP02_VerifiedForeignIdentityIsFixed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Visitor())
		foreign := []harness.Object{{"name": "Another Visitor"}, {"nationality": "GBR"}, {"document_number": "P7654321"},
			{"document_type": "taiwan_permit", "document_number": "12345678", "nationality": ""}}
		requireFixed(t, h, a, "holder", foreign...)
		p := a.AddSettled(h.Visitor()).Passenger
		requireFixed(t, h, a, p, foreign...)
	})
}

func TestP03_ToBeSubmittedIsPreVerifiedAtTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		a.HasStatus("holder", "to_be_submitted")
		h.Window().Verify(a, "holder", harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		p := a.Add(h.Visitor()).Passenger
		wantStatus(t, h.Window().Verify(a, p, nil), "pre_verified")
	})
}

func TestP04_NoAgencyChecksOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		h.Agency().Search(a.Person).Refused(t, rules.StationWindowOnly)
		h.Agency().Verify(a, "holder", nil).Refused(t, rules.StationWindowOnly)
		body := harness.With(a.Ref("holder"), harness.Object{"version": 1, "original": true, "in_date": true, "readable": true, "matches": true})
		h.Agency().Call("POST", "/v1/counter/verifications", body).Refused(t, rules.StationWindowOnly)
		a.HasStatus("holder", "to_be_submitted")
	})
}

func TestP05_PreVerifiedIdentityIsFixed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		requireFixed(t, h, a, "holder", harness.Object{"name": "Another Visitor"}, harness.Object{"nationality": "GBR"}, harness.Object{"document_number": "P7654321"})
		right := a.Person.Named("Test Visitors")
		wantStatus(t, h.Window().Correct(a, "holder", right, nil), "pre_verified")
		if name := a.Profile()["name"]; name != "Test Visitors" {
			t.Fatalf("the profile says %v", name)
		}
	})
}

func TestP06_AuthorityVerifiesPreVerifiedIdentities(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		h.Authority().Call("POST", "/v1/authority/looks", a.Ref("holder")).Refused(t, rules.TransitionRefused)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		wantStatus(t, a.Judge("holder", true), "verified")
	})
}

func TestP07_AuthorityAndWindowCanFailAnIdentity(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		a.Fail("holder")
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		wantStatus(t, a.Judge("holder", false), "failed")
		a.HasStatus("holder", "failed")
	})
}

func TestG01_ExpiredDocumentIsRefused(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, who := range []harness.Person{h.Person(), h.Visitor()} {
			a := h.Register(who)
			before := a.Entry("holder")
			for _, matches := range []bool{true, false} {
				h.Window().Verify(a, "holder", harness.Object{"in_date": false, "matches": matches}).Refused(t, rules.DocumentExpired).NextStep.Has(t, "发证机关")
			}
			if after := a.Entry("holder"); after != before {
				t.Errorf("the entry changed from %+v to %+v", before, after)
			}
			h.Window().FreeIdentity(who, harness.Object{"in_date": false}).Refused(t, rules.DocumentExpired)
			// A missing verdict is refused.
			body := harness.With(a.Ref("holder"), harness.Object{"version": before.Version, "original": true, "readable": true, "matches": true})
			h.Window().Call("POST", "/v1/counter/verifications", body).Refused(t, "body_malformed")
		}
	})
}

func TestG19_UnreadableCardIsRefused(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		before := a.Entry("holder")
		for _, counter := range []*harness.Staff{h.Window(), h.Agency()} {
			counter.Verify(a, "holder", harness.Object{"readable": false}).Refused(t, rules.DocumentUnreadable).NextStep.Has(t, "发证机关换证", "issuing authority")
		}
		if after := a.Entry("holder"); after != before {
			t.Errorf("the entry changed from %+v to %+v", before, after)
		}
		wantStatus(t, h.Agency().Verify(a, "holder", nil), "verified") // with the new card
	})
}

// Delegates may come for holders and passengers.
func TestG08_DelegatesComeForUncheckedAndFailedEntries(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		both := harness.Object{"delegated": true, "delegate_original": true}
		for _, counter := range []*harness.Staff{h.Window(), h.Agency()} {
			a, b := h.Register(h.Person()), h.Register(h.Person())
			wantStatus(t, counter.Verify(a, "holder", both), "verified")
			b.Fail("holder")
			wantStatus(t, counter.Verify(b, "holder", both), "verified")
			p, q := a.Add(h.Person()).Passenger, a.Add(h.Person()).Passenger
			wantStatus(t, counter.Verify(a, p, both), "verified")
			a.Fail(q)
			wantStatus(t, counter.Verify(a, q, both), "verified")
		}
		a := h.Register(h.Person().Named("測試"))
		h.Agency().Verify(a, "holder", both).Refused(t, rules.StationWindowOnly)
	})
}

func TestG09_DelegateWithAPassportGoesToTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		both := harness.Object{"delegated": true, "delegate_original": true}
		a := h.Register(h.Visitor())
		h.Agency().Verify(a, "holder", both).Refused(t, rules.StationWindowOnly)
		wantStatus(t, h.Window().Verify(a, "holder", both), "pre_verified")
		p := a.Add(h.Visitor()).Passenger
		a.Fail(p)
		h.Agency().Verify(a, p, both).Refused(t, rules.StationWindowOnly)
		wantStatus(t, h.Window().Verify(a, p, both), "pre_verified")
	})
}

func TestG10_DelegateBringsBothOriginals(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		for _, counter := range []*harness.Staff{h.Window(), h.Agency()} {
			for _, missing := range []harness.Object{{"delegated": true}, {"delegated": true, "delegate_original": false}, {"delegated": true, "delegate_original": true, "original": false}} {
				counter.Verify(a, "holder", missing).Refused(t, rules.OriginalMissing).NextStep.Has(t, "双方证件原件")
			}
		}
		a.HasStatus("holder", "pending")
	})
}

func TestG28_WindowVerifiesTheCard(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		found := h.Window().Found(a.Person, nil)
		if len(found) != 1 || found[0].Account != a.ID || found[0].Passenger != "holder" || found[0].Status != "pending" {
			t.Fatalf("found %+v", found)
		}
		wantStatus(t, h.Window().Verify(a, "holder", nil), "verified")
	})
}

func TestG37_FailedEntryIsCorrectedOrCheckedAtAWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person().Named("测试错"))
		a.Fail("holder")
		a.SaveProfile(harness.Object{"name": "测试甲"}).OK(t)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "verified")
		b := h.Register(h.Person())
		b.Fail("holder")
		wantStatus(t, h.Window().Verify(b, "holder", nil), "verified")
	})
}

// One version of the text names only the window for pending entries (S4:173), the other window and
// agency (S4:21). The second is followed.
func TestG41_AgenciesVerifyPendingEntriesToo(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		wantStatus(t, h.Window().Verify(h.Register(h.Person()), "holder", nil), "verified")
		wantStatus(t, h.Agency().Verify(h.Register(h.Person()), "holder", nil), "verified")
	})
}
