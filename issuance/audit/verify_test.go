package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/vault"
)

// Every way to falsify a chain of ten, by somebody who may write the database and
// lacks the key, and what the verification says of it.
func TestFalsificationIsFoundAtItsFirstPlace(t *testing.T) {
	gone := func(w system, from, to int) {
		w.exec(`DELETE FROM audit WHERE position >= $1 AND position <= $2`, from, to)
	}
	// renumber moves entries by some places; negative numbers keep them apart meanwhile.
	renumber := func(w system, from, to, by int) {
		w.exec(`UPDATE audit SET position = -(position + $1) WHERE position >= $2 AND position <= $3`, by, from, to)
		w.exec(`UPDATE audit SET position = -position WHERE position < 0`)
	}
	move := func(w system, from, to int) { // leaves a hole and fills one
		w.exec(`UPDATE audit SET position = $1 WHERE position = $2`, to, from)
	}
	forged := func(w system, position int) {
		w.appended(entry(99))
		w.exec(`UPDATE audit SET position = $1, hash = $2 WHERE position IS NULL`, position, bytes.Repeat([]byte{7}, 32))
	}
	const parked = 1000
	stories := map[string]struct {
		falsify func(w system)
		at      int64
		because string
	}{
		"time changed":      {func(w system) { w.exec(`UPDATE audit SET at_ms = at_ms + 1 WHERE position = 4`) }, 4, altered},
		"person changed":    {func(w system) { w.exec(`UPDATE audit SET who = 'hongqiao-window-4' WHERE position = 4`) }, 4, altered},
		"role changed":      {func(w system) { w.exec(`UPDATE audit SET role = 'police' WHERE position = 1`) }, 1, altered},
		"action changed":    {func(w system) { w.exec(`UPDATE audit SET action = 'lift' WHERE position = 10`) }, 10, altered},
		"object changed":    {func(w system) { w.exec(`UPDATE audit SET object = '20494-77' WHERE position = 5`) }, 5, altered},
		"kind changed":      {func(w system) { w.exec(`UPDATE audit SET object_kind = 'account' WHERE position = 5`) }, 5, altered},
		"detail changed":    {func(w system) { w.exec(`UPDATE audit SET detail = 'fraud' WHERE position = 5`) }, 5, altered},
		"request changed":   {func(w system) { w.exec(`UPDATE audit SET request = '' WHERE position = 5`) }, 5, altered},
		"hash changed":      {func(w system) { w.exec(`UPDATE audit SET hash = $1 WHERE position = 6`, bytes.Repeat([]byte{7}, 32)) }, 6, altered},
		"hash cut short":    {func(w system) { w.exec(`UPDATE audit SET hash = $1 WHERE position = 6`, []byte{7}) }, 6, altered},
		"two changed":       {func(w system) { w.exec(`UPDATE audit SET detail = 'fraud' WHERE position IN (3, 8)`) }, 3, altered},
		"first removed":     {func(w system) { gone(w, 1, 1) }, 1, removed},
		"one removed":       {func(w system) { gone(w, 4, 4) }, 4, removed},
		"three removed":     {func(w system) { gone(w, 4, 6) }, 4, removed},
		"gap closed":        {func(w system) { gone(w, 4, 4); renumber(w, 5, 10, -1) }, 4, altered},
		"wide gap closed":   {func(w system) { gone(w, 4, 6); renumber(w, 7, 10, -3) }, 4, altered},
		"unsealed again":    {func(w system) { w.exec(`UPDATE audit SET position = NULL, hash = NULL WHERE position = 4`) }, 4, removed},
		"one inserted":      {func(w system) { renumber(w, 4, 10, 1); forged(w, 4) }, 4, altered},
		"two inserted":      {func(w system) { renumber(w, 4, 10, 2); forged(w, 4); forged(w, 5) }, 4, altered},
		"one at the end":    {func(w system) { forged(w, 11) }, 11, neverSealed},
		"before the first":  {func(w system) { forged(w, 0) }, 0, neverSealed},
		"neighbours turned": {func(w system) { move(w, 4, parked); move(w, 5, 4); move(w, parked, 5) }, 4, altered},
		"two exchanged":     {func(w system) { move(w, 3, parked); move(w, 8, 3); move(w, parked, 8) }, 3, altered},
		"moved back":        {func(w system) { move(w, 8, parked); renumber(w, 3, 7, 1); move(w, parked, 3) }, 3, altered},
		"moved on":          {func(w system) { move(w, 3, parked); renumber(w, 4, 8, -1); move(w, parked, 8) }, 3, altered},
		"last removed":      {func(w system) { gone(w, 10, 10) }, 10, cutOff},
		"tail removed":      {func(w system) { gone(w, 6, 10) }, 6, cutOff},
		"all removed":       {func(w system) { gone(w, 1, 10) }, 1, cutOff},
	}
	each(t, func(t *testing.T, w system) {
		w.sealedTo(10)
		w.disarmed()
		w.exec(`CREATE TABLE saved AS SELECT * FROM audit`)
		for what, story := range stories {
			t.Run(what, func(t *testing.T) {
				w := system{t, w.auditLog}
				w.restored()
				w.holds(10)
				story.falsify(w)
				r := w.verified()
				if r.Broken == nil || r.Broken.Position != story.at || r.Broken.From != story.at || r.Broken.Because != story.because {
					t.Fatalf("found %v, want %q at %d", r.Broken, story.because, story.at)
				}
				if want := max(0, story.at-1); r.Head.Position != want || r.Checked != want {
					t.Errorf("holds to %d (%d entries), want %d", r.Head.Position, r.Checked, want)
				}
				if text := r.Broken.String(); !strings.Contains(text, fmt.Sprintf("position %d", story.at)) || !strings.HasSuffix(text, ", because "+story.because) {
					t.Error(text)
				}
			})
		}
	})
}

