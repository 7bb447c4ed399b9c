package audit

import (
	"fmt"
	"strings"
	"testing"
)

// Later versions must verify existing chains. The expected value was computed independently
// (testdata/chain.py).
func TestHashOfAnEntryNeverChanges(t *testing.T) {
	log := &Log{mac: newMAC(testKey[:])}
	r := Record{ID: 7, Entry: entry(1)}
	const want = "db22d71adb66f61a1cfa58ae7c9e4046ef933b7c752025732fb3a97d3b20fd30"
	if got := log.link(Hash{9}, 3, &r); got.String() != want {
		t.Errorf("%s", got)
	}
}

// Every difference in an entry, its position, the previous hash or the key changes the hash; so does a text
// that moves from one field to the next.
func TestHashCoversEverything(t *testing.T) {
	log := &Log{mac: newMAC(testKey[:])}
	other := &Log{mac: newMAC([]byte{9})}
	seen := map[Hash]string{}
	add := func(what string, h Hash) {
		if old, twice := seen[h]; twice {
			t.Errorf("%s has the hash of %s", what, old)
		}
		seen[h] = what
	}
	base := Record{ID: 7, Entry: entry(1)}
	add("the entry", log.link(Hash{}, 1, &base))
	add("another key", other.link(Hash{}, 1, &base))
	add("another position", log.link(Hash{}, 2, &base))
	add("another previous hash", log.link(Hash{1}, 1, &base))
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
		add(fmt.Sprintf("change %d", i), log.link(Hash{}, 1, &r))
	}
	add("the MAC of a base", log.baseMAC(Anchor{1, Hash{}}))
	add("the MAC of another base", log.baseMAC(Anchor{2, Hash{}}))
}

func TestKeyIsNeverPrinted(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		for _, text := range []string{fmt.Sprintf("%v", h.auditLog), fmt.Sprintf("%+v", h.auditLog), fmt.Sprintf("%#v", h.auditLog), fmt.Sprintf("%+v", Config{Key: testKey})} {
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
			t.Fatalf("%q is parsed as %v", text, a)
		}
		if c, err := parseCursor(text); err == nil && c.String() != text {
			t.Fatalf("%q is parsed as %v", text, c)
		}
	})
}
