package audit

import (
	"fmt"
	"strings"
	"testing"
)

// The chain's form must outlive this program: the value was computed once by
// other means (testdata/chain.py).
func TestHashOfAnEntryNeverChanges(t *testing.T) {
	trail := &Log{mac: newMAC(testKey[:])}
	r := Record{ID: 7, Entry: entry(1)}
	const want = "db22d71adb66f61a1cfa58ae7c9e4046ef933b7c752025732fb3a97d3b20fd30"
	if got := trail.link(Hash{9}, 3, &r); got.String() != want {
		t.Errorf("%s", got)
	}
}

// Whatever differs in an entry, its place, what is before it or the key differs
// in the hash; so does a text that moved from one field to the next.
func TestHashSpeaksOfEverything(t *testing.T) {
	trail := &Log{mac: newMAC(testKey[:])}
	other := &Log{mac: newMAC([]byte{9})}
	seen := map[Hash]string{}
	add := func(what string, h Hash) {
		if old, twice := seen[h]; twice {
			t.Errorf("%s has the hash of %s", what, old)
		}
		seen[h] = what
	}
	base := Record{ID: 7, Entry: entry(1)}
	add("the entry", trail.link(Hash{}, 1, &base))
	add("another key", other.link(Hash{}, 1, &base))
	add("another place", trail.link(Hash{}, 2, &base))
	add("another before", trail.link(Hash{1}, 1, &base))
	for i, change := range []func(r *Record){
		func(r *Record) { r.ID++ },
		func(r *Record) { r.AtMs++ },
		func(r *Record) { r.Who += "x" },
		func(r *Record) { r.Role = "police" },
		func(r *Record) { r.Action = "unrevoke" },
		func(r *Record) { r.Object.Kind = "account" },
		func(r *Record) { r.Object.ID += "x" },
		func(r *Record) { r.Detail += "x" },
		func(r *Record) { r.Request += "x" },
		func(r *Record) { r.Detail, r.Request = r.Detail+r.Request, "" },
		func(r *Record) { r.Detail, r.Request = "", r.Detail+r.Request },
	} {
		r := base
		change(&r)
		add(fmt.Sprintf("change %d", i), trail.link(Hash{}, 1, &r))
	}
	add("the seal of a base", trail.baseSeal(Anchor{1, Hash{}}))
	add("the seal of another base", trail.baseSeal(Anchor{2, Hash{}}))
}

func TestKeyIsInNoPrint(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		for _, text := range []string{fmt.Sprintf("%v", w.auditLog), fmt.Sprintf("%+v", w.auditLog), fmt.Sprintf("%#v", w.auditLog), fmt.Sprintf("%+v", Config{Key: testKey})} {
			if strings.Contains(text, "1 2 3") || strings.Contains(text, "0x1, 0x2, 0x3") {
				t.Fatal("the key was printed")
			}
		}
	})
}

func FuzzAnchor(f *testing.F) {
	for _, seed := range []string{"", "0:" + strings.Repeat("0", 64), "42:" + strings.Repeat("ab", 32), "-1:", "1:AB", "+1:" + strings.Repeat("ab", 32), "9223372036854775808:" + strings.Repeat("ab", 32)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := ParseAnchor(text); err == nil && (a.String() != text || a.Position < 0) {
			t.Fatalf("%q became %v", text, a)
		}
		if c, err := parseCursor(text); err == nil && c.String() != text {
			t.Fatalf("%q became %v", text, c)
		}
	})
}
