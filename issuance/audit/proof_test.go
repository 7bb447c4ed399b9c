package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/harness/runtest"
)

const someRow = `INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request, proof)
	SELECT at_ms, 'hongqiao-window-9', role, action, object_kind, object, detail, request, `

// An attacker who can write the database without the key prepares entries for the issuer to chain, in every
// way. None is chained, each is reported, and the issuer's own entries are chained.
func TestForgedEntryIsNotChained(t *testing.T) {
	cases := map[string]struct {
		forge   func(h harness)
		chained int // of the issuer's own three unchained entries
		because string
	}{
		"a row without a proof": {func(h harness) { h.exec(someRow + `NULL FROM audit WHERE position = 1`) }, 3, noProof},
		"a short proof":         {func(h harness) { h.exec(someRow+`$1 FROM audit WHERE position = 1`, []byte{7}) }, 3, wrongProof},
		"a proof of zeros":      {func(h harness) { h.exec(someRow+`$1 FROM audit WHERE position = 1`, make([]byte, proofSize)) }, 3, noProof},
		"an invented proof": {func(h harness) {
			h.exec(someRow+`$1 FROM audit WHERE position = 1`, bytes.Repeat([]byte{7}, proofSize))
		}, 3, wrongProof},
		"another entry's proof": {func(h harness) { h.exec(someRow + `proof FROM audit WHERE position = 1`) }, 3, wrongProof},
		"a copy of a chained entry": {func(h harness) {
			h.exec(strings.Replace(someRow, `'hongqiao-window-9'`, `who`, 1) + `proof FROM audit WHERE position = 1`)
		}, 3, copied},
		"a copy of an unchained entry": {func(h harness) {
			h.exec(strings.Replace(someRow, `'hongqiao-window-9'`, `who`, 1) + `proof FROM audit WHERE object = '20494-6'`)
		}, 3, copied},
		"a changed unchained entry": {func(h harness) { h.exec(`UPDATE audit SET who = 'hongqiao-window-9' WHERE object = '20494-6'`) }, 2, wrongProof},
		"another time":              {func(h harness) { h.exec(`UPDATE audit SET at_ms = at_ms + 1 WHERE object = '20494-6'`) }, 2, wrongProof},
		"a removed proof":           {func(h harness) { h.exec(`UPDATE audit SET proof = NULL WHERE object = '20494-6'`) }, 2, noProof},
		"exchanged proofs":          {func(h harness) { h.swapProofs("20494-5", "20494-6") }, 1, wrongProof},
		"a chained entry, unchained and changed": {func(h harness) {
			h.exec(`UPDATE audit SET position = NULL, hash = NULL WHERE position = 4`)
			h.exec(`UPDATE audit_chain SET position = 3, head_hash = (SELECT hash FROM audit WHERE position = 3)`)
			h.exec(`UPDATE audit SET detail = 'fraud' WHERE object = '20494-4'`)
		}, 3, wrongProof},
	}
	for what, test := range cases {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, h harness) {
				h.chainTo(4)
				h.appendActs(5, 7)
				h.dropGuards()
				h.exec(`DROP INDEX audit_proof`)
				test.forge(h)
				h.mustChain(test.chained)
				h.mustChain(0)
				if n := h.count(`SELECT COUNT(*) FROM audit WHERE position IS NOT NULL AND who = 'hongqiao-window-9'`); n != 0 {
					t.Errorf("%d forged entries are chained", n)
				}
				r := h.mustVerify()
				if r.Broken == nil || r.Broken.Because != test.because || r.Broken.Position != h.head().Position+1 || r.Broken.Row == 0 {
					t.Fatalf("found %v", r.Broken)
				}
				if text := r.Broken.String(); !strings.Contains(text, fmt.Sprintf("(row %d), because %s", r.Broken.Row, test.because)) {
					t.Error(text)
				}
				if got := h.refused.Load(); got == nil || got.count < 1 || got.first.why != test.because {
					t.Errorf("%+v", got)
				}
				p, err := h.Read(t.Context(), Query{})
				runtest.Must(t, err)
				for _, got := range p.Records {
					if got.ID == r.Broken.Row && got.Forged != test.because || got.Position != 0 && got.Forged != "" {
						t.Errorf("row %d has Forged %q", got.ID, got.Forged)
					}
				}
				h.appendActs(8, 8) // later entries are chained
				h.mustChain(1)
			})
		})
	}
}

