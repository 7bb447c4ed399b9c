package audit

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

func TestActionAndEntryAreCommittedTogether(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		action := `INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES ($1, $2, 1, 1)`
		both := func(id int, e Entry, after error) error {
			return h.db.Change(h.Context(), "action", func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, action, id, []byte{1}); err != nil {
					return err
				}
				if err := h.Append(ctx, tx, e); err != nil {
					return err
				}
				return after
			})
		}
		runtest.Must(t, both(1, entry(1), nil))
		if err := both(2, entry(2), errors.New("the action fails later")); err == nil {
			t.Fatal("no error")
		}
		if err := both(3, Entry{}, nil); !errors.Is(err, ErrEntry) {
			t.Fatalf("an empty entry: %v", err)
		}
		if actions, entries := h.count(`SELECT COUNT(*) FROM announced_keys`), h.count(`SELECT COUNT(*) FROM audit`); actions != 1 || entries != 1 {
			t.Fatalf("%d actions and %d entries, want 1 and 1", actions, entries)
		}
	})
}

func TestEntryNeedsAMemberWithPermission(t *testing.T) {
	secret, c, err := staff.New("police-desk", staff.Agency, staff.Police)
	runtest.Must(t, err)
	list, err := staff.NewList(staff.Config{Credentials: []staff.Credential{c}})
	runtest.Must(t, err)
	m, err := list.Authenticate(secret)
	runtest.Must(t, err)
	serial := Serial(tokens.Serial{Day: 20494, Index: 17})
	e, err := By(m, staff.Unrevoke, serial, 5)
	if want := (Entry{AtMs: 5, Who: "police-desk", Role: staff.Police, Action: staff.Unrevoke, Object: Object{Credential, "20494-17"}}); e != want || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := By(m, staff.Erase, Key(7), 5); e != (Entry{}) || !problem.Is(err, staff.ForbiddenRole) {
		t.Errorf("the police desk may erase: %v", err)
	}
}

func TestInvalidEntryIsRefused(t *testing.T) {
	good := entry(1)
	runtest.Must(t, good.check())
	const number = "110101199003070937"
	for what, change := range map[string]func(e *Entry){
		"no time":                  func(e *Entry) { e.AtMs = 0 },
		"no name":                  func(e *Entry) { e.Who = "" },
		"a name of two lines":      func(e *Entry) { e.Who = "a\nb" },
		"no role":                  func(e *Entry) { e.Role = "" },
		"an unknown role":          func(e *Entry) { e.Role = "root" },
		"an unknown action":        func(e *Entry) { e.Action = "look" },
		"no object":                func(e *Entry) { e.Object = Object{} },
		"an unknown kind":          func(e *Entry) { e.Object.Kind = "person" },
		"an object without id":     func(e *Entry) { e.Object.ID = "" },
		"a name as an object":      func(e *Entry) { e.Object.ID = "张三" },
		"a long object":            func(e *Entry) { e.Object.ID = strings.Repeat("a", MaxObject+1) },
		"a number as an object":    func(e *Entry) { e.Object.ID = number },
		"a long detail":            func(e *Entry) { e.Detail = strings.Repeat("a", MaxDetail+1) },
		"a detail of two lines":    func(e *Entry) { e.Detail = "a\nb" },
		"a detail that is no text": func(e *Entry) { e.Detail = "\xff" },
		"a detail with a number":   func(e *Entry) { e.Detail = "card " + number + ", lost" },
		"a detail with a number X": func(e *Entry) { e.Detail = "card:11010119900307093x" },
		"a long request":           func(e *Entry) { e.Request = strings.Repeat("a", MaxRequest+1) },
		"a request with a space":   func(e *Entry) { e.Request = "a b" },
	} {
		e := good
		change(&e)
		err := e.check()
		if !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil && (strings.Contains(err.Error(), "1101011990") || strings.Contains(err.Error(), "张三")) {
			t.Errorf("%s: the error repeats the value: %v", what, err)
		}
	}
	for _, e := range []Entry{
		{AtMs: 1, Who: "刘 window", Role: staff.Program, Action: staff.ArchiveAuditLog, Object: Object{AuditLog, "1-500"}},
		{AtMs: 1, Who: "o", Role: staff.Operator, Action: staff.RevokeSubject, Object: Object{Subject, "0123456789012345"}, Detail: "before 1739160000, epoch 1739160000123"},
	} {
		if err := e.check(); err != nil {
			t.Errorf("%v", err)
		}
	}
}
