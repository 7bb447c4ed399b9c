package database

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAddressOfADatabase(t *testing.T) {
	for _, name := range []string{"PGSSLMODE", "PGHOST", "PGPORT", "PGSERVICE", "PGPASSFILE", "PGSSLROOTCERT"} {
		t.Setenv(name, "")
	}
	const clear = "would not be verified"
	for address, want := range map[string]string{
		"issuer.db":                             "",
		"/var/lib/my issuer/issuer.db":          "",
		"":                                      "none given",
		" postgres://db/railgate":               "begins or ends with a space",
		"issuer.db ":                            "begins or ends with a space",
		"psql://u:secret-word@db/railgate":      "scheme is not known",
		"Postgres://u:secret-word@db/railgate":  "scheme is not known",
		"host=db user=u password=secret-word":   "list of key=value",
		"dbname=railgate":                       "list of key=value",
		"postgres://u:secret-word@db/rail gate": "holds a space",
		"postgres://u@db/railgate?sslmode=disable &passfile=x": "holds a space",
		"postgres://u:secret-word@db:99999/railgate":           "cannot be parsed",
		"postgres://u@db/railgate?sslmode=full":                "cannot be parsed",
		"postgres://u:secret-word@db/railgate":                 clear,
		"postgresql://u@db/railgate":                           clear,
		"postgres://u@10.0.0.1/railgate":                       clear,
		"postgres://u@db/railgate?sslmode=prefer":              clear,
		"postgres://u@db/railgate?sslmode=allow":               clear,
		"postgres://u@127.0.0.1,db/railgate":                   clear,
		"postgres://u@db/railgate?sslmode=verify-full":         "",
		"postgres://u@db/railgate?sslmode=disable":             "",
		"postgres://u@db/railgate?sslmode=require":             "",
		"postgres://u@db/railgate?sslmode=verify-ca":           "",
		"postgres://u@127.0.0.1/railgate":                      "",
		"postgres://u@[::1]/railgate":                          "",
		"postgres://u@localhost:5433/railgate":                 "",
		"postgres://u@/railgate?host=/run/postgresql":          "",
		"postgres://u@127.0.0.1,localhost/railgate":            "",
	} {
		err := Check(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%q: the error tells the password", address)
		}
	}
	t.Setenv("PGSSLMODE", "verify-full")
	if err := Check("postgres://u@db/railgate"); err != nil {
		t.Errorf("verified by PGSSLMODE: %v", err)
	}
	t.Setenv("PGSSLMODE", "disable")
	if err := Check("postgres://u@db/railgate"); err == nil {
		t.Error("in clear text by PGSSLMODE, which the address does not spell out")
	}
}

// A file of a mistyped address must not be made.
func TestMistypedAddressIsNotOpened(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, address := range []string{"psql://db/railgate", "host=db", "postgres://db/railgate"} {
		if db, err := Open(t.Context(), address, time.Now()); err == nil {
			db.Close()
			t.Errorf("%s: opened", address)
		}
	}
	if made, err := filepath.Glob("*"); err != nil || len(made) > 0 {
		t.Errorf("made %v, %v", made, err)
	}
}