// restored brings back the entries that were saved.
func (w system) restored() {
	w.Helper()
	ids := ""
	if w.db.Name == "postgres" {
		ids = "OVERRIDING SYSTEM VALUE "
	}
	w.exec(`DELETE FROM audit`)
	w.exec(`INSERT INTO audit ` + ids + `SELECT * FROM saved`)
}

// Whoever cuts the tail and sets the head back to match leaves a chain that holds
// in itself. An anchor from outside knows better.
func TestTailCutWithItsHeadIsFoundByAnAnchor(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		early := w.sealedTo(4)
		w.did(5, 10)
		w.sealed(6)
		late := w.head()
		w.holds(10, early, late)
		w.disarmed()
		w.exec(`DELETE FROM audit WHERE position > 6`)
		w.exec(`UPDATE audit_chain SET position = 6, head_hash = (SELECT hash FROM audit WHERE position = 6)`)
		w.holds(6, early)
		if r := w.verified(late, early); r.Broken == nil || *r.Broken != (Break{Position: 7, From: 7, Because: cutOff}) {
			t.Fatalf("found %v", r.Broken)
		}
		// The issuer does not notice and seals on: the anchor still does.
		w.did(11, 16)
		w.sealed(6)
		if r := w.verified(late, early); r.Broken == nil || *r.Broken != (Break{Position: 10, From: 5, Because: remade}) {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

func TestHeadThatIsNotTheLastEntrysIsFound(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		w.disarmed()
		w.exec(`UPDATE audit_chain SET head_hash = $1`, make([]byte, 32))
		if r := w.verified(); r.Broken == nil || r.Broken.Because != remade || r.Broken.Position != 3 || r.Broken.From != 1 {
			t.Fatalf("found %v", r.Broken)
		}
		w.exec(`DELETE FROM audit_chain`)
		if _, err := w.Verify(t.Context(), nil, nil); err == nil {
			t.Fatal("verified without a head")
		}
	})
}

// A chain made under another key is nobody's proof.
func TestChainUnderAnotherKeyDoesNotHold(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		stranger := system{t, trailOf(t, w.db, vault.Key{8})}
		if r := stranger.verified(); r.Broken == nil || r.Broken.Position != 1 {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

func TestVerificationCountsWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.holds(0)
		w.sealedTo(2)
		w.did(7, 9)
		r := w.verified()
		if r.Broken != nil || r.Checked != 2 || r.Unchained != 3 || r.OldestMs != entry(7).AtMs {
			t.Fatalf("%+v", r)
		}
	})
}

func TestVerificationGoesInBatchesAndTellsProgress(t *testing.T) {
	const n = 2*verifyBatch + 1
	each(t, func(t *testing.T, w system) {
		w.appendedMany(n)
		w.sealed(n)
		var told []string
		r, err := w.Verify(t.Context(), nil, func(at, head int64) { told = append(told, fmt.Sprintf("%d of %d", at, head)) })
		if err != nil || r.Broken != nil || r.Checked != n {
			t.Fatalf("%+v, %v", r, err)
		}
		equalSlices(t, "progress", told, []string{"1000 of 2001", "2000 of 2001", "2001 of 2001"})
		w.disarmed()
		w.exec(`UPDATE audit SET detail = 'x' WHERE position = $1`, verifyBatch+1) // the first of its batch
		if r := w.verified(); r.Broken == nil || r.Broken.Position != verifyBatch+1 || r.Broken.Because != altered {
			t.Fatalf("found %v", r.Broken)
		}
	})
}
