package store

import (
	"testing"

	"github.com/railgate/railgate/tokens"
)

// Renumbering keeps what waits, in order, under numbers from 1 in a greater
// epoch, whether or not it had numbers before.
func TestRenumberKeepsWhatWaits(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		var serials []tokens.Serial
		for i := range 3 {
			c := approved(t, s, i+1)
			if _, _, err := s.Apply(t.Context(), revoke(c.Serial, nowMs+1)); err != nil {
				t.Fatal(err)
			}
			serials = append(serials, c.Serial)
			for p := range s.Partitions() {
				if i < 2 { // the last record is not numbered yet
					take(t, s, p, 10)
				}
			}
		}
		before, err := s.Epoch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		epoch, err := s.Renumber(t.Context(), before+7)
		if err != nil || epoch != before+8 {
			t.Fatalf("epoch %d after %d, want %d: %v", epoch, before, before+8, err)
		}
		again := open()
		if e, err := again.Epoch(t.Context()); err != nil || e != epoch {
			t.Fatalf("another opening sees epoch %d: %v", e, err)
		}
		found := map[tokens.Serial]bool{}
		for p := range s.Partitions() {
			got := take(t, again, p, 10)
			if len(got.Records) > 0 && got.First != 1 {
				t.Fatalf("partition %d begins at %d", p, got.First)
			}
			for _, r := range got.Records {
				found[r.Serial] = true
			}
			if next, err := again.Next(t.Context(), p); err != nil || next != uint64(len(got.Records))+1 {
				t.Fatalf("partition %d goes on with %d: %v", p, next, err)
			}
		}
		for _, serial := range serials {
			if !found[serial] {
				t.Errorf("the revocation of %s is gone", serial)
			}
		}
	})
}
