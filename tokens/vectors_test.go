package tokens_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

const (
	vectorDir = "testdata/vectors"
	// fewest is how many vectors there are at least: fewer means a lost folder.
	fewest = 60
)

// readVectors loads every committed vector; a missing or thinned folder fails.
func readVectors(t testing.TB) []*vectors.Vector {
	t.Helper()
	paths, err := filepath.Glob(vectorDir + "/*.json")
	if err != nil || len(paths) < fewest {
		t.Fatalf("%s holds %d vectors, want at least %d (run go generate ./tokens/...): %v", vectorDir, len(paths), fewest, err)
	}
	var all []*vectors.Vector
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vectors.Read(file)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if v.Name+".json" != filepath.Base(path) {
			t.Errorf("%s calls itself %q", path, v.Name)
		}
		all = append(all, v)
	}
	return all
}

// gate is the gate that a vector describes.
func gate(t testing.TB, v *vectors.Vector) tokens.Checker {
	t.Helper()
	var keys []tokens.Key
	for _, k := range v.Keys {
		key := tokens.Key{ID: tokens.KeyID(k.ID), CutOff: tokens.Never}
		if n, err := hex.Decode(key.Public[:], []byte(k.Public)); err != nil || n != tokens.PublicKeySize {
			t.Fatalf("key %d: %d bytes, %v", k.ID, n, err)
		}
		if k.CutOff != nil {
			key.CutOff = *k.CutOff
		}
		keys = append(keys, key)
	}
	set, err := tokens.NewKeySet(keys...)
	if err != nil {
		t.Fatal(err)
	}
	revoked := make(tokentest.Revoked)
	for _, text := range v.Revoked {
		serial, err := tokens.ParseSerial(text)
		if err != nil {
			t.Fatal(err)
		}
		revoked[serial] = true
	}
	return tokens.Checker{Keys: set, Revocations: revoked}
}

// Every vector gets its one answer through every way into the package.
func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			want := reasonNamed(t, v.Expect.Reason)
			if want.Class().String() != v.Expect.Class {
				t.Errorf("class of %s is %s, the vector says %s", want, want.Class(), v.Expect.Class)
			}
			scope, ok := tokens.ParseScope([]byte(v.Scope))
			if !ok {
				t.Fatalf("no scope %q", v.Scope)
			}
			for way, parse := range waysIn(t, v) {
				var token tokens.Token
				plain, remembering := gate(t, v), gate(t, v)
				passes := new(tokentest.Passes)
				remembering.Passes = passes
				judge := func(c *tokens.Checker) tokens.Reason {
					if r := parse(&token); r != tokens.ReasonOK {
						return r
					}
					return c.Check(&token, v.Now, scope)
				}
				if got := judge(&plain); got != want {
					t.Errorf("%s: %s, want %s", way, got, want)
				}
				first, second := judge(&remembering), judge(&remembering)
				if first != want || second != want {
					t.Errorf("%s, remembering passes: %s, then %s, want %s", way, first, second, want)
				}
				if admitted := want == tokens.ReasonOK; admitted != (passes.Hits == 1) || admitted != (passes.Remembered == 1) {
					t.Errorf("%s: %d passes remembered and %d recalled after %s", way, passes.Remembered, passes.Hits, want)
				}
				if want == tokens.ReasonOK {
					sameFields(t, &token, v)
				}
			}
		})
	}
}

// waysIn are the entry points that can take the vector.
func waysIn(t *testing.T, v *vectors.Vector) map[string]func(*tokens.Token) tokens.Reason {
	ways := make(map[string]func(*tokens.Token) tokens.Reason)
	if v.Text != nil {
		text := []byte(*v.Text)
		ways["ParseText"] = func(token *tokens.Token) tokens.Reason { return token.ParseText(text) }
	}
	if v.Wire != "" {
		wire, err := hex.DecodeString(v.Wire)
		if err != nil {
			t.Fatal(err)
		}
		ways["Parse"] = func(token *tokens.Token) tokens.Reason { return token.Parse(wire) }
	}
	return ways
}

// sameFields compares what the token says with what the vector says it says.
func sameFields(t *testing.T, token *tokens.Token, v *vectors.Vector) {
	t.Helper()
	p, raw := token.Fields(), token.Bytes()
	if v.Fields == nil {
		t.Fatal("a vector that passes must list its fields")
	}
	got := vectors.Fields{
		Key: uint16(p.Key), Day: p.Serial.Day, Index: p.Serial.Index, Subject: p.Subject.String(),
		Start: p.Start, Expiry: p.Expiry, Period: int64(p.Period), Length: int64(p.Length),
		Scopes: p.Scopes.Names(), Anchor: hex.EncodeToString(p.Anchor[:]),
		Step: token.Step(), Link: hex.EncodeToString(raw[109:]),
	}
	if !reflect.DeepEqual(got, *v.Fields) {
		t.Errorf("fields %+v, want %+v", got, *v.Fields)
	}
	if hex.EncodeToString(raw) != v.Wire || token.Text() != *v.Text {
		t.Error("the token does not write itself as it was read")
	}
	if token.Period() != int64(p.Period) || token.Length() != int64(p.Length) {
		t.Error("accessors and fields differ")
	}
}

// What is committed is what the generator makes, to the byte.
func TestVectorsAreWhatTheGeneratorMakes(t *testing.T) {
	committed := make(map[string]bool)
	for _, v := range readVectors(t) {
		committed[v.Name] = true
	}
	for _, v := range vectors.All() {
		file, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".json"))
		if err != nil || !bytes.Equal(file, v.File()) {
			t.Errorf("%s is not what go generate ./tokens/... makes: %v", v.Name, err)
		}
		delete(committed, v.Name)
	}
	for name := range committed {
		t.Errorf("%s is committed and nothing makes it", name)
	}
}

// No reason that a code can get is without a case, and many cases pass, or a
// gate that refuses everything would look good.
func TestVectorsCoverEveryReason(t *testing.T) {
	gateways := []tokens.Reason{tokens.ReasonInternal, tokens.ReasonNoData, tokens.ReasonStaleData, tokens.ReasonScanTime}
	count := make(map[string]int)
	for _, v := range readVectors(t) {
		count[v.Expect.Reason]++
	}
	for _, r := range tokens.Reasons() {
		if n := count[r.String()]; (n == 0) != slices.Contains(gateways, r) {
			t.Errorf("%d vectors expect %s", n, r)
		}
	}
	if count["ok"] < 40 {
		t.Errorf("only %d vectors pass", count["ok"])
	}
}

func reasonNamed(t testing.TB, code string) tokens.Reason {
	t.Helper()
	for _, r := range tokens.Reasons() {
		if r.String() == code {
			return r
		}
	}
	t.Fatalf("no reason %q", code)
	return tokens.ReasonInternal
}
