package repo

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	createTable = regexp.MustCompile(`(?i)CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	renameTable = regexp.MustCompile(`ALTER TABLE (\w+) RENAME TO (\w+)`)
	ownerRow    = regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\| .* \\| (?:`([\\w/]+)`|none) \\|$")
)

// Every table of the issuer's database is named in the SQL of one package, its owner,
// and docs/issuance.md says which.
func TestATableHasOneOwner(t *testing.T) {
	said := map[string]string{}
	for _, row := range ownerRow.FindAllStringSubmatch(read(t, "docs/issuance.md"), -1) {
		for _, table := range strings.Split(row[1], ", ") {
			said[strings.Trim(table, "`")] = row[2]
		}
	}
	tables := map[string]bool{}
	for _, file := range files(t, ".sql") {
		name, _ := filepath.Rel(root, file)
		for _, m := range createTable.FindAllStringSubmatch(read(t, name), -1) {
			tables[m[1]] = true
		}
		for _, m := range renameTable.FindAllStringSubmatch(read(t, name), -1) {
			if !tables[m[1]] {
				t.Errorf("%s renames %s, which no migration before it creates", name, m[1])
			}
			delete(tables, m[1])
			tables[m[2]] = true
		}
	}
	sources := map[string]string{} // by package
	for _, file := range files(t, ".go") {
		name, _ := filepath.Rel(root, file)
		if strings.HasSuffix(name, "_test.go") || !strings.HasPrefix(name, "issuance/") && !strings.HasPrefix(name, "cmd/") {
			continue
		}
		sources[filepath.Dir(name)] += read(t, name)
	}
	for table := range tables {
		uses := regexp.MustCompile(`(?:FROM|INTO|UPDATE|JOIN|TABLE) ` + table + `\b`)
		var owners []string
		for folder, text := range sources {
			if uses.MatchString(text) {
				owners = append(owners, folder)
			}
		}
		document, known := said[table]
		switch {
		case !known:
			t.Errorf("docs/issuance.md does not say who owns the table %s", table)
		case len(owners) > 1:
			t.Errorf("the table %s is named in %v: a package owns its tables", table, owners)
		case strings.Join(owners, "") != document:
			t.Errorf("the table %s is owned by %v, docs/issuance.md says %q", table, owners, document)
		}
	}
	for table := range said {
		if !tables[table] {
			t.Errorf("docs/issuance.md has a table %s, which no migration makes", table)
		}
	}
}
