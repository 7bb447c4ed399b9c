package database

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migration is one numbered step of the schema. The statements of a released step never
// change.
type migration struct {
	number int // from 1, without gaps
	text   string
}

var migrations = mustMigrations(embedded)

// mustMigrations reads NNNN_name.sql files in order. It panics on a programming mistake, at
// the first start of the program.
func mustMigrations(files fs.FS) []migration {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		panic("BUG: database: " + err.Error())
	}
	var all []migration
	for i, name := range names { // Glob sorts
		n, err := strconv.Atoi(name[len("migrations/"):][:4])
		if err != nil || n != i+1 {
			panic("BUG: database: migrations are not numbered 0001, 0002, ...: " + name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic("BUG: database: " + err.Error())
		}
		m := migration{n, string(text)}
		for _, d := range []dialect{sqlite, postgres} {
			if _, err := d.statements(m.text); err != nil {
				panic("BUG: database: " + name + ": " + err.Error())
			}
		}
		all = append(all, m)
	}
	return all
}

// migrateTimeout bounds all steps together: a step may rewrite a table.
const migrateTimeout = 10 * time.Minute

// migrate applies the missing steps in one transaction, in one process at a time.
func (d *DB) migrate(ctx context.Context, steps []migration, now time.Time) error {
	return d.ChangeWithin(ctx, migrateTimeout, "database: schema", func(ctx context.Context, tx *sql.Tx) error {
		return d.applyMissing(ctx, tx, steps, now)
	})
}

func (d *DB) applyMissing(ctx context.Context, tx *sql.Tx, steps []migration, now time.Time) error {
	if d.Exclusive != "" {
		if _, err := tx.ExecContext(ctx, d.Exclusive); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, d.ddl.Replace(
		`CREATE TABLE IF NOT EXISTS schema_migrations (number {{int}} PRIMARY KEY, applied_ms {{bigint}} NOT NULL){{table}}`))
	if err != nil {
		return err
	}
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM schema_migrations`).Scan(&have); err != nil {
		return err
	}
	if have > len(steps) {
		return fmt.Errorf("the database has step %d and this program knows %d: a newer program has changed it; run the newer program", have, len(steps))
	}
	for _, m := range steps[have:] {
		text, err := d.statements(m.text)
		if err == nil {
			_, err = tx.ExecContext(ctx, text)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", m.number, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO schema_migrations (number, applied_ms) VALUES ($1, $2)`, m.number, now.UnixMilli())
		if err != nil {
			return fmt.Errorf("step %d: %w", m.number, err)
		}
	}
	return nil
}

// Lines around statements for one database only, such as triggers: "-- only sqlite" or
// "-- only postgres" before them, "-- end only" after them, each alone on its line.
const (
	onlyLine = "-- only "
	onlyEnd  = "-- end only"
)

// statements is a step for this database: with its types, and without the sections for the
// other one. Line numbers, which errors name, stay the same.
func (d dialect) statements(step string) (string, error) {
	lines := strings.Split(step, "\n")
	only := "" // the database of these lines; empty: both
	for i, line := range lines {
		name, begins := strings.CutPrefix(line, onlyLine)
		switch {
		case begins && only != "":
			return "", fmt.Errorf("line %d: a section within a section", i+1)
		case begins && name != sqlite.Name && name != postgres.Name:
			return "", fmt.Errorf("line %d: no database is called %q", i+1, name)
		case begins:
			only = name
		case line == onlyEnd && only == "":
			return "", fmt.Errorf("line %d: no section ends here", i+1)
		case line == onlyEnd:
			only = ""
		case only != "" && only != d.Name:
			lines[i] = ""
		}
	}
	if only != "" {
		return "", fmt.Errorf("the section for %s does not end", only)
	}
	return d.ddl.Replace(strings.Join(lines, "\n")), nil
}
