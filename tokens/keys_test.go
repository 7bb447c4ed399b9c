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
	given[0].CutOff = 0 // the set keeps its own copies
	if set.Len() != 2 || *set.Key(1) != one || *set.Key(2) != two {
		t.Error("the set does not hold what it was given")
	}
	if set.Key(3) != nil || new(tokens.KeySet).Key(1) != nil || new(tokens.KeySet).Len() != 0 {
		t.Error("a key was found that nobody added")
	}
}

func TestOneIDOneKey(t *testing.T) {
	one := tokentest.NewIssuer(1).Key()
	again := tokentest.NewIssuer(2).Key()
	again.ID = 1
	for _, second := range []tokens.Key{one, again} {
		if _, err := tokens.NewKeySet(one, second); !errors.Is(err, tokens.ErrKeyTwice) {
			t.Errorf("%v, want ErrKeyTwice", err)
		}
	}
}

// Never is later than any start a code can hold, so a key in service is never retired.
func TestNeverIsNeverReached(t *testing.T) {
	if tokens.Never <= int64(^uint32(0)) {
		t.Error("a 32-bit session start reaches Never")
	}
}
