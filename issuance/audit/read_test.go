package audit

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// pages reads all pages of a query and returns the numbers of the objects, newest first.
func (h harness) pages(q Query) (all []string, pages int) {
	h.Helper()
	for {
		p, err := h.Read(h.Context(), q)
		runtest.Must(h, err)
		for _, r := range p.Records {
			all = append(all, strings.TrimPrefix(r.Object.ID, "20494-"))
		}
		if pages++; p.Next == "" {
			return all, pages
		}
		q.After = p.Next
	}
}

func TestQueryByObjectReturnsItsEntries(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(5)
		unrevoked := entry(3)
		unrevoked.AtMs, unrevoked.Action, unrevoked.Role, unrevoked.Who = unrevoked.AtMs+100, staff.Unrevoke, staff.Police, "police-desk"
		h.appendEntry(unrevoked)
		account := entry(3)
		account.Object.Kind = Account // the same id, another kind
		h.appendEntry(account)
		p, err := h.Read(t.Context(), Query{Object: Object{Credential, "20494-3"}})
		if err != nil || len(p.Records) != 2 || p.Next != "" {
			t.Fatalf("%+v, %v", p, err)
		}
		if newest := p.Records[0]; newest.Entry != unrevoked || newest.Position != 0 || newest.Hash != (Hash{}) {
			t.Errorf("unchained: %+v", newest)
		}
		if oldest := p.Records[1]; oldest.Entry != entry(3) || oldest.Position != 3 || oldest.Hash == (Hash{}) {
			t.Errorf("chained: %+v", oldest)
		}
	})
}

// Entries of earlier versions keep their kind and their action, and stay in the chain.
func TestEntriesOfEarlierVersionsAreFoundAndVerify(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(2)
		old := Entry{AtMs: entry(3).AtMs, Who: "retention", Role: staff.Operator, Action: "archive_trail", Object: Object{formerAuditLog, "1-2"}}
		err := h.db.Change(t.Context(), "append an old entry", func(ctx context.Context, tx *sql.Tx) error {
			return database.InsertMany(ctx, tx, insertEntries, [][]any{h.row(&old, 2)})
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := h.Chain(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d chained, %v", n, err)
		}
		p, err := h.Read(t.Context(), Query{Object: Object{AuditLog, "1-2"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Entry != old || p.Records[0].Position != 3 {
			t.Errorf("%+v, %v", p, err)
		}
		if r, err := h.Verify(t.Context(), nil, nil); err != nil || r.Broken != nil || r.Checked != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestQueryByTimeIsReadInPages(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		for _, n := range []int{2, 1, 4, 3, 5, 6} {
			h.appendActs(n, n)
		}
		same := entry(7)
		same.AtMs = entry(4).AtMs // two at the same time: the later row is newer
		h.appendEntry(same)
		all, pages := h.pages(Query{Limit: 2})
		equalSlices(t, "all", all, []string{"6", "5", "7", "4", "3", "2", "1"})
		if pages != 4 {
			t.Errorf("%d pages", pages)
		}
		some, _ := h.pages(Query{FromMs: entry(2).AtMs, ToMs: entry(5).AtMs, Limit: 1})
		equalSlices(t, "2 to 4", some, []string{"7", "4", "3", "2"})
		none, _ := h.pages(Query{FromMs: entry(100).AtMs})
		equalSlices(t, "none", none, nil)
	})
}

func TestPageIsBounded(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.appendMany(MaxPage + 1)
		for limit, want := range map[int]int{0: DefaultPage, 1: 1, MaxPage: MaxPage} {
			if p, err := h.Read(t.Context(), Query{Limit: limit}); err != nil || len(p.Records) != want || p.Next == "" {
				t.Errorf("limit %d: %d records, %v", limit, len(p.Records), err)
			}
		}
	})
}

func TestInvalidQueryIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		for what, q := range map[string]Query{
			"a large page":         {Limit: MaxPage + 1},
			"a page below 0":       {Limit: -1},
			"an empty time range":  {FromMs: 5, ToMs: 5},
			"time before 1970":     {FromMs: -1},
			"an unknown kind":      {Object: Object{"person", "1"}},
			"an object without id": {Object: Object{Kind: Account}},
			"an invalid id":        {Object: Object{Account, "' OR 1=1"}},
			"an invalid cursor":    {After: "1-2-3"},
			"a cursor below 0":     {After: "-1-2"},
			"a cursor with a +":    {After: "+1-2"},
		} {
			if _, err := h.Read(t.Context(), q); !problem.Is(err, QueryInvalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	if (Query{}).ReadAction() != staff.ReadAuditLog || (Query{Object: Key(1)}).ReadAction() != staff.ReadObjectAuditLog {
		t.Error("a query needs a different action")
	}
}

// appendMany appends entries 1 to n in one transaction.
func (h harness) appendMany(n int) {
	h.Helper()
	err := h.db.Change(h.Context(), "many actions", func(ctx context.Context, tx *sql.Tx) error {
		for i := 1; i <= n; i++ {
			if err := h.Append(ctx, tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	runtest.Must(h, err)
}
