package audit

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// pages reads all pages of a query: the objects' numbers, newest first.
func (w system) pages(q Query) (all []string, pages int) {
	w.Helper()
	for {
		p, err := w.Read(w.Context(), q)
		runtest.Must(w, err)
		for _, r := range p.Records {
			all = append(all, strings.TrimPrefix(r.Object.ID, "20494-"))
		}
		if pages++; p.Next == "" {
			return all, pages
		}
		q.After = p.Next
	}
}

func TestPoliceDeskReadsTheTrailOfACredential(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(5)
		lifted := entry(3)
		lifted.AtMs, lifted.Action, lifted.Role, lifted.Who = lifted.AtMs+100, staff.Unrevoke, staff.Police, "police-desk"
		w.appended(lifted)
		account := entry(3)
		account.Object.Kind = Account // the same id, another kind
		w.appended(account)
		p, err := w.Read(t.Context(), Query{Object: Object{Credential, "20494-3"}})
		if err != nil || len(p.Records) != 2 || p.Next != "" {
			t.Fatalf("%+v, %v", p, err)
		}
		if newest := p.Records[0]; newest.Entry != lifted || newest.Position != 0 || newest.Hash != (Hash{}) {
			t.Errorf("not sealed yet: %+v", newest)
		}
		if oldest := p.Records[1]; oldest.Entry != entry(3) || oldest.Position != 3 || oldest.Hash == (Hash{}) {
			t.Errorf("sealed: %+v", oldest)
		}
	})
}

func TestOperatorReadsARangeOfTimePageByPage(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		for _, n := range []int{2, 1, 4, 3, 5, 6} {
			w.did(n, n)
		}
		same := entry(7)
		same.AtMs = entry(4).AtMs // two at one moment: the later row is newer
		w.appended(same)
		all, pages := w.pages(Query{Limit: 2})
		equalSlices(t, "all", all, []string{"6", "5", "7", "4", "3", "2", "1"})
		if pages != 4 {
			t.Errorf("%d pages", pages)
		}
		some, _ := w.pages(Query{FromMs: entry(2).AtMs, ToMs: entry(5).AtMs, Limit: 1})
		equalSlices(t, "2 to 4", some, []string{"7", "4", "3", "2"})
		none, _ := w.pages(Query{FromMs: entry(100).AtMs})
		equalSlices(t, "none", none, nil)
	})
}

func TestPageIsBounded(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.appendedMany(MaxPage + 1)
		for limit, want := range map[int]int{0: DefaultPage, 1: 1, MaxPage: MaxPage} {
			if p, err := w.Read(t.Context(), Query{Limit: limit}); err != nil || len(p.Records) != want || p.Next == "" {
				t.Errorf("limit %d: %d records, %v", limit, len(p.Records), err)
			}
		}
	})
}

func TestQuestionThatCannotBeAskedIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		for what, q := range map[string]Query{
			"a large page":        {Limit: MaxPage + 1},
			"a page below 0":      {Limit: -1},
			"time turned round":   {FromMs: 5, ToMs: 5},
			"time before 1970":    {FromMs: -1},
			"an unknown kind":     {Object: Object{"person", "1"}},
			"an object by half":   {Object: Object{Kind: Account}},
			"an id that is none":  {Object: Object{Account, "' OR 1=1"}},
			"a cursor that isn't": {After: "1-2-3"},
			"a cursor below 0":    {After: "-1-2"},
			"a cursor with a +":   {After: "+1-2"},
		} {
			if _, err := w.Read(t.Context(), q); !problem.Is(err, QueryInvalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	if (Query{}).ReadAction() != staff.ReadAuditLog || (Query{Object: Key(1)}).ReadAction() != staff.ReadObjectAuditLog {
		t.Error("a query is for another action")
	}
}

// appendedMany appends acts 1 to n in one transaction.
func (w system) appendedMany(n int) {
	w.Helper()
	err := w.db.Change(w.Context(), "many acts", func(ctx context.Context, tx *sql.Tx) error {
		for i := 1; i <= n; i++ {
			if err := w.Append(ctx, tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	runtest.Must(w, err)
}
