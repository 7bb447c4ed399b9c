package bundle_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest/vectors"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest/vectorfile"
)

const (
	vectorDir = "testdata/vectors"
	// fewest is the least number of vectors; fewer means that the folder was lost.
	fewest = 70
)

func readVectors(t testing.TB) []*vectors.Vector {
	t.Helper()
	all, err := vectors.ReadFolder(vectorDir, fewest)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func bytesOf(t testing.TB, digits string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func clockOf(c vectors.Clock) bundle.Clock { return bundle.Clock(c) }

// Every vector has its result through every way into the package.
func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			authority, err := revocation.ParseAuthority(v.Authority)
			if err != nil {
				t.Fatal(err)
			}
			if v.Receipt != nil {
				checkReceipt(t, v, authority)
			}
			checkBundles(t, v, authority)
		})
	}
}

func checkReceipt(t *testing.T, v *vectors.Vector, authority *revocation.Authority) {
	var proofs [][]byte
	for _, k := range v.Keys {
		proofs = append(proofs, bytesOf(t, k))
	}
	keys, err := bundle.OpenKeys(proofs, authority)
	if err != nil {
		t.Fatal(err)
	}
	filed, err := bundle.OpenKeyFile(keys.Encode(authority), authority)
	if err != nil {
		t.Fatal(err)
	}
	raw := bytesOf(t, v.Receipt.Raw)
	for way, keys := range map[string]bundle.GatewayKeys{"keys": keys, "key file": filed} {
		r, err := bundle.OpenReceipt(raw, keys)
		if bundle.Code(err) != v.Receipt.Expect {
			t.Errorf("%s: %v, want %s", way, err, v.Receipt.Expect)
		}
		if err != nil {
			continue
		}
		got := vectors.Receipt{Raw: v.Receipt.Raw, Expect: "ok", Gateway: uint16(r.Gateway), Code: v.Receipt.Code, Scope: r.Scope.String(), Decision: r.Decision.String(),
			Reason: r.Reason, Scanned: r.Scanned, Judged: r.Judged, Watermark: r.Watermark, Device: r.Device}
		if got != *v.Receipt || bundle.HashCode([]byte(v.Receipt.Code)) != r.Code {
			t.Errorf("%s: %+v, want %+v", way, got, *v.Receipt)
		}
		if again := bundle.AppendReceipt(nil, r, gate7); !bytes.Equal(again, raw) {
			t.Errorf("%s: written again as %x", way, again)
		}
	}
}

func checkBundles(t *testing.T, v *vectors.Vector, authority *revocation.Authority) {
	verifier, store := bundle.NewVerifier(authority, v.Device), bundle.NewStore(authority, v.Device)
	for i, d := range v.Bundles {
		raw := bytesOf(t, d.Raw)
		accept := func(load func([]byte) error, accept func([]byte, bundle.Clock) error) error {
			if d.Clock == nil {
				return load(raw)
			}
			return accept(raw, clockOf(*d.Clock))
		}
		for way, err := range map[string]error{"store": accept(store.Load, store.Accept), "verifier": accept(verifier.Load, verifier.Accept)} {
			if bundle.Code(err) != d.Expect {
				t.Errorf("bundle %d, %s: %v, want %s", i, way, err, d.Expect)
			}
		}
		b, err := bundle.Open(raw, authority, nil)
		if err != nil {
			if len(v.Bundles) == 1 && bundle.Code(err) != d.Expect {
				t.Errorf("bundle %d: %v, want %s", i, err, d.Expect)
			}
			continue
		}
		s, err := bundle.Encode(&b.Content)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := bundle.Sign(b.Head, s, gate7); err != nil || !bytes.Equal(again.Bytes(), raw) {
			t.Errorf("bundle %d: written again differently, %v", i, err)
		}
	}
	for i, c := range v.Scans {
		scope, ok := tokens.ParseScope([]byte(c.Scope))
		if !ok {
			t.Fatalf("scan %d: scope %q", i, c.Scope)
		}
		d := verifier.Check(&bundle.Scan{Text: []byte(c.Code), Scope: scope, Train: c.Train, Clock: clockOf(c.Clock)})
		if d.Reason.String() != c.Reason || d.State.String() != c.State || d.Flagged != c.Flagged || c.Ticket != "" && d.Ticket.Held.String() != c.Ticket {
			t.Errorf("scan %d: %s, %s, flagged %v, ticket %s; want %s, %s, %v, %s", i, d.Reason, d.State, d.Flagged, d.Ticket.Held, c.Reason, c.State, c.Flagged, c.Ticket)
		}
	}
}

// The files are the output of the generator.
func TestVectorFilesAreCurrent(t *testing.T) {
	all := vectors.All()
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.json"))
	if err != nil || len(files) != len(all) {
		t.Errorf("%d files for %d vectors (run go generate): %v", len(files), len(all), err)
	}
	for _, v := range all {
		file, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file, vectorfile.Encode(v)) {
			t.Errorf("%s differs from the generator's output (run go generate)", v.Name)
		}
	}
}

// Whatever the bytes are, reading ends with a result that has a code, and what is accepted is written again as the
// same bytes.
func FuzzOpen(f *testing.F) {
	for _, v := range readVectors(f) {
		for _, d := range v.Bundles {
			f.Add(bytesOf(f, d.Raw))
		}
	}
	authority, err := revocation.ParseAuthority(readVectors(f)[0].Authority)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := bundle.Open(raw, authority, nil)
		if bundle.Code(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
		if err != nil {
			return
		}
		s, err := bundle.Encode(&b.Content)
		if err != nil {
			t.Fatal(err)
		}
		d, err := bundle.Sign(b.Head, s, gate7)
		if err != nil || !bytes.Equal(d.Bytes()[:len(raw)-64], raw[:len(raw)-64]) && b.Gateway == 7 {
			t.Fatalf("written again differently, %v", err)
		}
	})
}

// Section contents behind a genuine signature: a fuzzer cannot sign, so the test signs for it.
func FuzzSections(f *testing.F) {
	c := func(b *bundle.Bundle) []byte {
		s, _ := bundle.Encode(&b.Content)
		d, _ := bundle.Sign(b.Head, s, gate7)
		return d.Bytes()
	}
	for kind := byte(2); kind <= 12; kind++ {
		f.Add(kind, []byte{1, 0, 0, 0})
	}
	for _, v := range readVectors(f) {
		for _, d := range v.Bundles {
			for kind, body := range vectors.SectionsOf(bytesOf(f, d.Raw)) {
				f.Add(kind, body)
			}
		}
	}
	authority, err := revocation.ParseAuthority(readVectors(f)[0].Authority)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		raw := vectors.WithSection(kind, body)
		b, err := bundle.Open(raw, authority, nil)
		if bundle.Code(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
		if err == nil && !bytes.Equal(c(b), raw) {
			t.Fatal("written again differently")
		}
	})
}

func FuzzOpenReceipt(f *testing.F) {
	for _, v := range readVectors(f) {
		if v.Receipt != nil {
			f.Add(bytesOf(f, v.Receipt.Raw))
		}
	}
	keys := keysOf(f, gate7.Announced())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := bundle.OpenReceipt(raw, keys)
		if bundle.Code(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
		if err == nil && !bytes.Equal(bundle.AppendReceipt(nil, r, gate7), raw) {
			t.Fatal("written again differently")
		}
	})
}
