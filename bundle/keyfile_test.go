package bundle_test

import (
	"bytes"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/revocation/revocationtest"
)

func TestKeyFile(t *testing.T) {
	keys, err := bundle.OpenKeys(append(bundletest.Keys(gate7), bundletest.Proof(3, gate7.Withdrawn(at/1000))), revocationtest.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	raw := keys.Encode(revocationtest.Pinned())
	back, err := bundle.OpenKeyFile(raw, revocationtest.Pinned())
	if err != nil || !bytes.Equal(back.Encode(revocationtest.Pinned()), raw) {
		t.Fatalf("read and written again: %v", err)
	}
	if key, ok := back.Gateway(7); !ok || key.Cutoff != at/1000 || back.NewestMS() != at+3 || len(back.Issuer()) != 1 {
		t.Errorf("gateway 7: %v, cutoff %d; newest %d", ok, key.Cutoff, back.NewestMS())
	}
	for i := range raw {
		altered := bytes.Clone(raw)
		altered[i] ^= 1 << (i % 8)
		if _, err := bundle.OpenKeyFile(altered, revocationtest.Pinned()); err == nil {
			t.Errorf("flipped at byte %d: accepted", i)
		}
		if _, err := bundle.OpenKeyFile(raw[:i], revocationtest.Pinned()); err == nil {
			t.Errorf("cut at byte %d: accepted", i)
		}
	}
	empty := new(bundle.Keys)
	if back, err := bundle.OpenKeyFile(empty.Encode(revocationtest.Pinned()), revocationtest.Pinned()); err != nil || len(back.Proofs()) != 0 {
		t.Errorf("without keys: %v", err)
	}
}
