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
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity.DocumentNumber = "110105900307461"
		env.Refuses(rules.FirstGenerationCard, "a first-generation card")(env.Register(t.Context(), r, issuerdb.Home))
		r.Identity.DocumentNumber = lowerX
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		_, h := env.logIn()
		p, err := env.Profile(t.Context(), h)
		if err != nil || p.Identity.Number != upperX {
			t.Fatalf("%q is stored: %v", p.Identity.Number, err)
		}
		e := edit(1)
		e.Identity.DocumentNumber = lowerX
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.Version != 1 || !env.lastEditIsUnchanged() {
			t.Errorf("an edit of the x alone: version %d, %v", p.Version, err)
		}
		e.Identity.DocumentNumber = "110105900307461"
		env.Refuses(rules.FirstGenerationCard, "an edit to a first-generation card")(env.Edit(t.Context(), h, e))
	})
}

// lastEditIsUnchanged reports whether the registry was last called for an edit to the same
// identity.
func (env *setup) lastEditIsUnchanged() bool {
	env.mu.Lock()
	defer env.mu.Unlock()
	n := len(env.identities)
	return n >= 2 && env.identities[n-1] == env.identities[n-2]
}

// An edit of case, widths or spaces alone does not change the name, so it is allowed for a verified
// identity too.
func TestG17_EditOfCaseAloneKeepsTheName(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity = identity.Entry{Name: "Test Name", DocumentType: "passport", DocumentNumber: "X1234567", Nationality: "NZL"}
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		_, h := env.logIn()
		for _, spelling := range []string{"TEST NAME", "test  name", "ＴＥＳＴ　Ｎａｍｅ", "TestName"} {
			e := Edit{1, r.Identity, r.Contact}
			e.Identity.Name = spelling
			if p, err := env.Edit(t.Context(), h, e); err != nil || p.Version != 1 || p.Identity.Name.Text != "Test Name" || !env.lastEditIsUnchanged() {
				t.Errorf("%q: version %d, %q: %v", spelling, p.Version, p.Identity.Name.Text, err)
			}
		}
		env.failHooks(problem.New(rules.IdentityFixed, "verified"))
		e := Edit{1, r.Identity, r.Contact}
		e.Identity.Name = "Test·Name"
		env.Refuses(rules.IdentityFixed, "another name")(env.Edit(t.Context(), h, e))
	})
}

// The holder's statement is stored encrypted.
func TestR07_HolderDeclaresSubstitutedCharacters(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity.Substituted = true
		id, err := env.Register(t.Context(), r, issuerdb.Home)
		env.Must(err)
		if !env.identities[len(env.identities)-1].Substituted {
			t.Error("the registry did not receive it")
		}
		_, h := env.logIn()
		p, err := env.Profile(t.Context(), h)
		if err != nil || !p.Identity.Substituted {
			t.Fatalf("%+v: %v", p.Identity, err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM accounts WHERE id = $1 AND LENGTH(substituted) > 16`, id); n != 1 {
			t.Error("the statement is not encrypted")
		}
		e := edit(1)
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.Version != 2 || p.Identity.Substituted {
			t.Fatalf("withdrawn: %+v, %v", p, err)
		}
		e.Version, e.Identity.Substituted = 2, true
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.Version != 3 || !p.Identity.Substituted {
			t.Fatalf("declared again: %+v, %v", p, err)
		}
		// A row older than the column means no.
		env.Exec(`UPDATE accounts SET substituted = NULL`)
		if p, err = env.Profile(t.Context(), h); err != nil || p.Identity.Substituted {
			t.Fatalf("an older row: %+v, %v", p.Identity, err)
		}
	})
}

// Names that an older table marked as rare are evaluated with the current table.
func TestR07_StoredMarkFollowsTheCurrentTable(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity.Name = "测玥"
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		env.Exec(`UPDATE accounts SET name_marks = 2`)
		_, h := env.logIn()
		if p, err := env.Profile(t.Context(), h); err != nil || p.Identity.Name.Uncommon {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
	})
}
