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

func TestG20_NumbersAreReadInOneSpelling(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Identity.DocumentNumber = "110105900307461"
		w.Refuses(rules.FirstGenerationCard, "a first-generation card")(w.Register(t.Context(), r, issuerdb.Home))
		r.Identity.DocumentNumber = lowerX
		w.Done(w.Register(t.Context(), r, issuerdb.Home))
		_, h := w.logIn()
		p, err := w.Profile(t.Context(), h)
		if err != nil || p.Identity.Number != upperX {
			t.Fatalf("%q is kept: %v", p.Identity.Number, err)
		}
		e := edit(1)
		e.Identity.DocumentNumber = lowerX
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.Version != 1 || !w.heardOfNoChange() {
			t.Errorf("an edit of the x alone: version %d, %v", p.Version, err)
		}
		e.Identity.DocumentNumber = "110105900307461"
		w.Refuses(rules.FirstGenerationCard, "an edit to a first-generation card")(w.Edit(t.Context(), h, e))
	})
}

// heardOfNoChange reports whether the registry was last told of an edit to the same
// identity.
func (w *system) heardOfNoChange() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.known)
	return n >= 2 && w.known[n-1] == w.known[n-2]
}

// An edit that changes nothing but case, widths or spaces is no edit of the name:
// a verified identity is not in its way, and the name stays as it was.
func TestG17_AnEditOfCaseIsNoEdit(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Identity = identity.Entry{Name: "Test Name", DocumentType: "passport", DocumentNumber: "X1234567", Nationality: "NZL"}
		w.Done(w.Register(t.Context(), r, issuerdb.Home))
		_, h := w.logIn()
		for _, spelling := range []string{"TEST NAME", "test  name", "ＴＥＳＴ　Ｎａｍｅ", "TestName"} {
			e := Edit{1, r.Identity, r.Contact}
			e.Identity.Name = spelling
			if p, err := w.Edit(t.Context(), h, e); err != nil || p.Version != 1 || p.Identity.Name.Text != "Test Name" || !w.heardOfNoChange() {
				t.Errorf("%q: version %d, %q: %v", spelling, p.Version, p.Identity.Name.Text, err)
			}
		}
		w.vetoes(problem.New(rules.IdentityFixed, "verified"))
		e := Edit{1, r.Identity, r.Contact}
		e.Identity.Name = "Test·Name"
		w.Refuses(rules.IdentityFixed, "another name")(w.Edit(t.Context(), h, e))
	})
}

// A holder says that characters were substituted; the word is kept sealed.
func TestR07_HoldersDeclareSubstitutedCharacters(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Identity.Substituted = true
		id, err := w.Register(t.Context(), r, issuerdb.Home)
		w.Must(err)
		if !w.known[len(w.known)-1].Substituted {
			t.Error("the registry did not hear of it")
		}
		_, h := w.logIn()
		p, err := w.Profile(t.Context(), h)
		if err != nil || !p.Identity.Substituted {
			t.Fatalf("%+v: %v", p.Identity, err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM accounts WHERE id = $1 AND LENGTH(substituted) > 16`, id); n != 1 {
			t.Error("the word is not sealed")
		}
		e := edit(1)
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.Version != 2 || p.Identity.Substituted {
			t.Fatalf("taken back: %+v, %v", p, err)
		}
		e.Version, e.Identity.Substituted = 2, true
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.Version != 3 || !p.Identity.Substituted {
			t.Fatalf("said again: %+v, %v", p, err)
		}
		// A row from before the question says no.
		w.Exec(`UPDATE accounts SET substituted = NULL`)
		if p, err = w.Profile(t.Context(), h); err != nil || p.Identity.Substituted {
			t.Fatalf("a row from before: %+v, %v", p.Identity, err)
		}
	})
}

// Names that an older table marked as rare are read by today's table.
func TestR07_AccountsMarkedByAnOlderTable(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Identity.Name = "测玥"
		w.Done(w.Register(t.Context(), r, issuerdb.Home))
		w.Exec(`UPDATE accounts SET name_marks = 2`)
		_, h := w.logIn()
		if p, err := w.Profile(t.Context(), h); err != nil || p.Identity.Name.Uncommon {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
	})
}
