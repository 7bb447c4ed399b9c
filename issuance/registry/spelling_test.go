package registry

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/issuerdb"
)

// lowerCaseX returns an entry whose number ends in X, and the same with a lower-case x.
func lowerCaseX(t *testing.T) (upper, lower identity.Entry) {
	for n := range 100 {
		if e := resident(n); strings.HasSuffix(e.DocumentNumber, "X") {
			lower = e
			lower.DocumentNumber = strings.ToLower(e.DocumentNumber)
			return e, lower
		}
	}
	t.Fatal("no number ends in X")
	return
}

// Lower-case x and X are one identity in the registry, on a list and at a counter.
func TestG20_NumberHasOneSpellingEverywhere(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		upper, lower := lowerCaseX(t)
		h := env.register(lower)
		env.Refuses(rules.IdentityRegistered, "the same identity with X")(env.accounts.Register(t.Context(), registration("marked_login_9", upper), issuerdb.Home))
		for _, e := range []identity.Entry{upper, lower} {
			found, err := env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(e))
			if err != nil || len(found) != 1 || found[0].Account != h.Account() {
				t.Errorf("a counter finds %v: %v", found, err)
			}
		}
		env.checkAtWindow(Ref{Account: h.Account()}, true)
		env.Refuses(rules.AlreadyListed, "the holder on the list")(env.Add(t.Context(), h, enteredPassenger(lower)))
		first := resident(200)
		first.DocumentNumber = "110105900307461"
		env.Refuses(rules.FirstGenerationCard, "a first-generation card on the list")(env.Add(t.Context(), h, enteredPassenger(first)))
		env.Refuses(rules.FirstGenerationCard, "a first-generation card at a counter")(env.FindEntries(t.Context(), env.by(staff.Window), documentOf(first)))
	})
}

// Pinyin on a resident ID card and declared substitutions need a window and a proof (rule B1).
func TestR07_SubstitutedNamesGoToTheWindow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		pinyin, declared, common := resident(1), resident(2), resident(3)
		pinyin.Name = "Ceshi"
		declared.Substituted = true
		common.Name = "玥珺喆堃"
		for _, e := range []identity.Entry{pinyin, declared} {
			own := Ref{Account: env.register(e).Account()}
			env.Refuses(rules.StationWindowOnly, "an agency views it")(env.ViewEntry(t.Context(), env.by(staff.Agency), own))
			s, err := env.ViewEntry(t.Context(), env.by(staff.Window), own)
			if err != nil || !s.ProofNeeded || s.Person.Substituted != e.Substituted {
				t.Errorf("a window sees %v %v: %v", s.ProofNeeded, s.Person.Substituted, err)
			}
		}
		s, err := env.ViewEntry(t.Context(), env.by(staff.Agency), Ref{Account: env.register(common).Account()})
		if err != nil || s.ProofNeeded {
			t.Errorf("common characters need a proof (%v): %v", s.ProofNeeded, err)
		}
	})
}

// The mark of an older table of common characters in the encrypted field is ignored.
func TestR07_StoredMarkFollowsTheCurrentTable(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		e := resident(1)
		e.Name = "测玥"
		h := env.register(e)
		plain, err := json.Marshal(storedPerson{Document: 1, Name: "测玥", Uncommon: true, Number: e.DocumentNumber})
		env.Must(err)
		encrypted := env.Vault.Encrypt(plain, vault.Place{Table: tableHolders, Column: columnPerson, Row: h.Account()})
		env.Exec(`UPDATE holders SET person = $2 WHERE id = $1`, h.Account(), encrypted)
		if own := env.ownEntry(h); own.Person.Name.Uncommon || own.Person.WindowOnly() {
			t.Error("the mark of the older table is used")
		}
		if _, err := env.ViewEntry(t.Context(), env.by(staff.Agency), Ref{Account: h.Account()}); err != nil {
			t.Errorf("an agency views it: %v", err)
		}
	})
}

func TestG17_EditOfCaseKeepsNameAndStatus(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		l := env.addPassenger(h, visitor(2))
		env.checkAtWindow(Ref{h.Account(), l.ID}, true)
		l = env.line(h, l.ID)
		e := visitor(2)
		e.Name = strings.ToUpper(e.Name)
		got, err := env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(e))
		if err != nil || got.Person.Name.Text != visitor(2).Name || got.Version != l.Version || got.Status != rules.PreVerified {
			t.Errorf("version %d, %v: %v", got.Version, got.Status, err)
		}
		e.Name += "s"
		env.Refuses(rules.IdentityFixed, "another name")(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(e)))
	})
}
