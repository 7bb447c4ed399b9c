package articles_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/runtest"
)

// After use of every feature no row of any table contains a name, a number, a city, a contact or a
// secret, and neither does the log.
func TestG33_PersonalDataAreNotStoredInClear(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who, friend := h.Person().Named("标记姓名甲"), h.Visitor().Named("Markvisitor")
		a := h.Verified(who)
		p := a.Add(friend)
		tickets := h.Ticketing.Buy(a, "holder", p.Passenger)
		mine := a.Apply()
		mine.Host(mine.Check())
		code := mine.Code()
		h.Gate.Scan(code, "entry").Allowed(t)
		h.Police().PaperProof(friend, "no_phone").OK(t)
		h.Window().Look(a, p.Passenger)
		profile := a.Profile()
		marks := map[string]string{
			"name": who.Name, "number": who.DocumentNumber, "passenger": friend.Name, "passport": friend.DocumentNumber, "city": "北京", "login name": a.LoginName,
			"phone": profile["phone"].(string), "e-mail": profile["email"].(string), "password": harness.Password, "login": a.Token, "code": code,
			"ticket": tickets[0],
		}
		for table, rows := range allRows(t, h) {
			for what, mark := range marks {
				if strings.Contains(rows, mark) {
					t.Errorf("table %s contains the %s", table, what)
				}
			}
		}
		log := h.Logs.String()
		for what, mark := range marks {
			if strings.Contains(log, mark) {
				t.Errorf("the log contains the %s", what)
			}
		}
	})
}

// allRows is the content of each table as text.
func allRows(t *testing.T, h *harness.Harness) map[string]string {
	t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if h.Outbox.Database().Name == "postgres" {
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	all := make(map[string]string)
	rows, err := h.Outbox.Database().Writer().QueryContext(t.Context(), tables)
	runtest.Must(t, err)
	for rows.Next() {
		var table string
		runtest.Must(t, rows.Scan(&table))
		all[table] = ""
	}
	runtest.Must(t, errors.Join(rows.Err(), rows.Close()))
	for table := range all {
		all[table] = rowsOf(t, h, `"`+table+`"`)
	}
	// The search must find known text, or the test proves nothing.
	for table, known := range map[string]string{"accounts": "acc_", "passengers": "psg_", "applications": "app_", "audit": "window-1", "paper_proofs": "no_phone"} {
		if !strings.Contains(all[table], known) {
			t.Fatalf("table %s was not found among %d tables", table, len(all))
		}
	}
	return all
}
