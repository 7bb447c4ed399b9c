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

// Every way in which an attacker who may write the database, and lacks the key, can
// prepare an entry for the issuer to seal: none is sealed, each is named, and the
// entries of the issuer are sealed all the same.
func TestEntryThatNoIssuerWroteIsNotSealed(t *testing.T) {
	stories := map[string]struct {
		forge   func(w system)
		sealed  int // of the issuer's own three that wait
		because string
	}{
		"a row without a proof": {func(w system) { w.exec(someRow + `NULL FROM audit WHERE position = 1`) }, 3, noProof},
		"a short proof":         {func(w system) { w.exec(someRow+`$1 FROM audit WHERE position = 1`, []byte{7}) }, 3, wrongProof},
		"a proof of zeros":      {func(w system) { w.exec(someRow+`$1 FROM audit WHERE position = 1`, make([]byte, proofSize)) }, 3, noProof},
		"a proof made up":       {func(w system) { w.exec(someRow+`$1 FROM audit WHERE position = 1`, bytes.Repeat([]byte{7}, proofSize)) }, 3, wrongProof},
		"another entry's proof": {func(w system) { w.exec(someRow + `proof FROM audit WHERE position = 1`) }, 3, wrongProof},
		"a copy of a sealed entry": {func(w system) {
			w.exec(strings.Replace(someRow, `'hongqiao-window-9'`, `who`, 1) + `proof FROM audit WHERE position = 1`)
		}, 3, copied},
		"a copy of one that waits": {func(w system) {
			w.exec(strings.Replace(someRow, `'hongqiao-window-9'`, `who`, 1) + `proof FROM audit WHERE object = '20494-6'`)
		}, 3, copied},
		"a changed one that waits": {func(w system) { w.exec(`UPDATE audit SET who = 'hongqiao-window-9' WHERE object = '20494-6'`) }, 2, wrongProof},
		"another time":             {func(w system) { w.exec(`UPDATE audit SET at_ms = at_ms + 1 WHERE object = '20494-6'`) }, 2, wrongProof},
		"a proof taken away":       {func(w system) { w.exec(`UPDATE audit SET proof = NULL WHERE object = '20494-6'`) }, 2, noProof},
		"proofs exchanged":         {func(w system) { w.swapProofs("20494-5", "20494-6") }, 1, wrongProof},
		"a sealed one for a second": {func(w system) {
			w.exec(`UPDATE audit SET position = NULL, hash = NULL WHERE position = 4`)
			w.exec(`UPDATE audit_chain SET position = 3, head_hash = (SELECT hash FROM audit WHERE position = 3)`)
			w.exec(`UPDATE audit SET detail = 'fraud' WHERE object = '20494-4'`)
		}, 3, wrongProof},
	}
	for what, story := range stories {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, w system) {
				w.sealedTo(4)
				w.did(5, 7)
				w.disarmed()
				w.exec(`DROP INDEX audit_proof`)
				story.forge(w)
				w.sealed(story.sealed)
				w.sealed(0)
				if n := w.count(`SELECT COUNT(*) FROM audit WHERE position IS NOT NULL AND who = 'hongqiao-window-9'`); n != 0 {
					t.Errorf("%d forged entries are sealed", n)
				}
				r := w.verified()
				if r.Broken == nil || r.Broken.Because != story.because || r.Broken.Position != w.head().Position+1 || r.Broken.Row == 0 {
					t.Fatalf("found %v", r.Broken)
				}
				if text := r.Broken.String(); !strings.Contains(text, fmt.Sprintf("(row %d), because %s", r.Broken.Row, story.because)) {
					t.Error(text)
				}
				if got := w.refused.Load(); got == nil || got.count < 1 || got.first.why != story.because {
					t.Errorf("%+v", got)
				}
				p, err := w.Read(t.Context(), Query{})
				runtest.Must(t, err)
				for _, got := range p.Records {
					if got.ID == r.Broken.Row && got.Forged != story.because || got.Position != 0 && got.Forged != "" {
						t.Errorf("row %d is read as %q", got.ID, got.Forged)
					}
				}
				w.did(8, 8) // what comes behind it is sealed
				w.sealed(1)
			})
		})
	}
}

