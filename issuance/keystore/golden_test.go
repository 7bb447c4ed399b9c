package keystore

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens/signing"
)

// The directories in testdata were made once and never again: what a key file was
// must be readable as long as there are key files. They hold toy secrets; the
// sealed one is the plain one under the passphrase of these tests, at full cost.
func TestFilesOfOldStillOpen(t *testing.T) {
	fill := func(b byte) (out [32]byte) {
		for i := range out {
			out[i] = b
		}
		return out
	}
	want := &Keys{
		Authority: signing.NewKey(fill(1)),
		Issuers: []Issuer{
			{7, signing.NewKey(fill(2)), time.Time{}},
			{8, signing.NewKey(fill(3)), time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)},
		},
		Vault:     fill(4),
		FieldKeys: []vault.FieldKey{{Number: 1, Secret: fill(5)}},
	}
	for name, o := range map[string]Options{"plain": {}, "sealed": sealedBy} {
		h := &house{t: t, dir: filepath.Join("testdata", name), made: want}
		if n := len(h.files()); n < 5 {
			t.Fatalf("%s: only %d files", name, n)
		}
		h = h.copy(t) // a checkout's permissions are not for keys
		got, err := o.Open(h.dir)
		h.must(err)
		h.same(got)
		if got.IssuerID != 7 || got.Vault != want.Vault || got.FieldKeys[0] != want.FieldKeys[0] {
			t.Fatalf("%s: other keys", name)
		}
		if sealed := len(got.Plain()) == 0; sealed != (name == "sealed") {
			t.Fatalf("%s: plain are %v", name, got.Plain())
		}
		if text, err := os.ReadFile(h.file(sealFile)); name == "sealed" {
			c, _, _, perr := parseSeal(text)
			if err != nil || perr != nil || c != (cost{time: 3, memory: 64 << 10, threads: 4}) {
				t.Fatalf("the cost is %+v: %v, %v", c, err, perr)
			}
		}
	}
}
