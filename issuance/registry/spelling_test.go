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

// lowered is an entry whose number ends in X, and the same with a lower-case x.
func lowered(t *testing.T) (upper, lower identity.Entry) {
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

// A number with a lower-case x is the number with X: one person in the registry, on
// a list and over a counter.
func TestG20_OneNumberHasOneSpellingEverywhere(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		upper, lower := lowered(t)
		h := w.registers(lower)
		w.Refuses(rules.IdentityRegistered, "the same identity with X")(w.accounts.Register(t.Context(), registration("marked_login_9", upper), issuerdb.Home))
		for _, e := range []identity.Entry{upper, lower} {
			found, err := w.FindEntries(t.Context(), w.by(staff.Agency), shown(e))
			if err != nil || len(found) != 1 || found[0].Account != h.Account() {
				t.Errorf("a counter finds %v: %v", found, err)
			}
		}
		w.checks(Ref{Account: h.Account()}, true)
		w.Refuses(rules.AlreadyListed, "the holder on the list")(w.Add(t.Context(), h, entered(lower)))
		first := resident(200)
		first.DocumentNumber = "110105900307461"
		w.Refuses(rules.FirstGenerationCard, "a first-generation card on the list")(w.Add(t.Context(), h, entered(first)))
		w.Refuses(rules.FirstGenerationCard, "a first-generation card on the counter")(w.FindEntries(t.Context(), w.by(staff.Window), shown(first)))
	})
}

// Pinyin on a resident ID card, and a holder's word that characters were
// substituted, lead to the window with a proof (rule B1).
func TestR07_SubstitutedNamesGoToTheWindow(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		pinyin, declared, common := resident(1), resident(2), resident(3)
		pinyin.Name = "Ceshi"
		declared.Substituted = true
		common.Name = "玥珺喆堃"
		for _, e := range []identity.Entry{pinyin, declared} {
			own := Ref{Account: w.registers(e).Account()}
			w.Refuses(rules.StationWindowOnly, "an agency looks")(w.ViewEntry(t.Context(), w.by(staff.Agency), own))
			s, err := w.ViewEntry(t.Context(), w.by(staff.Window), own)
			if err != nil || !s.ProofNeeded || s.Person.Substituted != e.Substituted {
				t.Errorf("a window sees %v %v: %v", s.ProofNeeded, s.Person.Substituted, err)
			}
		}
		s, err := w.ViewEntry(t.Context(), w.by(staff.Agency), Ref{Account: w.registers(common).Account()})
		if err != nil || s.ProofNeeded {
			t.Errorf("everyday characters need a proof (%v): %v", s.ProofNeeded, err)
		}
	})
}

// A mark that an older table of common characters left in the sealed field counts
// no more.
func TestR07_EntriesMarkedByAnOlderTable(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		e := resident(1)
		e.Name = "测玥"
		h := w.registers(e)
		plain, err := json.Marshal(stored{Document: 1, Name: "测玥", Uncommon: true, Number: e.DocumentNumber})
		w.Must(err)
		sealed := w.Vault.Encrypt(plain, vault.Place{Table: tableHolders, Column: columnPerson, Row: h.Account()})
		w.Exec(`UPDATE holders SET person = $2 WHERE id = $1`, h.Account(), sealed)
		if own := w.own(h); own.Person.Name.Uncommon || own.Person.WindowOnly() {
			t.Error("the mark of the older table counts")
		}
		if _, err := w.ViewEntry(t.Context(), w.by(staff.Agency), Ref{Account: h.Account()}); err != nil {
			t.Errorf("an agency looks: %v", err)
		}
	})
}

// Editing the case of a passenger's name changes neither the name nor the status.
func TestG17_APassengersNameHasNoCase(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		l := w.adds(h, visitor(2))
		w.checks(Ref{h.Account(), l.ID}, true)
		l = w.lineOf(h, l.ID)
		e := visitor(2)
		e.Name = strings.ToUpper(e.Name)
		got, err := w.Edit(t.Context(), h, l.ID, l.Version, entered(e))
		if err != nil || got.Person.Name.Text != visitor(2).Name || got.Version != l.Version || got.Status != rules.PreVerified {
			t.Errorf("version %d, %v: %v", got.Version, got.Status, err)
		}
		e.Name += "s"
		w.Refuses(rules.IdentityFixed, "another name")(w.Edit(t.Context(), h, l.ID, l.Version, entered(e)))
	})
}
