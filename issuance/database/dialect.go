package database

import "strings"

// dialect is all that differs between the two databases.
type dialect struct {
	Name string // "sqlite" or "postgres"
	ddl  *strings.Replacer
	// ForUpdate completes a SELECT that locks its rows; empty where a transaction
	// that writes is alone anyway.
	ForUpdate string
	// ForNoKeyUpdate is the same, and does not wait for rows that are inserted with a
	// reference to these.
	ForNoKeyUpdate string
	NowMs          string // an expression: the database's clock, Unix milliseconds
	// Exclusive is a statement that makes transactions take turns; empty where
	// BEGIN does so.
	Exclusive string
}

var sqlite = dialect{
	Name: "sqlite",
	ddl: strings.NewReplacer("{{int}}", "INTEGER", "{{bigint}}", "INTEGER", "{{blob}}", "BLOB",
		"{{autoid}}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{{table}}", " STRICT"),
	NowMs: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
}

var postgres = dialect{
	Name: "postgres",
	ddl: strings.NewReplacer("{{int}}", "INTEGER", "{{bigint}}", "BIGINT", "{{blob}}", "BYTEA",
		"{{autoid}}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "{{table}}", ""),
	ForUpdate:      " FOR UPDATE",
	ForNoKeyUpdate: " FOR NO KEY UPDATE",
	NowMs:          "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
	Exclusive:      "SELECT pg_advisory_xact_lock(8241984707376542821)", // "railgate" in ASCII
}

// ForUpdateOf is ForUpdate for one of the tables that a SELECT joins.
func (d dialect) ForUpdateOf(table string) string {
	if d.ForUpdate == "" {
		return ""
	}
	return d.ForUpdate + " OF " + table
}
