package keystore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

// The story of a rotation: a new key is made beside the old one, which goes on
// signing until it is retired.
func TestIssuerKeysFollowEachOther(t *testing.T) {
	dir, made := initialised(t)
	later := time.Date(2100, 1, 1, 0, 0, 0, 5e8, time.UTC)
	next, err := Options{Now: func() time.Time { return later }}.Generate(dir, nil)
	if err != nil || next.ID == made.IssuerID || !next.Created.Equal(later.Truncate(time.Second)) {
		t.Fatalf("%+v: %v", next, err)
	}
	both, err := Open(dir)
	if err != nil || len(both.Issuers) != 2 {
		t.Fatalf("%v", err)
	}
	if both.IssuerID != made.IssuerID || both.Issuer.Public() != made.Issuer.Public() ||
		both.Issuers[1].ID != next.ID || both.Issuers[1].Signer.Public() != next.Signer.Public() || both.Issuers[1].Created != next.Created {
		t.Fatal("not the oldest key signs, or the new one came back as another")
	}
	if err := Retire(dir, made.IssuerID); err != nil {
		t.Fatal(err)
	}
	after, err := Open(dir)
	if err != nil || len(after.Issuers) != 1 || after.IssuerID != next.ID || len(after.Leftovers()) > 0 {
		t.Fatalf("%v", err)
	}
	if err := Retire(dir, made.IssuerID); err != nil {
		t.Fatalf("again: %v", err)
	}
	if err := Retire(dir, next.ID); err == nil || !strings.Contains(err.Error(), "only issuer key") {
		t.Fatalf("the last one: %v", err)
	}
	if err := Retire(dir, next.ID^made.IssuerID^1); err == nil {
		t.Fatal("retired what is not there")
	}
}

// Ids are bound for ever: neither one that the directory ever held nor one that
// the caller knows comes again.
func TestGenerateTakesAnIDThatNobodyEverHad(t *testing.T) {
	dir, made := initialised(t)
	const gone, free tokens.KeyID = 11, 12
	taken := make(map[tokens.KeyID]bool)
	for id := range FirstTestKey {
		taken[id] = id != made.IssuerID && id != gone && id != free
	}
	if err := os.WriteFile(filepath.Join(dir, retiredFile(gone)), retiredText(gone), 0o600); err != nil {
		t.Fatal(err)
	}
	if made.IssuerID == free || made.IssuerID == gone {
		t.Skip("one draw in 16384")
	}
	next, err := Options{}.Generate(dir, taken)
	if err != nil || next.ID != free {
		t.Fatalf("id %d: %v", next.ID, err)
	}
	if _, err := (Options{}).Generate(dir, taken); err == nil || !strings.Contains(err.Error(), "every id is taken") {
		t.Fatalf("%v", err)
	}
}

// A key file of a retired id, put back from a backup, must not sign again.
func TestRetiredKeyThatComesBackIsRefused(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(0)
	was := h.files()[issuerFile(id)]
	h.must(Retire(h.dir, id))
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	_, err := Open(h.dir)
	h.refuses(err, "retired id")
	h.must(Retire(h.dir, id))
	k, err := Open(h.dir)
	h.must(err)
	if len(k.Issuers) != 1 || exists(h.file(issuerFile(id))) {
		t.Fatal("it is still there")
	}
	// Nor does it count as the other key that lets the last one go.
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	h.refuses(Retire(h.dir, h.issuer(1)), "only issuer key")
}

// A new key is as well kept as its neighbours, or not made.
func TestNewKeysAreKeptLikeTheOthers(t *testing.T) {
	plain, sealed := build(t, Options{}), build(t, sealedBy)
	for _, add := range []func(Options, string) error{
		func(o Options, dir string) error { _, err := o.Generate(dir, nil); return err },
		func(o Options, dir string) error { _, err := o.NewFieldKey(dir); return err },
	} {
		plain.refuses(add(sealedBy, plain.dir), "Seal it first")
		sealed.refuses(add(Options{}, sealed.dir), "no passphrase was given")
		empty := t.TempDir()
		plain.must(os.Chmod(empty, 0o700))
		plain.refuses(add(Options{}, empty), "Init makes the first")
	}
	if len(plain.names()) != len(sealed.names())-1 {
		t.Fatal("a key was made all the same")
	}
}

// Keys from before the time of making was written down are the oldest.
func TestKeyWithoutATimeIsTheOldest(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(1)
	lines := strings.SplitAfter(h.files()[issuerFile(id)], "\n")
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(strings.Join(lines[:3], "")), 0o600))
	k, err := Open(h.dir)
	h.must(err)
	if k.IssuerID != id || !k.Issuers[0].Created.IsZero() {
		t.Fatalf("the oldest is %d, made %s", k.IssuerID, k.Issuers[0].Created)
	}
}
