package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"testing"
)

// The expected index is computed from the documentation with the standard library only.
func TestIndexFollowsItsFormula(t *testing.T) {
	key, err := hkdf.Key(sha256.New, master[:], nil, "railgate/vault/blind-index/v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("\x00\x00\x00\x17railgate/blind-index/v1\x00\x00\x00\x0eaccounts.phone\x00\x00\x00\x0b13800000000"))
	if got := New(master).Index("accounts.phone", "13800000000"); string(got[:]) != string(h.Sum(nil)) {
		t.Fatalf("index %x", got)
	}
}

func TestIndexDependsOnPurposeAndValue(t *testing.T) {
	v := New(master)
	seen := map[[32]byte][2]string{}
	for _, c := range [][2]string{
		{"accounts.phone", "13800000000"}, {"accounts.email", "13800000000"}, {"accounts.phone", "13800000001"},
		{"accounts.phone1", "3800000000"}, {"", "accounts.phone13800000000"}, {"accounts.phone13800000000", ""}, {},
	} {
		index := v.Index(c[0], c[1])
		if other, ok := seen[index]; ok {
			t.Errorf("%q and %q share an index", c, other)
		}
		if index == New(Master{4}).Index(c[0], c[1]) {
			t.Errorf("%q has one index under two masters", c)
		}
		seen[index] = c
	}
}

// The keys of all purposes differ, and differ from the master.
func TestEveryPurposeHasItsOwnKey(t *testing.T) {
	v := New(master)
	audit := v.AuditKey()
	seen := map[string]bool{}
	for _, key := range [][]byte{
		derive(master[:], purposeField, 32), v.index, v.subject, v.contacts, audit[:], master[:],
	} {
		if len(key) != 32 || seen[string(key)] {
			t.Fatal("a key is short or has two purposes")
		}
		seen[string(key)] = true
	}
}
