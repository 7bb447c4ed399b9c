package articles_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
)

func TestG11_ChildWithADocumentIsAPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		child := a.Add(h.Born("20190601"))
		if child.Status != "pending" {
			t.Fatalf("the child is %s", child.Status)
		}
		mayNotBuy(t, h, a, child.Passenger, rules.PassengerStatus)
		wantStatus(t, h.Agency().Verify(a, child.Passenger, harness.Object{"delegated": true, "delegate_original": true}), "verified")
		buy(t, h, a, child.Passenger)
	})
}

// Name, document type and number are the adult's. The ticket counts for the adult, and no line of the
// list mixes the two.
func TestG12_ChildWithoutADocumentTravelsOnTheAdults(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		adult := h.Person()
		p := a.AddSettled(adult).Passenger
		buy(t, h, a, p, p) // the adult and the child
		a.HasTickets(p, 2)
		a.TryAdd(adult.Named("测试童")).Refused(t, rules.AlreadyListed)
		a.TryAdd(a.Person.Named("测试童")).Refused(t, rules.AlreadyListed)
		// A child alone gets no ticket.
		event, _ := h.Ticketing.Bought(a, "psg_"+"00000000000000000000000000000000")
		h.Ticketing.TryReport(event).Refused(t, "registry_entry_not_found")
	})
}

// The dot must be the one on the document.
func TestG18_DotsAreEnteredAsOnTheDocument(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person().Named("阿卜杜·买买提")
		a := h.Register(who.Named("阿卜杜.买买提"))
		if seen := h.Window().Look(a, "holder"); seen.Name != "阿卜杜.买买提" {
			t.Fatalf("the clerk is shown %q", seen.Name)
		}
		wantStatus(t, h.Window().Verify(a, "holder", harness.Object{"matches": false}), "failed")
		a.SaveProfile(harness.Object{"name": who.Name}).OK(t)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "verified")
		ticket := h.Ticketing.Buy(a, "holder")[0]
		h.Machine().Serve(ticket, "exchange", who.Named("阿卜杜.买买提").Card()).No(t, rules.CardMismatch)
		h.Machine().Serve(ticket, "exchange", who.Card()).Yes(t)
	})
}

// The entry is changed to the new number before verification.
func TestG20_FirstGenerationCardIsChangedFirst(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		who := h.Person()
		old := who.Numbered("110105900307001")
		no := a.TryAdd(old).Refused(t, rules.FirstGenerationCard)
		if no.NextStep.Zh != "请更改为二代居民身份证的18位号码后再办理。" {
			t.Errorf("the next step is %q", no.NextStep.Zh)
		}
		h.Window().Search(old).Refused(t, rules.FirstGenerationCard)
		wantStatus(t, h.Window().Verify(a, a.Add(who).Passenger, nil), "verified")
	})
}

func TestG21_WindowFreesARegisteredIdentity(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		squatter := h.Verified(h.Person())
		owner := squatter.Person
		no := h.Call("POST", "/v1/accounts", "", h.Registration(owner)).Refused(t, rules.IdentityRegistered)
		if no.Text.Zh != "身份信息重复。" {
			t.Errorf("the text is %q", no.Text.Zh)
		}
		h.Agency().FreeIdentity(owner, nil).Refused(t, rules.StationWindowOnly)
		h.Window().FreeIdentity(owner, harness.Object{"delegated": true}).Refused(t, rules.InPersonOnly)
		h.Window().FreeIdentity(owner, harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		h.Window().FreeIdentity(owner, nil).OK(t)
		squatter.HasStatus("holder", "failed")
		a := h.Register(owner)
		// The account that lost the identity cannot verify it again.
		squatter.SaveProfile(nil).Refused(t, rules.IdentityRegistered)
		h.Window().Verify(squatter, "holder", nil).Refused(t, rules.IdentityRegistered)
		h.Agency().Verify(squatter, "holder", nil).Refused(t, rules.IdentityRegistered)
		if s := a.Settle("holder"); s != "verified" {
			t.Fatalf("the owner is %s", s)
		}
	})
}

// The owner claims the identity after it was freed by mistake and registered by another account.
func TestG21_OwnerClaimsTheIdentity(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		owner := h.Verified(h.Person())
		h.Window().FreeIdentity(owner.Person, nil).OK(t) // by mistake
		other := h.Verified(owner.Person)
		found := h.Window().Found(owner.Person, nil)
		if len(found) != 1 || found[0] != (harness.Found{Account: owner.ID, Passenger: "holder", Status: "failed", IdentityLost: true}) {
			t.Fatalf("found %+v", found)
		}
		window := h.Window()
		h.Agency().Claim(owner, owner.Person, nil).Refused(t, "forbidden_role")
		window.Claim(owner, owner.Person, harness.Object{"delegated": true}).Refused(t, rules.InPersonOnly)
		window.Claim(owner, owner.Person, harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		window.Claim(owner, owner.Person, harness.Object{"proof": harness.Object{"kind": "phone_end", "value": "0000"}}).Refused(t, rules.ProofWrong)
		other.HasStatus("holder", "verified")
		wantStatus(t, window.Claim(owner, owner.Person, nil), "verified")
		if s, r := owner.Entry("holder").Status, other.Entry("holder").Status; s != "verified" || r != "failed" {
			t.Fatalf("the owner is %s, the other account %s", s, r)
		}
		buy(t, h, owner, "holder")
		mayNotBuy(t, h, other, "holder", rules.AccountUnverified)
		h.Window().Verify(other, "holder", nil).Refused(t, rules.IdentityRegistered)
		auditLog := harness.As[struct {
			Records []struct{ Action, Detail string }
		}](t,
			h.Operator().Call("GET", "/v1/audit-log?kind=account&object="+other.ID, nil), http.StatusOK)
		if !slices.Contains(auditLog.Records, struct{ Action, Detail string }{"resolve_duplicate", "identity freed"}) {
			t.Errorf("the audit log of the other account is %+v", auditLog.Records)
		}
	})
}
