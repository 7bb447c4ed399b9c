package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/vault"
)

// An attacker who can write the database without the key falsifies a chain of ten entries, in every way. The
// verification reports the first wrong position and the reason.
func TestFalsificationIsFoundAtItsFirstPosition(t *testing.T) {
	remove := func(h harness, from, to int) {
		h.exec(`DELETE FROM audit WHERE position >= $1 AND position <= $2`, from, to)
	}
	// renumber moves entries by some positions, through negative ones to avoid duplicates.
	renumber := func(h harness, from, to, by int) {
		h.exec(`UPDATE audit SET position = -(position + $1) WHERE position >= $2 AND position <= $3`, by, from, to)
		h.exec(`UPDATE audit SET position = -position WHERE position < 0`)
	}
	move := func(h harness, from, to int) { // from becomes free, to is taken
		h.exec(`UPDATE audit SET position = $1 WHERE position = $2`, to, from)
	}
	forged := func(h harness, position int) {
		h.appendEntry(entry(99))
		h.exec(`UPDATE audit SET position = $1, hash = $2 WHERE position IS NULL`, position, bytes.Repeat([]byte{7}, 32))
	}
	const parked = 1000
	cases := map[string]struct {
		falsify func(h harness)
		at      int64
		because string
	}{
		"time changed":      {func(h harness) { h.exec(`UPDATE audit SET at_ms = at_ms + 1 WHERE position = 4`) }, 4, altered},
		"person changed":    {func(h harness) { h.exec(`UPDATE audit SET who = 'hongqiao-window-4' WHERE position = 4`) }, 4, altered},
		"role changed":      {func(h harness) { h.exec(`UPDATE audit SET role = 'police' WHERE position = 1`) }, 1, altered},
		"action changed":    {func(h harness) { h.exec(`UPDATE audit SET action = 'lift' WHERE position = 10`) }, 10, altered},
		"object changed":    {func(h harness) { h.exec(`UPDATE audit SET object = '20494-77' WHERE position = 5`) }, 5, altered},
		"kind changed":      {func(h harness) { h.exec(`UPDATE audit SET object_kind = 'account' WHERE position = 5`) }, 5, altered},
		"detail changed":    {func(h harness) { h.exec(`UPDATE audit SET detail = 'fraud' WHERE position = 5`) }, 5, altered},
		"request changed":   {func(h harness) { h.exec(`UPDATE audit SET request = '' WHERE position = 5`) }, 5, altered},
		"hash changed":      {func(h harness) { h.exec(`UPDATE audit SET hash = $1 WHERE position = 6`, bytes.Repeat([]byte{7}, 32)) }, 6, altered},
		"hash cut short":    {func(h harness) { h.exec(`UPDATE audit SET hash = $1 WHERE position = 6`, []byte{7}) }, 6, altered},
		"two changed":       {func(h harness) { h.exec(`UPDATE audit SET detail = 'fraud' WHERE position IN (3, 8)`) }, 3, altered},
		"first removed":     {func(h harness) { remove(h, 1, 1) }, 1, removed},
		"one removed":       {func(h harness) { remove(h, 4, 4) }, 4, removed},
		"three removed":     {func(h harness) { remove(h, 4, 6) }, 4, removed},
		"gap closed":        {func(h harness) { remove(h, 4, 4); renumber(h, 5, 10, -1) }, 4, altered},
		"wide gap closed":   {func(h harness) { remove(h, 4, 6); renumber(h, 7, 10, -3) }, 4, altered},
		"unchained":         {func(h harness) { h.exec(`UPDATE audit SET position = NULL, hash = NULL WHERE position = 4`) }, 4, removed},
		"one inserted":      {func(h harness) { renumber(h, 4, 10, 1); forged(h, 4) }, 4, altered},
		"two inserted":      {func(h harness) { renumber(h, 4, 10, 2); forged(h, 4); forged(h, 5) }, 4, altered},
		"one at the end":    {func(h harness) { forged(h, 11) }, 11, neverChained},
		"before the first":  {func(h harness) { forged(h, 0) }, 0, neverChained},
		"neighbors swapped": {func(h harness) { move(h, 4, parked); move(h, 5, 4); move(h, parked, 5) }, 4, altered},
		"two swapped":       {func(h harness) { move(h, 3, parked); move(h, 8, 3); move(h, parked, 8) }, 3, altered},
		"moved back":        {func(h harness) { move(h, 8, parked); renumber(h, 3, 7, 1); move(h, parked, 3) }, 3, altered},
		"moved forward":     {func(h harness) { move(h, 3, parked); renumber(h, 4, 8, -1); move(h, parked, 8) }, 3, altered},
		"last removed":      {func(h harness) { remove(h, 10, 10) }, 10, truncated},
		"tail removed":      {func(h harness) { remove(h, 6, 10) }, 6, truncated},
		"all removed":       {func(h harness) { remove(h, 1, 10) }, 1, truncated},
	}
	each(t, func(t *testing.T, h harness) {
		h.chainTo(10)
		h.dropGuards()
		h.exec(`CREATE TABLE saved AS SELECT * FROM audit`)
		for what, test := range cases {
			t.Run(what, func(t *testing.T) {
				h := harness{t, h.auditLog}
				h.restore()
				h.mustHold(10)
				test.falsify(h)
				r := h.mustVerify()
				if r.Broken == nil || r.Broken.Position != test.at || r.Broken.From != test.at || r.Broken.Because != test.because {
					t.Fatalf("found %v, want %q at %d", r.Broken, test.because, test.at)
				}
				if want := max(0, test.at-1); r.Head.Position != want || r.Checked != want {
					t.Errorf("valid up to %d (%d entries), want %d", r.Head.Position, r.Checked, want)
				}
				if entries, broken := h.verifyPages(3); len(entries) != int(r.Checked) || broken == nil || *broken != *r.Broken {
					t.Errorf("in pages %d entries are valid, then %v; want %d, then %v", len(entries), broken, r.Checked, r.Broken)
				}
				if text := r.Broken.String(); !strings.Contains(text, fmt.Sprintf("position %d", test.at)) || !strings.HasSuffix(text, ", because "+test.because) {
					t.Error(text)
				}
			})
		}
	})
}

