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

// Every published case is answered alike by crypto/ed25519, by every form and
// in one batch with all others of its file; or its key is of a weak kind, and
// refused as that.
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
					t.Errorf("case %s: the source expects %v, crypto/ed25519 says %v; known difference: %q", v.id, v.want, good, reason)
				}
				if differs {
					different++
				}
				k, known := keys[string(v.public)]
				if !known {
					k = open(t, v.public)
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
				// A good one now and then must not be pulled down by its neighbours.
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
				t.Errorf("%d known differences met, %d listed", different, len(s.differ))
			}
			t.Logf("%d cases verified, %d with a weak key, which is refused", answered, refused)
		})
	}
}

// The codes of the token format: every form takes and refuses the same keys, and says
// of each signature what crypto/ed25519 says of it.
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
			key := open(t, public)
			if (key == nil) != (v.Expect.Reason == "unknown_key") {
				t.Errorf("%s: the key is refused: %v", v.Name, key == nil)
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
		t.Errorf("%d signatures answered, %d keys refused", answered, refused)
	}
}

// The words about the files name the very files that are here.
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
