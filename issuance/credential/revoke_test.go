package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

var errSpoilt = errors.New("whatever the audit log says")

// Revocations that share a transaction have each an end of its own: one that is
// refused, or that the database cannot take, changes nothing for the others.
func TestRevocationsTogetherDoNotSufferForEachOther(t *testing.T) {
	const good = 6
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		for _, spoilt := range []bool{false, true} {
			s := open()
			before, err := s.Waiting(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var serials []tokens.Serial
			for n := range good + 2 {
				if spoilt {
					n += 100
				}
				serials = append(serials, approved(t, s, n+1).Serial)
			}
			unknown := tokens.Serial{Day: serials[0].Day, Index: IndexEnd - 1}
			calls := []*applied{
				{Change: revoke(unknown, nowMs+1)},
				{Change: revoke(serials[good], nowMs+48*60*60*1000)},
				{Change: revoke(serials[0], nowMs+1)}, // twice in one transaction
			}
			want := []error{ErrNotFound, ErrExpired, nil}
			for _, serial := range serials[:good] {
				calls, want = append(calls, &applied{Change: revoke(serial, nowMs+1)}), append(want, nil)
			}
			if spoilt { // an entry that the trail refuses, after others were written
				c := revoke(serials[good+1], nowMs+1)
				c.Entry = audit.Entry{Who: "window-7"}
				calls, want = append(calls, &applied{Change: c}), append(want, errSpoilt)
			}
			slices.Reverse(calls)
			slices.Reverse(want)
			taken := &taking{epoch: epoch(t, s), partition: publish.Partition(&revocation.Record{Kind: revocation.KindRevoke, Serial: serials[0]}, partitions), max: 10}
			over := &taking{epoch: epoch(t, s) + 1, max: 10}
			shared := []*streamed{{take: taken}, {take: over}} // the takes come first, and see what is revoked beside them
			for _, c := range calls {
				shared = append(shared, &streamed{revoke: c})
			}
			if err := s.streamTogether(t.Context(), shared); err != nil {
				t.Fatal(err)
			}
			if !errors.Is(over.refused, publish.ErrEpoch) || taken.refused != nil || len(taken.pending.Records) == 0 && !spoilt || !taken.pending.Drained {
				t.Errorf("spoilt %v: took %+v; in another epoch %v", spoilt, taken, over.refused)
			}
			changed := 0
			for i, c := range calls {
				if want[i] == errSpoilt && c.refused != nil {
					continue
				}
				if !errors.Is(c.refused, want[i]) || (want[i] == nil) != (c.sinceMs == nowMs+1) {
					t.Errorf("spoilt %v, call %d: %v, want %v; since %d", spoilt, i, c.refused, want[i], c.sinceMs)
				}
				if c.changed {
					changed++
				}
			}
			if after, err := s.Waiting(t.Context()); err != nil || after-before != good || changed != good {
				t.Errorf("spoilt %v: %d records and %d changes of %d: %v", spoilt, after-before, changed, good, err)
			}
		}
	})
}
