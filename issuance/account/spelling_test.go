package account

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/issuerdb"
)

// lowerX is a number that ends in a lower-case x.
const lowerX, upperX = "11010519491231002x", "11010519491231002X"

func TestG20_NumbersAreStoredInOneSpelling(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Identity.DocumentNumber = "110105900307461"
		s.Refuses(rules.FirstGenerationCard, "a first-generation card")(s.Register(t.Context(), r, issuerdb.Home))
		r.Identity.DocumentNumber = lowerX
		s.Done(s.Register(t.Context(), r, issuerdb.Home))
		_, h := s.logIn()
		p, err := s.Profile(t.Context(), h)
		if err != nil || p.Identity.Number != upperX {
			t.Fatalf("%q is stored: %v", p.Identity.Number, err)
		}
		e := edit(1)
		e.Identity.DocumentNumber = lowerX
		if p, err = s.Edit(t.Context(), h, e); err != nil || p.Version != 1 || !s.lastEditIsUnchanged() {
			t.Errorf("an edit of the x alone: version %d, %v", p.Version, err)
		}
		e.Identity.DocumentNumber = "110105900307461"
		s.Refuses(rules.FirstGenerationCard, "an edit to a first-generation card")(s.Edit(t.Context(), h, e))
	})
}

// lastEditIsUnchanged reports whether the registry was last called for an edit to the same
// identity.
func (s *setup) lastEditIsUnchanged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.identities)
	return n >= 2 && s.identities[n-1] == s.identities[n-2]
}

// An edit of case, widths or spaces alone does not change the name, so it is allowed for a verified
// identity too.
func TestG17_EditOfCaseAloneKeepsTheName(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Identity = identity.Entry{Name: "Test Name", DocumentType: "passport", DocumentNumber: "X1234567", Nationality: "NZL"}
		s.Done(s.Register(t.Context(), r, issuerdb.Home))
		_, h := s.logIn()
		for _, spelling := range []string{"TEST NAME", "test  name", "ＴＥＳＴ　Ｎａｍｅ", "TestName"} {
			e := Edit{1, r.Identity, r.Contact}
			e.Identity.Name = spelling
			if p, err := s.Edit(t.Context(), h, e); err != nil || p.Version != 1 || p.Identity.Name.Text != "Test Name" || !s.lastEditIsUnchanged() {
				t.Errorf("%q: version %d, %q: %v", spelling, p.Version, p.Identity.Name.Text, err)
			}
		}
		s.failHooks(problem.New(rules.IdentityFixed, "verified"))
		e := Edit{1, r.Identity, r.Contact}
		e.Identity.Name = "Test·Name"
		s.Refuses(rules.IdentityFixed, "another name")(s.Edit(t.Context(), h, e))
	})
}

// The holder's statement is stored encrypted.
func TestR07_HolderDeclaresSubstitutedCharacters(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Identity.Substituted = true
		id, err := s.Register(t.Context(), r, issuerdb.Home)
		s.Must(err)
		if !s.identities[len(s.identities)-1].Substituted {
			t.Error("the registry did not receive it")
		}
		_, h := s.logIn()
		p, err := s.Profile(t.Context(), h)
		if err != nil || !p.Identity.Substituted {
			t.Fatalf("%+v: %v", p.Identity, err)
		}
		if n := s.Count(`SELECT COUNT(*) FROM accounts WHERE id = $1 AND LENGTH(substituted) > 16`, id); n != 1 {
			t.Error("the statement is not encrypted")
		}
		e := edit(1)
		if p, err = s.Edit(t.Context(), h, e); err != nil || p.Version != 2 || p.Identity.Substituted {
			t.Fatalf("withdrawn: %+v, %v", p, err)
		}
		e.Version, e.Identity.Substituted = 2, true
		if p, err = s.Edit(t.Context(), h, e); err != nil || p.Version != 3 || !p.Identity.Substituted {
			t.Fatalf("declared again: %+v, %v", p, err)
		}
		// A row older than the column means no.
		s.Exec(`UPDATE accounts SET substituted = NULL`)
		if p, err = s.Profile(t.Context(), h); err != nil || p.Identity.Substituted {
			t.Fatalf("an older row: %+v, %v", p.Identity, err)
		}
	})
}

// Names that an older table marked as rare are evaluated with the current table.
func TestR07_StoredMarkFollowsTheCurrentTable(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Identity.Name = "测玥"
		s.Done(s.Register(t.Context(), r, issuerdb.Home))
		s.Exec(`UPDATE accounts SET name_marks = 2`)
		_, h := s.logIn()
		if p, err := s.Profile(t.Context(), h); err != nil || p.Identity.Name.Uncommon {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
	})
}
