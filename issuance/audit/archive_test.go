package audit

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// later is the time at which the entries of noon may be archived.
var later = noon.Add(MinAge + time.Hour)

var byTimer = Entry{AtMs: later.UnixMilli(), Who: "retention", Role: staff.Program}

// ageEntries returns the harness with a later clock.
func (h harness) ageEntries() harness { h.now = func() time.Time { return later }; return h }

// file is an archive of JSON lines.
type file struct{ strings.Builder }

func (f *file) keep(_ context.Context, records []Record) error {
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		f.Write(append(line, '\n'))
	}
	return nil
}

func (f *file) records(t *testing.T) (all []Record) {
	t.Helper()
	lines := json.NewDecoder(strings.NewReader(f.String()))
	lines.DisallowUnknownFields()
	for lines.More() {
		var r Record
		runtest.Must(t, lines.Decode(&r))
		all = append(all, r)
	}
	return all
}

func TestChainVerifiesAfterArchiving(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		first := h.chainTo(4)
		h.appendActs(5, 6)
		h.mustChain(2)
		old := h.head()
		young := entry(7)
		young.AtMs = later.UnixMilli() - 1
		h.appendEntry(young)
		h.appendActs(8, 8) // old, but after a young entry
		h.mustChain(2)
		h.ageEntries()

		var f file
		a, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep)
		if err != nil || a != (Archived{Anchor{}, old, 6}) {
			t.Fatalf("%+v, %v", a, err)
		}
		h.mustChain(1) // the entry of the archiving
		r := h.mustVerify(first, old)
		if r.Broken != nil || r.Base != old || r.Head.Position != 9 || r.Checked != 3 || !slices.Equal(r.Unchecked, []Anchor{first}) {
			t.Fatalf("%+v", r)
		}
		p, err := h.Read(t.Context(), Query{Object: Object{AuditLog, "1-6"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Action != staff.ArchiveAuditLog || p.Records[0].Who != "retention" || p.Records[0].Detail != "to "+old.String() {
			t.Fatalf("%+v, %v", p, err)
		}
		if a, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep); err != nil || a != (Archived{}) {
			t.Fatalf("a second archive: %+v, %v", a, err)
		}

		// The archive verifies by itself, and ends where the remaining chain begins.
		kept := f.records(t)
		if to, err := h.Follow(Anchor{}, kept); err != nil || to != old {
			t.Fatalf("the archive ends at %v, want %v: %v", to, old, err)
		}
		kept[2].Detail = "fraud"
		if to, err := h.Follow(Anchor{}, kept); !errors.Is(err, ErrBroken) || to.Position != 2 || !strings.Contains(err.Error(), "position 3") {
			t.Fatalf("a changed archive verifies up to %v: %v", to, err)
		}
	})
}

func TestFailedArchiveDeletesNothing(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		h.ageEntries()
		full := errors.New("disk full")
		if _, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), func(context.Context, []Record) error { return full }); !errors.Is(err, full) {
			t.Fatal(err)
		}
		// Another process archives the same entries first.
		other := func(ctx context.Context, _ []Record) error {
			_, err := h.Archive(ctx, byTimer, later.Add(-MinAge), func(context.Context, []Record) error { return nil })
			return err
		}
		if _, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), other); !errors.Is(err, ErrMoved) {
			t.Fatal(err)
		}
		h.mustChain(1)
		h.mustHold(1)
	})
}

func TestYoungEntriesStay(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		keep := func(context.Context, []Record) error { t.Error("keep was called"); return nil }
		h.ageEntries()
		if _, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge+time.Millisecond), keep); !errors.Is(err, ErrTooYoung) {
			t.Fatal(err)
		}
		if a, err := h.Archive(t.Context(), byTimer, noon, keep); err != nil || a.Entries != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		if _, err := h.Archive(t.Context(), Entry{}, later.Add(-MinAge), keep); !errors.Is(err, ErrEntry) {
			t.Fatalf("archived without an actor: %v", err)
		}
	})
}

func TestBrokenChainIsNotArchived(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		h.ageEntries()
		h.dropGuards()
		h.exec(`UPDATE audit SET detail = 'fraud' WHERE position = 2`)
		keep := func(context.Context, []Record) error { t.Error("keep was called"); return nil }
		if _, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), keep); !errors.Is(err, ErrBroken) {
			t.Fatal(err)
		}
	})
}

// An attacker who removes the beginning of the chain cannot pretend that it was archived.
func TestForgedBaseIsFound(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(6)
		h.dropGuards()
		h.exec(`UPDATE audit_chain SET base = 3, base_hash = (SELECT hash FROM audit WHERE position = 3)`)
		h.exec(`DELETE FROM audit WHERE position <= 3`)
		if r := h.mustVerify(); r.Broken == nil || *r.Broken != (Break{Position: 3, From: 1, Because: notArchived}) {
			t.Fatalf("found %v", r.Broken)
		}
		h.ageEntries()
		if _, err := h.Archive(t.Context(), byTimer, later.Add(-MinAge), nil); !errors.Is(err, ErrBroken) {
			t.Fatal(err)
		}
	})
}

// A verification continues after the entries that are archived at the same time.
func TestVerificationContinuesDuringArchiving(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		const n = verifyBatch + 20
		h.appendMany(n)
		h.mustChain(n)
		h.ageEntries()
		var f file
		archive := func(int64, int64) {
			for {
				a, err := h.Archive(t.Context(), byTimer, noon.Add(time.Millisecond*(verifyBatch+10)), f.keep)
				if err != nil {
					t.Error(err)
				}
				if a.Entries == 0 {
					return
				}
			}
		}
		r, err := h.Verify(t.Context(), nil, archive)
		if err != nil || r.Broken != nil || r.Head.Position != n || r.Base.Position != verifyBatch+9 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
