package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

func TestB1_SpecialNamesNeedProof(t *testing.T) {
	p := passenger(identity.ResidentID, Pending)
	p.Person.Name.Uncommon = true
	own, list := markedContact, marked.ListContact()
	for _, c := range []struct {
		name    string
		contact Contact
		proof   Proof
		at      Actor
		code    problem.Code
	}{
		{"last 4 digits of the phone", own, Proof{Kind: PhoneEnd, Value: "1234"}, Window, ""},
		{"first 3 characters of the e-mail", own, Proof{Kind: EmailStart, Value: "Mar"}, Window, ""},
		{"in another case", own, Proof{Kind: EmailStart, Value: "mAR"}, Window, ""},
		{"the holder's number for a passenger", list, Proof{Kind: HolderNumber, Value: "11010519491231002X"}, Window, ""},
		{"with a lower-case x", list, Proof{Kind: HolderNumber, Value: "11010519491231002x"}, Window, ""},
		{"at an agency", own, Proof{Kind: PhoneEnd, Value: "1234"}, Agency, StationWindowOnly},
		{"nothing", own, Proof{}, Window, ProofWrong},
		{"wrong digits", own, Proof{Kind: PhoneEnd, Value: "1235"}, Window, ProofWrong},
		{"the whole phone", own, Proof{Kind: PhoneEnd, Value: "13000001234"}, Window, ProofWrong},
		{"three digits", own, Proof{Kind: PhoneEnd, Value: "234"}, Window, ProofWrong},
		{"two characters", own, Proof{Kind: EmailStart, Value: "Ma"}, Window, ProofWrong},
		{"four characters", own, Proof{Kind: EmailStart, Value: "Mark"}, Window, ProofWrong},
		{"the phone for the e-mail", own, Proof{Kind: EmailStart, Value: "123"}, Window, ProofWrong},
		{"the phone for a passenger", list, Proof{Kind: PhoneEnd, Value: "1234"}, Window, ProofWrong},
		{"the e-mail for a passenger", list, Proof{Kind: EmailStart, Value: "Mar"}, Window, ProofWrong},
		{"the holder's number for the holder", own, Proof{Kind: HolderNumber, Value: "11010519491231002X"}, Window, ProofWrong},
		{"no phone on file", Contact{}, Proof{Kind: PhoneEnd}, Window, ProofWrong},
		{"no e-mail on file", Contact{}, Proof{Kind: EmailStart}, Window, ProofWrong},
		{"no number on file", Contact{}, Proof{Kind: HolderNumber}, Window, ProofWrong},
		{"a phone too short", Contact{Phone: "234"}, Proof{Kind: PhoneEnd, Value: "234"}, Window, ProofWrong},
		{"a phone that does not end in digits", Contact{Phone: "1300000123x"}, Proof{Kind: PhoneEnd, Value: "123x"}, Window, ProofWrong},
		{"an e-mail too short", Contact{Email: "a@"}, Proof{Kind: EmailStart, Value: "a@"}, Window, ProofWrong},
		{"an e-mail of wide characters", Contact{Email: "测试甲@example.org"}, Proof{Kind: EmailStart, Value: "测试甲"}, Window, ""},
		{"an e-mail of three characters", Contact{Email: "a@b"}, Proof{Kind: EmailStart, Value: "a@b"}, Window, ""},
		{"an unknown kind", own, Proof{Kind: 9, Value: "1234"}, Window, ProofWrong},
	} {
		refused(t, CanVerify(p, c.contact, Visit{At: c.at, Original: true, InDate: true, Readable: true, Proof: c.proof}), c.code, "%s", c.name)
	}

	p.Person.Name.Uncommon = false
	refused(t, CanVerify(p, own, Visit{At: Agency, Original: true, InDate: true, Readable: true}), "", "a common name needs no proof")
	for _, mark := range []func(*identity.Person){
		func(p *identity.Person) { p.Name.OverLong = true }, func(p *identity.Person) { p.Name.Uncommon = true }, func(p *identity.Person) { p.Substituted = true },
	} {
		other := passenger(identity.Passport, ToBeSubmitted)
		mark(&other.Person)
		refused(t, CanVerify(other, own, Visit{At: Window, Original: true, InDate: true, Readable: true}), ProofWrong, "a passport's name needs proof too")
	}
}

