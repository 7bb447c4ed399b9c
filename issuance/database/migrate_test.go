package database

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
)

// oneSided makes a table in both databases, and in it a rule that each database states in its
// own way.
const oneSided = `CREATE TABLE guarded (id {{int}}){{table}};
-- only sqlite
CREATE TRIGGER guarded_delete BEFORE DELETE ON guarded
BEGIN
  SELECT RAISE(ABORT, 'nothing goes');
END;
-- end only
-- only postgres
CREATE FUNCTION nothing_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'nothing goes';
END $$;
CREATE TRIGGER guarded_delete BEFORE DELETE ON guarded FOR EACH ROW EXECUTE FUNCTION nothing_goes();
-- end only
INSERT INTO guarded (id) VALUES (1);
`

func TestSectionIsReadByItsDatabaseOnly(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := databaseAt(t, address)
		steps := append(migrations[:len(migrations):len(migrations)], migration{len(migrations) + 1, oneSided})
		runtest.Must(t, d.migrate(t.Context(), steps, time.UnixMilli(0)))
		var n int
		if err := d.write.QueryRow(`SELECT COUNT(*) FROM guarded`).Scan(&n); err != nil || n != 1 {
			t.Fatalf("the rows after the sections: %d rows, %v", n, err)
		}
		if _, err := d.write.Exec(`DELETE FROM guarded`); err == nil || !strings.Contains(err.Error(), "nothing goes") {
			t.Fatalf("the section was not executed: %v", err)
		}
	})
}

func TestSectionsKeepLineNumbers(t *testing.T) {
	const step = "one\n-- only sqlite\ntwo {{bigint}}\n-- end only\n-- only postgres\nthree {{bigint}}\n-- end only\nfour"
	for _, c := range []struct {
		d    dialect
		want string
	}{
		{sqlite, "one\n-- only sqlite\ntwo INTEGER\n-- end only\n-- only postgres\n\n-- end only\nfour"},
		{postgres, "one\n-- only sqlite\n\n-- end only\n-- only postgres\nthree BIGINT\n-- end only\nfour"},
	} {
		if got, err := c.d.statements(step); err != nil || got != c.want {
			t.Errorf("%s reads %q, %v", c.d.Name, got, err)
		}
	}
}

// A mistake in a section would silently leave one database without it.
func TestMalformedSectionStopsTheProgram(t *testing.T) {
	for what, text := range map[string]string{
		"an unknown database":        "-- only oracle\n-- end only",
		"a section within another":   "-- only sqlite\n-- only postgres\n-- end only",
		"an end without beginning":   "-- end only",
		"a beginning without an end": "-- only postgres\nCREATE TABLE t (id {{int}});",
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); !strings.Contains(message, "0001_malformed.sql") {
					t.Errorf("%q", message)
				}
			}()
			mustMigrations(fstest.MapFS{"migrations/0001_malformed.sql": {Data: []byte(text)}})
		})
	}
}
