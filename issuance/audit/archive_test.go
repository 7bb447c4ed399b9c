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

// later is when what happened at noon may leave.
var later = noon.Add(MinAge + time.Hour)

var byTimer = Entry{AtMs: later.UnixMilli(), Who: "retention", Role: staff.Program}

// aged lets time pass.
func (w system) aged() system { w.now = func() time.Time { return later }; return w }

// file is an archive: lines of JSON.
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

func TestArchivedBeginningLeavesAChainThatVerifies(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		first := w.sealedTo(4)
		w.did(5, 6)
		w.sealed(2)
		old := w.head()
		young := entry(7)
		young.AtMs = later.UnixMilli() - 1
		w.appended(young)
		w.did(8, 8) // old by its time, but behind a young one
		w.sealed(2)
		w.aged()

		var f file
		a, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep)
		if err != nil || a != (Archived{Anchor{}, old, 6}) {
			t.Fatalf("%+v, %v", a, err)
		}
		w.sealed(1) // the archiving itself
		r := w.verified(first, old)
		if r.Broken != nil || r.Base != old || r.Head.Position != 9 || r.Checked != 3 || !slices.Equal(r.Unchecked, []Anchor{first}) {
			t.Fatalf("%+v", r)
		}
		p, err := w.Read(t.Context(), Query{Object: Object{AuditLog, "1-6"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Action != staff.ArchiveAuditLog || p.Records[0].Who != "retention" || p.Records[0].Detail != "to "+old.String() {
			t.Fatalf("%+v, %v", p, err)
		}
		if a, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), f.keep); err != nil || a != (Archived{}) {
			t.Fatalf("archived again: %+v, %v", a, err)
		}

		// The archive verifies by itself, and joins on to what stayed.
		kept := f.records(t)
		if to, err := w.Follow(Anchor{}, kept); err != nil || to != old {
			t.Fatalf("the archive leads to %v: %v", to, err)
		}
		kept[2].Detail = "fraud"
		if to, err := w.Follow(Anchor{}, kept); !errors.Is(err, ErrBroken) || to.Position != 2 || !strings.Contains(err.Error(), "position 3") {
			t.Fatalf("a falsified archive leads to %v: %v", to, err)
		}
	})
}

func TestArchiveThatCannotBeKeptDropsNothing(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		w.aged()
		full := errors.New("disk full")
		if _, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), func(context.Context, []Record) error { return full }); !errors.Is(err, full) {
			t.Fatal(err)
		}
		// Kept, but dropped by nobody: another was faster.
		other := func(ctx context.Context, _ []Record) error {
			_, err := w.Archive(ctx, byTimer, later.Add(-MinAge), func(context.Context, []Record) error { return nil })
			return err
		}
		if _, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), other); !errors.Is(err, ErrMoved) {
			t.Fatal(err)
		}
		w.sealed(1)
		w.holds(1)
	})
}

func TestYoungEntriesStay(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		keep := func(context.Context, []Record) error { t.Error("kept"); return nil }
		w.aged()
		if _, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge+time.Millisecond), keep); !errors.Is(err, ErrTooYoung) {
			t.Fatal(err)
		}
		if a, err := w.Archive(t.Context(), byTimer, noon, keep); err != nil || a.Entries != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		if _, err := w.Archive(t.Context(), Entry{}, later.Add(-MinAge), keep); !errors.Is(err, ErrEntry) {
			t.Fatalf("archived by nobody: %v", err)
		}
	})
}

// What does not hold must not leave in the archive's good name.
func TestBrokenChainIsNotArchived(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		w.aged()
		w.disarmed()
		w.exec(`UPDATE audit SET detail = 'fraud' WHERE position = 2`)
		keep := func(context.Context, []Record) error { t.Error("kept"); return nil }
		if _, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), keep); !errors.Is(err, ErrBroken) {
			t.Fatal(err)
		}
	})
}

// Whoever removes the beginning cannot pass it off as archived.
func TestFalseArchiveIsFound(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(6)
		w.disarmed()
		w.exec(`UPDATE audit_chain SET base = 3, base_hash = (SELECT hash FROM audit WHERE position = 3)`)
		w.exec(`DELETE FROM audit WHERE position <= 3`)
		if r := w.verified(); r.Broken == nil || *r.Broken != (Break{Position: 3, From: 1, Because: notArchived}) {
			t.Fatalf("found %v", r.Broken)
		}
		w.aged()
		if _, err := w.Archive(t.Context(), byTimer, later.Add(-MinAge), nil); !errors.Is(err, ErrBroken) {
			t.Fatal(err)
		}
	})
}

// An archive takes entries from under a verification: it goes on behind them.
func TestVerificationGoesOnBehindAnArchive(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		const n = verifyBatch + 20
		w.appendedMany(n)
		w.sealed(n)
		w.aged()
		var f file
		archive := func(int64, int64) {
			for {
				a, err := w.Archive(t.Context(), byTimer, noon.Add(time.Millisecond*(verifyBatch+10)), f.keep)
				if err != nil {
					t.Error(err)
				}
				if a.Entries == 0 {
					return
				}
			}
		}
		r, err := w.Verify(t.Context(), nil, archive)
		if err != nil || r.Broken != nil || r.Head.Position != n || r.Base.Position != verifyBatch+9 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
