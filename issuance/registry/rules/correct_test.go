package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// validVisit is a visit with everything that a correction needs.
func validVisit() Visit {
	return Visit{At: Window, Original: true, InDate: true, Readable: true, Proof: Proof{Kind: PhoneEnd, Value: "1234"}}
}

// renamed changes a person's name, numbered the document number.
func renamed(p identity.Person) identity.Person {
	p.Name.Text = "另名"
	return p
}

func numbered(p identity.Person, n int) identity.Person {
	p.Number = string(rune('A' + n))
	return p
}

func TestR03_OnlyCheckedIdentitiesAreCorrected(t *testing.T) {
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		p := passenger(d, s)
		for _, to := range identity.DocumentTypes() {
			as := p.Person
			as.Document, as.Number = to, "other"
			next, err := CanCorrect(account(d, s), p, true, markedContact, Correction{To: as, Visit: validVisit()})
			open := name == "rv" || name == "ov" || name == "op"
			want := PreVerified
			if to == identity.ResidentID {
				want = Verified
			}
			if open && (next != want || err != nil) || !open && (next != 0 || !problem.Is(err, TransitionRefused)) {
				t.Errorf("%v %v to %v: %v, %v", d, s, to, next, err)
			}
		}
	})
}

func TestR03_CorrectionNeedsOriginalAndProofInPerson(t *testing.T) {
	p := passenger(identity.ResidentID, Verified)
	holder := account(identity.ResidentID, Verified)
	with := func(change func(v *Visit)) Visit {
		v := validVisit()
		change(&v)
		return v
	}
	for _, c := range []struct {
		name string
		own  bool
		to   Correction
		code problem.Code
	}{
		{"another name", false, Correction{To: renamed(p.Person), Visit: validVisit()}, ""},
		{"another number", false, Correction{To: numbered(p.Person, 7), Visit: validVisit()}, ""},
		{"another kind of document", false, Correction{To: identity.Person{Name: identity.Name{Text: "测试"}, Document: identity.Passport, Number: "P1"}, Visit: validVisit()}, ""},
		{"another name and number", false, Correction{To: renamed(numbered(p.Person, 7)), Visit: validVisit()}, OtherPerson},
		{"no difference", false, Correction{To: p.Person, Visit: validVisit()}, TransitionRefused},
		{"at an agency", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.At = Agency })}, StationWindowOnly},
		{"by the holder", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.At = Holder })}, StationWindowOnly},
		{"by a delegate", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Delegated, v.DelegateOriginal = true, true })}, InPersonOnly},
		{"a copy", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Original = false })}, OriginalMissing},
		{"an expired document", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.InDate = false })}, DocumentExpired},
		{"a card that cannot be read", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Readable = false })}, DocumentUnreadable},
		{"no proof", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Proof = Proof{} })}, ProofWrong},
		{"a wrong proof", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Proof.Value = "4321" })}, ProofWrong},
		{"a document on the list", false, Correction{To: numbered(p.Person, 7), Visit: validVisit(), Duplicate: true}, AlreadyListed},
		{"the holder's document", false, Correction{To: numbered(p.Person, 2), Visit: validVisit()}, AlreadyListed},
		{"the holder's own, on the list", true, Correction{To: numbered(p.Person, 7), Visit: validVisit(), Duplicate: true}, AlreadyListed},
	} {
		s, err := CanCorrect(holder, p, c.own, markedContact, c.to)
		refused(t, err, c.code, "%s", c.name)
		if (s != 0) != (err == nil) {
			t.Errorf("%s: %v, %v", c.name, s, err)
		}
	}
	// A correction cannot create a passenger that the account may not add.
	foreign := passenger(identity.Passport, Verified)
	to := foreign.Person
	to.Document, to.Number = identity.ResidentID, "R"
	_, err := CanCorrect(account(identity.ResidentID, Pending), foreign, false, markedContact, Correction{To: to, Visit: validVisit()})
	refused(t, err, AccountStatus, "a resident ID card for a pending account")
}

func TestB11_ClaimNeedsOriginalAndProofInPerson(t *testing.T) {
	to := Correction{To: person(identity.ResidentID, 2), Visit: validVisit()}
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		a := account(d, s)
		_, err := CanClaim(a, markedContact, to)
		refused(t, err, "", "%v %v under the same name", d, s)
		a.Person = renamed(a.Person)
		want := problem.Code("")
		if !a.Person.SameDocument(to.To) && (name == "rv" || name == "ov" || name == "op") {
			want = OtherPerson
		}
		_, err = CanClaim(a, markedContact, to)
		refused(t, err, want, "%v %v under another name", d, s)
	})
	a := account(identity.Passport, ToBeSubmitted)
	a.OwnTickets = 1
	_, err := CanClaim(a, markedContact, to)
	refused(t, err, TicketBought, "a holder fixed by a ticket")
	a = account(identity.ResidentID, Failed)
	for code, change := range map[problem.Code]func(c *Correction){
		StationWindowOnly: func(c *Correction) { c.Visit.At = Agency }, InPersonOnly: func(c *Correction) { c.Visit.Delegated = true },
		OriginalMissing: func(c *Correction) { c.Visit.Original = false }, DocumentExpired: func(c *Correction) { c.Visit.InDate = false },
		DocumentUnreadable: func(c *Correction) { c.Visit.Readable = false }, ProofWrong: func(c *Correction) { c.Visit.Proof = Proof{} },
		AlreadyListed: func(c *Correction) { c.Duplicate = true },
	} {
		c := to
		change(&c)
		_, err := CanClaim(a, markedContact, c)
		refused(t, err, code, "%s", code)
	}
	if s, err := CanClaim(a, markedContact, to); s != Verified || err != nil {
		t.Errorf("%v, %v", s, err)
	}
	to.To = person(identity.HKMacauPermit, 3)
	if s, err := CanClaim(a, markedContact, to); s != PreVerified || err != nil {
		t.Errorf("%v, %v", s, err)
	}
}
