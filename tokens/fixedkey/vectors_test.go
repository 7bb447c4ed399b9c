package fixedkey_test

import (
	"crypto/ed25519"
	"os"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// TestVectors expects the answer of crypto/ed25519 to every published case from every
// form, alone and in one batch with all cases of its file. Weak keys must be refused.
func TestVectors(t *testing.T) {
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			keys := make(map[string]*key)
			var batch []fixedkey.Signed
			var want []bool
			answered, refused, different := 0, 0, 0
			for _, v := range s.load(t) {
				good := ed25519.Verify(v.public, v.message, v.signature)
				reason, differs := s.differ[v.id]
				if (good != v.want) != differs {
					t.Errorf("case %s: the source expects %v, crypto/ed25519 returns %v; known difference: %q", v.id, v.want, good, reason)
				}
				if differs {
					different++
				}
				k, known := keys[string(v.public)]
				if !known {
					k = openKey(t, v.public)
					keys[string(v.public)] = k
				}
				if k == nil {
					refused++
					continue
				}
				k.agree(t, v.public, v.message, v.signature)
				answered++
				for form := range k {
					batch = append(batch, fixedkey.Signed{Key: k[form], Message: v.message, Signature: v.signature, Good: !good})
					want = append(want, good)
				}
				// Good signatures between the cases must not be affected by them.
				if answered%3 == 0 {
					g, form := genuine(), answered/3%len(k)
					batch = append(batch, fixedkey.Signed{Key: g.key[form], Message: g.message, Signature: g.signature})
					want = append(want, true)
				}
			}
			fixedkey.VerifyBatch(batch)
			for i := range batch {
				if batch[i].Good != want[i] {
					t.Errorf("item %d of the batch: %v, want %v", i, batch[i].Good, want[i])
				}
			}
			if answered+refused != s.cases {
				t.Errorf("%d cases verified, %d with a refused key; the source has %d", answered, refused, s.cases)
			}
			if different != len(s.differ) {
				t.Errorf("%d known differences found, %d listed", different, len(s.differ))
			}
			t.Logf("%d cases verified, %d weak keys refused", answered, refused)
		})
	}
}

// TestCodesOfTheFormat runs the vectors of the token format: every form accepts the
// same keys and gives the answer of crypto/ed25519 to each signature.
func TestCodesOfTheFormat(t *testing.T) {
	all, err := vectors.ReadFolder("../testdata/vectors", 300)
	if err != nil {
		t.Fatal(err)
	}
	answered, refused := 0, 0
	for _, v := range all {
		wire := unhex(v.Wire)
		var token tokens.Token
		if v.Wire == "" || token.Parse(wire) != tokens.ReasonOK {
			continue
		}
		for _, k := range v.Keys {
			if tokens.KeyID(k.ID) != token.KeyID() {
				continue
			}
			public, message := unhex(k.Public), append([]byte(tokens.SigningDomain), wire[:tokens.BodySize]...)
			key := openKey(t, public)
			if (key == nil) != (v.Expect.Reason == "unknown_key") {
				t.Errorf("%s: key refused %v, the vector expects %s", v.Name, key == nil, v.Expect.Reason)
			}
			if key == nil {
				refused++
				continue
			}
			key.agree(t, public, message, wire[tokens.BodySize:tokens.PassSize])
			answered++
		}
	}
	if answered < 150 || refused < 15 {
		t.Errorf("%d signatures answered and %d keys refused: too few", answered, refused)
	}
}

// TestVectorsAreDocumented expects the name and checksum of every file in the README,
// and a licence beside every file.
func TestVectorsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		for _, fact := range []string{strings.TrimPrefix(s.file, "testdata/"), s.sha256} {
			if !strings.Contains(string(text), fact) {
				t.Errorf("testdata/README.md does not mention %s", fact)
			}
		}
		if _, err := os.Stat("testdata/" + s.name + "/LICENSE"); err != nil {
			t.Error(err)
		}
	}
}