// restore restores the saved entries.
func (h harness) restore() {
	h.Helper()
	ids := ""
	if h.db.Name == "postgres" {
		ids = "OVERRIDING SYSTEM VALUE "
	}
	h.exec(`DELETE FROM audit`)
	h.exec(`INSERT INTO audit ` + ids + `SELECT * FROM saved`)
}

// A chain with a truncated tail and a matching head is valid in itself. An anchor from outside reveals the
// truncation.
func TestTruncatedTailIsFoundByAnAnchor(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		early := h.chainTo(4)
		h.appendActs(5, 10)
		h.mustChain(6)
		late := h.head()
		h.mustHold(10, early, late)
		h.dropGuards()
		h.exec(`DELETE FROM audit WHERE position > 6`)
		h.exec(`UPDATE audit_chain SET position = 6, head_hash = (SELECT hash FROM audit WHERE position = 6)`)
		h.mustHold(6, early)
		if r := h.mustVerify(late, early); r.Broken == nil || *r.Broken != (Break{Position: 7, From: 7, Because: truncated}) {
			t.Fatalf("found %v", r.Broken)
		}
		// The issuer continues the truncated chain: the anchor still reveals the truncation.
		h.appendActs(11, 16)
		h.mustChain(6)
		if r := h.mustVerify(late, early); r.Broken == nil || *r.Broken != (Break{Position: 10, From: 5, Because: rebuilt}) {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

func TestWrongHeadIsFound(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		h.dropGuards()
		h.exec(`UPDATE audit_chain SET head_hash = $1`, make([]byte, 32))
		if r := h.mustVerify(); r.Broken == nil || r.Broken.Because != rebuilt || r.Broken.Position != 3 || r.Broken.From != 1 {
			t.Fatalf("found %v", r.Broken)
		}
		h.exec(`DELETE FROM audit_chain`)
		if _, err := h.Verify(t.Context(), nil, nil); err == nil {
			t.Fatal("the verification succeeded without a head")
		}
	})
}

func TestChainOfAnotherKeyIsInvalid(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		other := harness{t, newLog(t, h.db, vault.Key{8})}
		if r := other.mustVerify(); r.Broken == nil || r.Broken.Position != 1 {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

func TestVerificationCountsUnchainedEntries(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.mustHold(0)
		h.chainTo(2)
		h.appendActs(7, 9)
		r := h.mustVerify()
		if r.Broken != nil || r.Checked != 2 || r.Unchained != 3 || r.OldestMs != entry(7).AtMs {
			t.Fatalf("%+v", r)
		}
	})
}

func TestVerificationReportsProgressAfterEachBatch(t *testing.T) {
	const n = 2*verifyBatch + 1
	each(t, func(t *testing.T, h harness) {
		h.appendMany(n)
		h.mustChain(n)
		var reported []string
		r, err := h.Verify(t.Context(), nil, func(at, head int64) { reported = append(reported, fmt.Sprintf("%d of %d", at, head)) })
		if err != nil || r.Broken != nil || r.Checked != n {
			t.Fatalf("%+v, %v", r, err)
		}
		equalSlices(t, "progress", reported, []string{"1000 of 2001", "2000 of 2001", "2001 of 2001"})
		h.dropGuards()
		h.exec(`UPDATE audit SET detail = 'x' WHERE position = $1`, verifyBatch+1) // the first of its batch
		if r := h.mustVerify(); r.Broken == nil || r.Broken.Position != verifyBatch+1 || r.Broken.Because != altered {
			t.Fatalf("found %v", r.Broken)
		}
	})
}
