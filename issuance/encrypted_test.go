package issuance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance"
)

var (
	madeTable     = regexp.MustCompile(`^CREATE TABLE (\w+)`)
	addedColumn   = regexp.MustCompile(`^ALTER TABLE (\w+) ADD COLUMN (\w+) +\{\{blob\}\}.* -- .*encrypted`)
	encryptedHere = regexp.MustCompile(`^  (\w+) +\{\{blob\}\}.* -- .*encrypted`)
)

// A column that re-encryption omits would be lost with its old key. The schema says which
// columns are encrypted.
func TestEveryEncryptedColumnIsWalked(t *testing.T) {
	files, err := filepath.Glob("database/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table := ""
		for _, line := range regexp.MustCompile(`\n`).Split(string(text), -1) {
			if m := madeTable.FindStringSubmatch(line); m != nil {
				table = m[1]
			}
			if m := addedColumn.FindStringSubmatch(line); m != nil {
				want = append(want, m[1]+"."+m[2])
			}
			if m := encryptedHere.FindStringSubmatch(line); m != nil {
				want = append(want, table+"."+m[1])
			}
		}
	}
	for _, c := range issuance.EncryptedColumns() {
		if c.Key != "id" {
			t.Errorf("%s.%s is found by %s", c.Table, c.Column, c.Key)
		}
		got = append(got, c.Table+"."+c.Column)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 14 || !slices.Equal(got, want) {
		t.Fatalf("the walk covers\n%q\nthe schema has\n%q", got, want)
	}
}