// swapProofs gives two entries each other's proof.
func (h harness) swapProofs(a, b string) {
	h.Helper()
	var first, second []byte
	runtest.Must(h, h.db.Writer().QueryRow(`SELECT proof FROM audit WHERE object = $1`, a).Scan(&first))
	runtest.Must(h, h.db.Writer().QueryRow(`SELECT proof FROM audit WHERE object = $1`, b).Scan(&second))
	h.exec(`UPDATE audit SET proof = $1 WHERE object = $2`, second, a)
	h.exec(`UPDATE audit SET proof = $1 WHERE object = $2`, first, b)
}

// More forged entries than one transaction reads do not block the issuer's own.
func TestManyForgedEntriesDoNotBlockOthers(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(1)
		h.dropGuards()
		for range 2*chainBatch + 3 {
			h.exec(someRow + `NULL FROM audit WHERE position = 1`)
		}
		h.appendActs(2, 3)
		h.mustChain(2)
		if got := h.refused.Load(); got.count != 2*chainBatch+3 {
			t.Errorf("%+v", got)
		}
	})
}

// An archived entry is not in the database; a copy of it is recognized by its age.
func TestCopyOfAnArchivedEntryIsNotChained(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(4)
		old := h.record(2)
		young := entry(5)
		young.AtMs = later.UnixMilli() - 1
		h.appendEntry(young)
		h.mustChain(1)
		h.ageEntries()
		var f file
		if a, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep); err != nil || a.Entries != 4 {
			t.Fatalf("%+v, %v", a, err)
		}
		h.mustChain(1)
		h.dropGuards()
		h.exec(`INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request, proof) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			old.AtMs, old.Who, string(old.Role), string(old.Action), string(old.Object.Kind), old.Object.ID, old.Detail, old.Request, old.Proof[:])
		h.mustChain(0)
		if r := h.mustVerify(); r.Broken == nil || r.Broken.Because != outdated {
			t.Fatalf("found %v", r.Broken)
		}

		// A process that started before the archiving can still write.
		h.appendActs(8, 8)
		h.mustChain(1)
	})
}

// The hash reveals a removed proof of a chained entry. An entry that was chained without a proof is forged,
// unless it is from a version without proofs.
func TestVerificationChecksProofsOfChainedEntries(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(5)
		h.dropGuards()
		h.exec(`UPDATE audit SET proof = NULL WHERE position = 3`)
		if r := h.mustVerify(); r.Broken == nil || r.Broken.Because != altered || r.Broken.Position != 3 {
			t.Fatalf("found %v", r.Broken)
		}
		// The chain of an issuer that does not check proofs.
		h.rebuildFrom(3)
		if r := h.mustVerify(); r.Broken == nil || *r.Broken != (Break{Position: 3, From: 3, Row: r.Broken.Row, Because: noProof}) {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

// rebuildFrom rebuilds the chain from a position, with the key.
func (h harness) rebuildFrom(from int64) {
	h.Helper()
	records, err := h.after(h.Context(), 0, 1_000_000)
	runtest.Must(h, err)
	var at Anchor
	for i := range records {
		r := &records[i]
		if r.Position >= from {
			r.Hash = h.link(at.Hash, r.Position, r)
			h.exec(`UPDATE audit SET hash = $1 WHERE position = $2`, r.Hash[:], r.Position)
		}
		at = Anchor{r.Position, r.Hash}
	}
	h.exec(`UPDATE audit_chain SET head_hash = $1`, at.Hash[:])
}

// removeProofs turns every entry into one of a version without proofs.
func (h harness) removeProofs() {
	h.Helper()
	h.exec(`UPDATE audit SET proof = NULL`)
	h.rebuildFrom(1)
}

// An upgrade does not change chained entries. Unchained ones are adopted once, which is recorded; after that,
// an entry without a proof is forged.
func TestEntriesOfAnOlderVersionAreAdoptedOnce(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		anchorOf := func() Anchor { return h.head() }
		h.chainTo(3)
		h.appendActs(4, 5)
		h.dropGuards()
		h.removeProofs()
		old := anchorOf()
		h.mustHold(3, old)
		h.appendActs(6, 6) // a command of the new version, before the first start
		h.mustHold(3, old)
		runtest.Must(t, h.adopt(t.Context()))
		h.mustHold(7, old)
		p, err := h.Read(t.Context(), Query{Object: Object{AuditLog, "proofs"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Position != 7 || p.Records[0].Who != "issuer" || !strings.Contains(p.Records[0].Detail, "; 2 before it were chained") {
			t.Fatalf("%+v, %v", p, err)
		}
		h.exec(someRow + `NULL FROM audit WHERE position = 1`)
		for range 2 {
			runtest.Must(t, h.adopt(t.Context()))
			h.mustChain(0)
		}
		if r := h.mustVerify(old); r.Broken == nil || r.Broken.Because != noProof || r.Checked != 7 {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

// A new database requires proofs from its first entry, and so does one whose last entry was changed to look
// like an old one.
func TestNothingIsAdoptedWithoutAnOldChain(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.dropGuards()
		h.appendActs(1, 1)
		h.exec(`UPDATE audit SET proof = NULL`)
		runtest.Must(t, h.adopt(t.Context()))
		h.mustChain(0)
		h.exec(`DELETE FROM audit`)
		h.chainTo(2)
		h.exec(`UPDATE audit SET proof = NULL WHERE position = 2`)
		h.exec(someRow + `NULL FROM audit WHERE position = 1`)
		runtest.Must(t, h.adopt(t.Context()))
		h.mustChain(0)
	})
}

// Run adopts and chains entries, and reports the refused ones.
func TestRunReportsForgedEntries(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(2)
		h.appendActs(3, 3)
		h.dropGuards()
		h.removeProofs()
		r := h.run(5*time.Millisecond, 20*time.Millisecond)
		h.until("the old entries to be adopted", func() bool { return r.metric("position") == 4 })
		h.exec(someRow + `NULL FROM audit WHERE position = 1`)
		h.appendActs(5, 5)
		h.until("a forged entry in the metric", func() bool { return r.metric("refused") == 1 })
		h.until("the issuer's entry to be chained", func() bool { return r.metric("position") == 5 })
		r.stop()
		lines := r.log.FilterMessageSnippet("not written by an issuer").All()
		if len(lines) == 0 {
			t.Fatal("the log does not report the forged entry")
		}
		line := lines[0].ContextMap()
		if row := h.count(`SELECT id FROM audit WHERE who = 'hongqiao-window-9'`); line["row"] != int64(row) || line["because"] != noProof {
			t.Errorf("%v, want row %d", line, row)
		}
	})
}

// The expected proof is computed with the standard library only.
func TestProofFollowsItsFormula(t *testing.T) {
	log := &Log{mac: newMAC(testKey[:])}
	e := entry(1)
	nonce := [nonceSize]byte{1, 2, 3}
	text := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	b := text(nil, "railgate/audit/proof/v1")
	b = binary.BigEndian.AppendUint64(b, 41)
	b = append(b, nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.AtMs))
	for _, s := range []string{e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request} {
		b = text(b, s)
	}
	h := hmac.New(sha256.New, testKey[:])
	h.Write(b)
	want := append(binary.BigEndian.AppendUint64(nil, 41), nonce[:]...)
	want = h.Sum(want)
	if got := log.prove(&e, 41, nonce); !bytes.Equal(got[:], want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestProofIsArchivedAsHex(t *testing.T) {
	r := Record{ID: 1, Entry: entry(1), Position: 1, Proof: Proof{9, 55: 1}}
	line, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(line), `"proof":"09`) {
		t.Fatalf("%s, %v", line, err)
	}
	var again Record
	if err := json.Unmarshal(line, &again); err != nil || again != r {
		t.Fatalf("%+v, %v", again, err)
	}
	r.Proof = Proof{}
	if line, err = json.Marshal(r); err != nil || strings.Contains(string(line), "proof") {
		t.Fatalf("%s, %v", line, err)
	}
	for _, text := range []string{"", "09", strings.Repeat("AB", proofSize), strings.Repeat("ab", proofSize+1)} {
		if err := again.Proof.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// Without a key there is no audit log: an action that must be recorded fails.
func TestNilLogFails(t *testing.T) {
	var none *Log
	if err := none.Append(context.Background(), (*sql.Tx)(nil), entry(1)); err == nil {
		t.Error("Append succeeded")
	}
	if err := none.Note(context.Background(), entry(1)); err == nil {
		t.Error("Note succeeded")
	}
}

// Entries written with another key are not chained.
func TestProofUnderAnotherKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		other := harness{t, newLog(t, h.db, vault.Key{8})}
		other.appendActs(1, 1)
		h.mustChain(0)
		if got := h.refused.Load(); got.count != 1 || got.first.why != wrongProof {
			t.Errorf("%+v", got)
		}
	})
}
