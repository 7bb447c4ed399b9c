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

// Each table of the issuer's database is named in the SQL of one package, its owner.
// docs/issuance.md lists the owners.
func TestTableHasOneOwner(t *testing.T) {
	documented := map[string]string{}
	for _, row := range ownerRow.FindAllStringSubmatch(readFile(t, "docs/issuance.md"), -1) {
		for _, table := range strings.Split(row[1], ", ") {
			documented[strings.Trim(table, "`")] = row[2]
		}
	}
	tables := map[string]bool{}
	for _, file := range files(t, ".sql") {
		name, _ := filepath.Rel(root, file)
		for _, m := range createTable.FindAllStringSubmatch(readFile(t, name), -1) {
			tables[m[1]] = true
		}
		for _, m := range renameTable.FindAllStringSubmatch(readFile(t, name), -1) {
			if !tables[m[1]] {
				t.Errorf("%s renames %s, which no earlier migration creates", name, m[1])
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
		sources[filepath.Dir(name)] += readFile(t, name)
	}
	for table := range tables {
		uses := regexp.MustCompile(`(?:FROM|INTO|UPDATE|JOIN|TABLE) ` + table + `\b`)
		var owners []string
		for folder, text := range sources {
			if uses.MatchString(text) {
				owners = append(owners, folder)
			}
		}
		document, known := documented[table]
		switch {
		case !known:
			t.Errorf("docs/issuance.md does not name the owner of the table %s", table)
		case len(owners) > 1:
			t.Errorf("the SQL of %[2]v names the table %[1]s: only its owner may", table, owners)
		case strings.Join(owners, "") != document:
			t.Errorf("the table %s is owned by %v, docs/issuance.md names %q", table, owners, document)
		}
	}
	for table := range documented {
		if !tables[table] {
			t.Errorf("docs/issuance.md names the table %s, which no migration creates", table)
		}
	}
}
