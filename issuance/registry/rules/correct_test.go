package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// good is what comes with a correction that nothing speaks against.
func good() Visit {
	return Visit{At: Window, Original: true, InDate: true, Readable: true, Proof: Proof{Kind: PhoneEnd, Value: "1234"}}
}

// renamed is a person under another name, numbered one with another number.
func renamed(p identity.Person) identity.Person {
	p.Name.Text = "另名"
	return p
}

func numbered(p identity.Person, n int) identity.Person {
	p.Number = string(rune('A' + n))
	return p
}

// Every status of every document: only what was checked is corrected, and to what
// a window can find.
func TestR03_OnlyCheckedIdentitiesAreCorrected(t *testing.T) {
	everything(func(d identity.DocumentType, s Status, name string) {
		p := passenger(d, s)
		for _, to := range identity.DocumentTypes() {
			as := p.Person
			as.Document, as.Number = to, "other"
			next, err := CanCorrect(account(d, s), p, true, markedContact, Correction{To: as, Visit: good()})
			open := name == "rv" || name == "ov" || name == "op"
			want := PreVerified
			if to == identity.ResidentID {
				want = Verified
			}
			if open && (next != want || err != nil) || !open && (next != 0 || !problem.Is(err, MoveRefused)) {
				t.Errorf("%v %v to %v: %v, %v", d, s, to, next, err)
			}
		}
	})
}

func TestR03_WhatACorrectionNeeds(t *testing.T) {
	p := passenger(identity.ResidentID, Verified)
	holder := account(identity.ResidentID, Verified)
	with := func(change func(v *Visit)) Visit {
		v := good()
		change(&v)
		return v
	}
	for _, c := range []struct {
		story string
		own   bool
		to    Correction
		code  problem.Code
	}{
		{"another name", false, Correction{To: renamed(p.Person), Visit: good()}, ""},
		{"another number", false, Correction{To: numbered(p.Person, 7), Visit: good()}, ""},
		{"another kind of document", false, Correction{To: identity.Person{Name: identity.Name{Text: "测试"}, Document: identity.Passport, Number: "P1"}, Visit: good()}, ""},
		{"another name and number", false, Correction{To: renamed(numbered(p.Person, 7)), Visit: good()}, OtherPerson},
		{"nothing", false, Correction{To: p.Person, Visit: good()}, MoveRefused},
		{"at an agency", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.At = Agency })}, StationWindowOnly},
		{"by the holder", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.At = Holder })}, StationWindowOnly},
		{"by a delegate", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Delegated, v.DelegateOriginal = true, true })}, InPersonOnly},
		{"a copy", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Original = false })}, OriginalMissing},
		{"an expired document", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.InDate = false })}, DocumentExpired},
		{"a card that cannot be read", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Readable = false })}, DocumentUnreadable},
		{"no proof", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Proof = Proof{} })}, ProofWrong},
		{"a wrong proof", false, Correction{To: renamed(p.Person), Visit: with(func(v *Visit) { v.Proof.Value = "4321" })}, ProofWrong},
		{"a document on the list", false, Correction{To: numbered(p.Person, 7), Visit: good(), Twice: true}, AlreadyListed},
		{"the holder's document", false, Correction{To: numbered(p.Person, 2), Visit: good()}, AlreadyListed},
		{"the holder's own, on the list", true, Correction{To: numbered(p.Person, 7), Visit: good(), Twice: true}, AlreadyListed},
	} {
		s, err := CanCorrect(holder, p, c.own, markedContact, c.to)
		refused(t, err, c.code, "%s", c.story)
		if (s != 0) != (err == nil) {
			t.Errorf("%s: %v, %v", c.story, s, err)
		}
	}
	// An account that may have no such passenger has none by a correction.
	foreign := passenger(identity.Passport, Verified)
	to := foreign.Person
	to.Document, to.Number = identity.ResidentID, "R"
	_, err := CanCorrect(account(identity.ResidentID, Pending), foreign, false, markedContact, Correction{To: to, Visit: good()})
	refused(t, err, AccountStatus, "a resident ID card for a pending account")
}

func TestB11_WhatAClaimNeeds(t *testing.T) {
	to := Correction{To: somebody(identity.ResidentID, 2), Visit: good()}
	everything(func(d identity.DocumentType, s Status, name string) {
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
	refused(t, err, TicketBought, "a holder whom a ticket fixes")
	a = account(identity.ResidentID, Failed)
	for code, change := range map[problem.Code]func(c *Correction){
		StationWindowOnly: func(c *Correction) { c.Visit.At = Agency }, InPersonOnly: func(c *Correction) { c.Visit.Delegated = true },
		OriginalMissing: func(c *Correction) { c.Visit.Original = false }, DocumentExpired: func(c *Correction) { c.Visit.InDate = false },
		DocumentUnreadable: func(c *Correction) { c.Visit.Readable = false }, ProofWrong: func(c *Correction) { c.Visit.Proof = Proof{} },
		AlreadyListed: func(c *Correction) { c.Twice = true },
	} {
		c := to
		change(&c)
		_, err := CanClaim(a, markedContact, c)
		refused(t, err, code, "%s", code)
	}
	if s, err := CanClaim(a, markedContact, to); s != Verified || err != nil {
		t.Errorf("%v, %v", s, err)
	}
	to.To = somebody(identity.HKMacauPermit, 3)
	if s, err := CanClaim(a, markedContact, to); s != PreVerified || err != nil {
		t.Errorf("%v, %v", s, err)
	}
}
