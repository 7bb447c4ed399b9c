package tokens_test

import (
	"errors"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

func TestKeySet(t *testing.T) {
	one, two := tokentest.NewIssuer(1).Key(), tokentest.NewIssuer(2).Key()
	given := []tokens.Key{one, two}
	set, err := tokens.NewKeySet(given...)
	if err != nil {
		t.Fatal(err)
	}
	given[0].Cutoff = 0 // must not change the set's copy
	if set.Len() != 2 || !same(set.Key(1), one) || !same(set.Key(2), two) {
		t.Error("the set does not contain the given keys")
	}
	if set.Key(3) != nil || new(tokens.KeySet).Key(1) != nil || new(tokens.KeySet).Len() != 0 {
		t.Error("the set contains a key that was not added")
	}
}

func same(a *tokens.Key, b tokens.Key) bool {
	return a != nil && a.ID == b.ID && a.Public == b.Public && a.Cutoff == b.Cutoff
}

// TestWeakKeyIsRefused covers keys under which signatures can be made without a secret.
func TestWeakKeyIsRefused(t *testing.T) {
	for name, public := range map[string][tokens.PublicKeySize]byte{
		"the neutral element": {1}, "order 4": {}, "not a point": {2}, "not canonical": {0xee, 0xff, 31: 0x7f},
	} {
		if _, err := tokens.NewKeySet(tokens.Key{ID: 1, Public: public, Cutoff: tokens.Never}); err == nil {
			t.Errorf("%s was accepted", name)
		}
		key := tokens.Key{ID: 1, Public: public}
		if key.Prepare(true) == nil || key.HasTables() {
			t.Errorf("%s was prepared", name)
		}
	}
}

func TestTablesDoNotChangeVerdicts(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	key := issuer.Key()
	if err := key.Prepare(true); err != nil || !key.HasTables() {
		t.Fatal(err)
	}
	set, err := tokens.NewKeySet(key)
	if err != nil {
		t.Fatal(err)
	}
	s := issuer.Open(1, tokentest.Epoch)
	good := s.Code(0)
	s.Pass[tokens.BodySize+5] ^= 1
	bad := s.Code(0)
	for _, keys := range []*tokens.KeySet{set, issuer.Keys()} {
		gate := tokens.Checker{Keys: keys}
		if a, b := gate.Check(&good, tokentest.Epoch, tokens.Entry), gate.Check(&bad, tokentest.Epoch, tokens.Entry); a != tokens.ReasonOK || b != tokens.ReasonSignature {
			t.Errorf("tables %v: %s and %s", keys.Key(1).HasTables(), a, b)
		}
	}
}

func TestTwoKeysWithOneIDAreRefused(t *testing.T) {
	one := tokentest.NewIssuer(1).Key()
	other := tokentest.NewIssuer(2).Key()
	other.ID = 1
	for _, second := range []tokens.Key{one, other} {
		if _, err := tokens.NewKeySet(one, second); !errors.Is(err, tokens.ErrKeyTwice) {
			t.Errorf("%v, want ErrKeyTwice", err)
		}
	}
}

func TestNeverIsAfterEveryStart(t *testing.T) {
	if tokens.Never <= int64(^uint32(0)) {
		t.Error("a 32-bit session start reaches Never")
	}
}
