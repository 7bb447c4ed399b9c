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
	// fewest is the least number of vectors: fewer means that files were lost.
	fewest = 350
)

// readVectors reads every committed vector. It fails if there are too few.
func readVectors(t testing.TB) []*vectors.Vector {
	t.Helper()
	all, err := vectors.ReadFolder(vectorDir, fewest)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// gate returns the gate that a vector describes.
func gate(t testing.TB, v *vectors.Vector, tables bool) tokens.Checker {
	t.Helper()
	c, err := v.Checker(tables)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestVectors checks every vector through every entry point: text and bytes, with and
// without tables, alone and in a batch, remembering passes or not.
func TestVectors(t *testing.T) {
	var batch tokens.Batch // reused for every vector
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			want := reasonNamed(t, v.Expect.Reason)
			if want.Class().String() != v.Expect.Class {
				t.Errorf("class of %s is %s, want %s", want, want.Class(), v.Expect.Class)
			}
			scope, ok := tokens.ParseScope([]byte(v.Scope))
			if !ok {
				t.Fatalf("unknown scope %q", v.Scope)
			}
			for entry, parse := range entryPoints(t, v) {
				var token tokens.Token
				parsed := parse(&token)
				for _, tables := range []bool{false, true} {
					alone := func(c *tokens.Checker) tokens.Reason {
						if parsed != tokens.ReasonOK {
							return parsed
						}
						return c.Check(&token, v.Now, scope)
					}
					inBatch := func(c *tokens.Checker) tokens.Reason {
						batch.Scans = append(batch.Scans[:0], tokens.Scan{Token: token, At: v.Now, Reason: parsed})
						c.CheckAll(&batch, scope)
						return batch.Scans[0].Reason
					}
					for form, check := range map[string]func(*tokens.Checker) tokens.Reason{"alone": alone, "in a batch": inBatch} {
						plain, remembering := gate(t, v, tables), gate(t, v, tables)
						passes := new(tokentest.Passes)
						remembering.Passes = passes
						if got := check(&plain); got != want {
							t.Errorf("%s, %s, tables %v: %s, want %s", entry, form, tables, got, want)
						}
						first, second := check(&remembering), check(&remembering)
						if first != want || second != want {
							t.Errorf("%s, %s, tables %v, remembering passes: %s, then %s, want %s", entry, form, tables, first, second, want)
						}
						if admitted := want == tokens.ReasonOK; admitted != (passes.Hits == 1) || admitted != (passes.Remembered == 1) {
							t.Errorf("%s, %s: %d passes remembered and %d recalled after %s", entry, form, passes.Remembered, passes.Hits, want)
						}
					}
				}
				if want == tokens.ReasonOK {
					sameFields(t, &token, v)
				}
			}
		})
	}
}

// entryPoints returns the parsers that the vector has input for.
func entryPoints(t *testing.T, v *vectors.Vector) map[string]func(*tokens.Token) tokens.Reason {
	entries := make(map[string]func(*tokens.Token) tokens.Reason)
	if v.Text != nil {
		text := []byte(*v.Text)
		entries["ParseText"] = func(token *tokens.Token) tokens.Reason { return token.ParseText(text) }
	}
	if v.Wire != "" {
		wire, err := hex.DecodeString(v.Wire)
		if err != nil {
			t.Fatal(err)
		}
		entries["Parse"] = func(token *tokens.Token) tokens.Reason { return token.Parse(wire) }
	}
	return entries
}

// sameFields compares the token's fields with those of the vector.
func sameFields(t *testing.T, token *tokens.Token, v *vectors.Vector) {
	t.Helper()
	p, raw := token.Fields(), token.Bytes()
	if v.Fields == nil {
		t.Fatal("a vector with the answer ok has no fields")
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
		t.Error("the token's bytes or text differ from the vector's")
	}
	if token.Period() != int64(p.Period) || token.Length() != int64(p.Length) {
		t.Error("accessors and fields differ")
	}
}

// TestVectorChains computes the chains of the vectors again.
func TestVectorChains(t *testing.T) {
	found := 0
	for _, v := range readVectors(t) {
		if v.Chain == nil {
			continue
		}
		found++
		seed, err := hex.DecodeString(v.Chain.Seed)
		if err != nil || len(seed) != len(tokens.Link{}) || len(v.Chain.Links) != int(v.Fields.Length) {
			t.Fatalf("%s: a seed of %d bytes, %d links of %d steps: %v", v.Name, len(seed), len(v.Chain.Links), v.Fields.Length, err)
		}
		anchor, links := tokens.Chain(tokens.Link(seed), tokens.Serial{Day: v.Fields.Day, Index: v.Fields.Index}, len(v.Chain.Links))
		for i, link := range links {
			if hex.EncodeToString(link[:]) != v.Chain.Links[i] {
				t.Errorf("%s: link %d is %x, want %s", v.Name, i, link, v.Chain.Links[i])
			}
		}
		if hex.EncodeToString(anchor[:]) != v.Fields.Anchor || v.Chain.Links[v.Fields.Step] != v.Fields.Link {
			t.Errorf("%s: the chain differs from anchor and link of the fields", v.Name)
		}
	}
	if found < 5 {
		t.Errorf("%d vectors contain a chain, want at least 5", found)
	}
}

// TestVectorsAreGenerated compares the committed files with the generator, byte by byte.
func TestVectorsAreGenerated(t *testing.T) {
	committed := make(map[string]bool)
	for _, v := range readVectors(t) {
		committed[v.Name] = true
	}
	for _, v := range vectors.All() {
		file, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".json"))
		if err != nil || !bytes.Equal(file, v.File()) {
			t.Errorf("%s is out of date: run go generate ./tokens/...: %v", v.Name, err)
		}
		delete(committed, v.Name)
	}
	for name := range committed {
		t.Errorf("%s is committed and not generated: delete it", name)
	}
}

// TestVectorsCoverEveryReason expects a vector for every reason that a code can get,
// and many with the answer ok, which a gate that refuses everything fails.
func TestVectorsCoverEveryReason(t *testing.T) {
	gateways := []tokens.Reason{tokens.ReasonInternal, tokens.ReasonNoData, tokens.ReasonStaleData}
	count := make(map[string]int)
	for _, v := range readVectors(t) {
		count[v.Expect.Reason]++
	}
	for _, r := range tokens.Reasons() {
		if n := count[r.String()]; (n == 0) != (slices.Contains(gateways, r) || r >= tokens.ReasonScanTime) {
			t.Errorf("%d vectors expect %s", n, r)
		}
	}
	if count["ok"] < 40 {
		t.Errorf("%d vectors expect ok, want at least 40", count["ok"])
	}
}

func reasonNamed(t testing.TB, code string) tokens.Reason {
	t.Helper()
	for _, r := range tokens.Reasons() {
		if r.String() == code {
			return r
		}
	}
	t.Fatalf("unknown reason %q", code)
	return tokens.ReasonInternal
}