// The test tries every visit to every counter for every status.
func TestB10_DelegateNeedsBothOriginals(t *testing.T) {
	everyVisit(func(v Visit) {
		for _, matches := range []bool{false, true} {
			everyStatus(func(d identity.DocumentType, s Status, name string) {
				p := passenger(d, s)
				next, err := Verify(p, Contact{}, v, matches)
				card, foreign := name == "rp" || name == "rf", name == "ot" || name == "of"
				open := card && (v.At == Window || v.At == Agency) || foreign && v.At == Window
				good := v.Original && v.InDate && v.Readable && (!v.Delegated || v.DelegateOriginal)
				if (err == nil) != (open && good) {
					t.Errorf("%v, %+v: %v", name, v, err)
				}
				if open && err != nil && !problem.Is(err, OriginalMissing) && !problem.Is(err, DocumentExpired) && !problem.Is(err, DocumentUnreadable) {
					t.Errorf("%v, %+v: %v", name, v, err)
				}
				if err != nil {
					if next != 0 {
						t.Errorf("%v becomes %v despite %v", name, next, err)
					}
					return
				}
				if matches == (next == Failed) || CanTransition(p.DocumentStatus(), DocumentStatus{d, next}, v.At) != nil {
					t.Errorf("%v becomes %v", name, next)
				}
			})
		}
	})
}

// everyVisit calls each for every actor with each combination of a clerk's statements.
func everyVisit(each func(v Visit)) {
	for at := range Actor(7) {
		for bits := range 1 << 5 {
			has := func(bit int) bool { return bits>>bit&1 == 1 }
			each(Visit{At: at, Original: has(0), InDate: has(1), Readable: has(2), Delegated: has(3), DelegateOriginal: has(4)})
		}
	}
}

// These documents have their own codes, since the issuing authority must replace them.
func TestG01_G19_ExpiredAndUnreadableDocuments(t *testing.T) {
	p := passenger(identity.ResidentID, Pending)
	for _, c := range []struct {
		visit Visit
		code  problem.Code
	}{
		{Visit{At: Window, Original: true, InDate: true, Readable: true}, ""},
		{Visit{At: Window, Original: true, Readable: true}, DocumentExpired},
		{Visit{At: Window, Original: true, InDate: true}, DocumentUnreadable},
		{Visit{At: Agency, Original: true, InDate: true}, DocumentUnreadable},
		{Visit{At: Window, Original: true}, DocumentExpired},
		{Visit{At: Window}, OriginalMissing},
	} {
		refused(t, CanVerify(p, Contact{}, c.visit), c.code, "%+v", c.visit)
		refused(t, CanFreeIdentity(Visit{At: Window, Original: c.visit.Original, InDate: c.visit.InDate, Readable: c.visit.Readable}), c.code, "%+v about a duplicate", c.visit)
	}
}

func TestB_AuthoritySettlesPreVerifiedIdentities(t *testing.T) {
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		for matches, want := range map[bool]Status{true: Verified, false: Failed} {
			got, err := SettleForeign(passenger(d, s), matches)
			if name == "op" && (got != want || err != nil) || name != "op" && (got != 0 || err == nil) {
				t.Errorf("%v %v: %v, %v", d, s, got, err)
			}
		}
	})
}

func TestB11_IdentityIsRegisteredOnce(t *testing.T) {
	refused(t, CanRegister(false), "", "the first account")
	refused(t, CanRegister(true), IdentityRegistered, "the second account")
	for _, c := range []struct {
		visit Visit
		code  problem.Code
	}{
		{Visit{At: Window, Original: true, InDate: true, Readable: true}, ""},
		{Visit{At: Window}, OriginalMissing},
		{Visit{At: Window, Original: true, InDate: true, Readable: true, Delegated: true, DelegateOriginal: true}, InPersonOnly},
		{Visit{At: Agency, Original: true, InDate: true, Readable: true}, StationWindowOnly},
		{Visit{At: Holder, Original: true, InDate: true, Readable: true}, StationWindowOnly},
		{Visit{}, StationWindowOnly},
	} {
		refused(t, CanFreeIdentity(c.visit), c.code, "%+v", c.visit)
	}
}

// Rule G39 and S4:23: pending and failed resident ID cards, except special names.
func TestG39_OnlineVerificationByStatusAndName(t *testing.T) {
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		a := account(d, s)
		var want problem.Code
		switch {
		case kindOf(d) == other:
			want = StationWindowOnly
		case name != "rp" && name != "rf":
			want = TransitionRefused
		}
		refused(t, CanVerifyOnline(a), want, "%v %v", d, s)
		if want != "" {
			return
		}
		for _, special := range []func(*identity.Person){
			func(p *identity.Person) { p.Name.OverLong = true }, func(p *identity.Person) { p.Name.Uncommon = true }, func(p *identity.Person) { p.Substituted = true },
		} {
			b := a
			special(&b.Person)
			refused(t, CanVerifyOnline(b), StationWindowOnly, "a special name, %v", s)
		}
	})
}