// swapProofs gives two entries each other's proof.
func (w system) swapProofs(a, b string) {
	w.Helper()
	var first, second []byte
	runtest.Must(w, w.db.Writer().QueryRow(`SELECT proof FROM audit WHERE object = $1`, a).Scan(&first))
	runtest.Must(w, w.db.Writer().QueryRow(`SELECT proof FROM audit WHERE object = $1`, b).Scan(&second))
	w.exec(`UPDATE audit SET proof = $1 WHERE object = $2`, second, a)
	w.exec(`UPDATE audit SET proof = $1 WHERE object = $2`, first, b)
}

// More forged entries than one transaction looks at do not hold up the issuer's own.
func TestManyForgedEntriesDoNotHoldUpTheOthers(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(1)
		w.disarmed()
		for range 2*sealBatch + 3 {
			w.exec(someRow + `NULL FROM audit WHERE position = 1`)
		}
		w.did(2, 3)
		w.sealed(2)
		if got := w.refused.Load(); got.count != 2*sealBatch+3 {
			t.Errorf("%+v", got)
		}
	})
}

// An entry that was archived is gone from the database; its copy is known by its age.
func TestCopyOfAnArchivedEntryIsNotSealed(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(4)
		old := w.record(2)
		young := entry(5)
		young.AtMs = later.UnixMilli() - 1
		w.appended(young)
		w.sealed(1)
		w.aged()
		var f file
		if a, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep); err != nil || a.Entries != 4 {
			t.Fatalf("%+v, %v", a, err)
		}
		w.sealed(1)
		w.disarmed()
		w.exec(`INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request, proof) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			old.AtMs, old.Who, string(old.Role), string(old.Action), string(old.Object.Kind), old.Object.ID, old.Detail, old.Request, old.Proof[:])
		w.sealed(0)
		if r := w.verified(); r.Broken == nil || r.Broken.Because != outdated {
			t.Fatalf("found %v", r.Broken)
		}

		// A process that was there before the archive goes on writing.
		w.did(8, 8)
		w.sealed(1)
	})
}

// A proof that a sealed entry does not have any more is found by its hash, and one that
// was sealed without is forged, but for entries from before there were proofs.
func TestVerificationChecksProofsOfSealedEntries(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(5)
		w.disarmed()
		w.exec(`UPDATE audit SET proof = NULL WHERE position = 3`)
		if r := w.verified(); r.Broken == nil || r.Broken.Because != altered || r.Broken.Position != 3 {
			t.Fatalf("found %v", r.Broken)
		}
		// As an issuer that looks at no proofs would have sealed it.
		w.relinked(3)
		if r := w.verified(); r.Broken == nil || *r.Broken != (Break{Position: 3, From: 3, Row: r.Broken.Row, Because: noProof}) {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

// relinked makes the chain anew from a position, with the key.
func (w system) relinked(from int64) {
	w.Helper()
	records, err := w.after(w.Context(), 0, 1_000_000)
	runtest.Must(w, err)
	var at Anchor
	for i := range records {
		r := &records[i]
		if r.Position >= from {
			r.Hash = w.link(at.Hash, r.Position, r)
			w.exec(`UPDATE audit SET hash = $1 WHERE position = $2`, r.Hash[:], r.Position)
		}
		at = Anchor{r.Position, r.Hash}
	}
	w.exec(`UPDATE audit_chain SET head_hash = $1`, at.Hash[:])
}

// fromBefore turns every entry into one of the version without proofs.
func (w system) fromBefore() {
	w.Helper()
	w.exec(`UPDATE audit SET proof = NULL`)
	w.relinked(1)
}

// An upgraded database keeps its sealed entries as they are. Those that wait are taken
// in once, which is entered; afterwards an entry without a proof is forged.
func TestEntriesOfAnOlderVersionAreTakenInOnce(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		anchorOf := func() Anchor { return w.head() }
		w.sealedTo(3)
		w.did(4, 5)
		w.disarmed()
		w.fromBefore()
		old := anchorOf()
		w.holds(3, old)
		w.did(6, 6) // a command of the new version, before the first start
		w.holds(3, old)
		runtest.Must(t, w.adopt(t.Context()))
		w.holds(7, old)
		p, err := w.Read(t.Context(), Query{Object: Object{AuditLog, "proofs"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Position != 7 || p.Records[0].Who != "issuer" || !strings.Contains(p.Records[0].Detail, "; 2 before it were sealed") {
			t.Fatalf("%+v, %v", p, err)
		}
		w.exec(someRow + `NULL FROM audit WHERE position = 1`)
		for range 2 {
			runtest.Must(t, w.adopt(t.Context()))
			w.sealed(0)
		}
		if r := w.verified(old); r.Broken == nil || r.Broken.Because != noProof || r.Checked != 7 {
			t.Fatalf("found %v", r.Broken)
		}
	})
}

// A new database asks for proofs from its first entry on, and so does one whose last
// entry was made to look like an old one.
func TestNothingIsTakenInWithoutAnOldChain(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.disarmed()
		w.did(1, 1)
		w.exec(`UPDATE audit SET proof = NULL`)
		runtest.Must(t, w.adopt(t.Context()))
		w.sealed(0)
		w.exec(`DELETE FROM audit`)
		w.sealedTo(2)
		w.exec(`UPDATE audit SET proof = NULL WHERE position = 2`)
		w.exec(someRow + `NULL FROM audit WHERE position = 1`)
		runtest.Must(t, w.adopt(t.Context()))
		w.sealed(0)
	})
}

// Run takes in, seals, and reports what it passed over.
func TestRunReportsForgedEntries(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(2)
		w.did(3, 3)
		w.disarmed()
		w.fromBefore()
		r := w.run(5*time.Millisecond, 20*time.Millisecond)
		w.until("the old ones are taken in", func() bool { return r.shows("position") == 4 })
		w.exec(someRow + `NULL FROM audit WHERE position = 1`)
		w.did(5, 5)
		w.until("a forged entry in the metric", func() bool { return r.shows("refused") == 1 })
		w.until("the issuer's own is sealed", func() bool { return r.shows("position") == 5 })
		r.stop()
		lines := r.log.FilterMessageSnippet("not written by an issuer").All()
		if len(lines) == 0 {
			t.Fatal("nothing in the log")
		}
		line := lines[0].ContextMap()
		if row := w.count(`SELECT id FROM audit WHERE who = 'hongqiao-window-9'`); line["row"] != int64(row) || line["because"] != noProof {
			t.Errorf("%v, want row %d", line, row)
		}
	})
}

// The proof's form, from nothing but the standard library.
func TestProofFollowsItsFormula(t *testing.T) {
	trail := &Log{mac: newMAC(testKey[:])}
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
	if got := trail.prove(&e, 41, nonce); !bytes.Equal(got[:], want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestProofInAnArchive(t *testing.T) {
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
			t.Errorf("%q is a proof", text)
		}
	}
}

// Without a key there is no audit log, and an act that must be entered fails.
func TestActWithoutATrailFails(t *testing.T) {
	var none *Log
	if err := none.Append(context.Background(), (*sql.Tx)(nil), entry(1)); err == nil {
		t.Error("appended")
	}
	if err := none.Note(context.Background(), entry(1)); err == nil {
		t.Error("noted")
	}
}

// A trail under another key writes nothing that this one seals.
func TestProofUnderAnotherKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		stranger := system{t, trailOf(t, w.db, vault.Key{8})}
		stranger.did(1, 1)
		w.sealed(0)
		if got := w.refused.Load(); got.count != 1 || got.first.why != wrongProof {
			t.Errorf("%+v", got)
		}
	})
}
