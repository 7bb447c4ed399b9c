package revocation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens/signing"
)

// The reasons for data that is not fresh name the messages that arrived from the issuer.
func TestSilenceNamesItsCause(t *testing.T) {
	const start = 1_800_000_000_000
	beat := func(issued int64) []byte {
		return revocationtest.Seal(revocation.Batch{Epoch: 7, First: 1, IssuedAt: issued, Through: issued})
	}
	for name, c := range map[string]struct {
		happens func(r *revocation.Replica)
		at      int64
		want    string // part of the only line; empty: no line
	}{
		"fresh":            {func(*revocation.Replica) {}, start + 1000, ""},
		"the issuer stops": {func(*revocation.Replica) {}, start + 12_000, "no message from the issuer for 11 s in partition 0"},
		"this clock jumps ahead": {func(r *revocation.Replica) {
			for at := int64(2000); at <= 9000; at += 1000 {
				r.Apply(0, beat(start+at), start+at+60_000)
			}
		}, start + 69_500, "dated 60 s before this gateway's clock"},
		"this clock is set back": {func(*revocation.Replica) {}, start - 60_000, "dated 61 s ahead of this gateway's clock"},
		"foreign messages": {func(r *revocation.Replica) {
			stranger := signing.NewKey([signing.SeedSize]byte{9})
			b := revocation.Batch{Epoch: 7, First: 1, IssuedAt: start + 9000, Through: start + 9000}
			public := stranger.Public()
			message, err := b.Encode(revocation.AuthorityID(public), nil)
			if err != nil {
				panic(err)
			}
			signature, err := stranger.Sign(message)
			if err != nil {
				panic(err)
			}
			if o := r.Apply(0, append(message, signature[:]...), start+9000); o != revocation.WrongAuthority {
				panic(o.String())
			}
		}, start + 12_000, "another authority key"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, start)
			if err != nil {
				t.Fatal(err)
			}
			r.SetTargetOffset(0, 1)
			if o := r.Apply(0, beat(start+1000), start+1000); o != revocation.Applied {
				t.Fatal(o)
			}
			r.SetPosition(0, 1)
			c.happens(r)
			s := r.Status(c.at)
			if c.want == "" {
				if s.State != revocation.Fresh || len(s.Silence) != 0 {
					t.Fatalf("%s: %q", s.State, s.Silence)
				}
				return
			}
			if !slices.ContainsFunc(s.Silence, func(line string) bool { return strings.Contains(line, c.want) }) {
				t.Errorf("%s data: %q, want %q", s.State, s.Silence, c.want)
			}
		})
	}
}
