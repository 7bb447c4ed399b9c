package gateway_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// The gateway gives the expected answer to every vector that has a text: over HTTP, alone
// and in a batch, uncached and cached. It learns keys and revocations from the control
// stream; vectors with numbers that no record can carry set its checker instead.
func TestVectorsOverHTTP(t *testing.T) {
	all, err := vectors.ReadFolder("../tokens/testdata/vectors", 300)
	if err != nil {
		t.Fatal(err)
	}
	streamed, checked := 0, 0
	for _, v := range all {
		if v.Text == nil || v.Now < 0 { // HTTP carries only texts; no gateway runs before 1970
			continue
		}
		checked++
		t.Run(v.Name, func(t *testing.T) {
			at := max(v.Now*1000, 1) // the watermark 0 would mean no data
			feed := revocationtest.NewFeed(at)
			records, ok := recordsOf(t, v, at)
			if ok {
				streamed++
				feed.Apply(at, records...)
			}
			s := start(t, setup{replica: feed.Replica, configure: func(g *gateway.Gateway) {
				if !ok {
					c, err := v.Checker(true)
					if err != nil {
						t.Fatal(err)
					}
					g.UseChecker(c.Keys, c.Revocations)
				}
			}})
			s.clock.Store(v.Now*1000 + 999) // verdicts do not change within a second
			for _, turn := range []string{"uncached", "cached"} {
				got := s.check(v.Scope, *v.Text).verdict(t)
				if got.Reason != v.Expect.Reason || got.Class != v.Expect.Class {
					t.Errorf("%s: %s of class %s, want %s of class %s", turn, got.Reason, got.Class, v.Expect.Reason, v.Expect.Class)
				}
				s.Settle()
				if f := v.Fields; f != nil {
					if left := max(0, min(f.Start+f.Length*f.Period, f.Expiry)-v.Now); got.SecondsLeft != left {
						t.Errorf("%s: %d seconds left, want %d", turn, got.SecondsLeft, left)
					}
					if got.Subject != f.Subject || !slices.Equal(got.Scopes, f.Scopes) {
						t.Errorf("%s: subject %s with scopes %v, want %s with %v", turn, got.Subject, got.Scopes, f.Subject, f.Scopes)
					}
				}
				scan := scanned{*v.Text, v.Now*1000 + 999}
				_, read := s.checks(v.Scope, scan, scan).verdicts(t)
				if got, want := reasonsOf(read), []string{v.Expect.Reason, v.Expect.Reason}; !slices.Equal(got, want) {
					t.Errorf("%s, in a batch: %v, want %v", turn, got, want)
				}
			}
			// Of the three scans of a code, the later ones are in the cache.
			if hits := s.count("railgate_pass_cache_total", "hit"); (hits > 0) != (v.Expect.Reason == "ok") {
				t.Errorf("%v hits of the cache after %s", hits, v.Expect.Reason)
			}
		})
	}
	if streamed < 280 || checked-streamed > 10 {
		t.Errorf("%d of %d vectors went through the control stream", streamed, checked)
	}
}

// recordsOf returns the records that the issuer would publish for the vector. ok is false
// if a record cannot carry them, or if a gateway would drop them by their date.
func recordsOf(t *testing.T, v *vectors.Vector, at int64) (records []revocation.Record, ok bool) {
	t.Helper()
	fits := func(seconds int64) bool { return seconds == int64(uint32(seconds)) }
	add := func(r revocation.Record) { r.At = at; records = append(records, r) }
	serialOf := func(text string) tokens.Serial {
		serial, err := tokens.ParseSerial(text)
		if err != nil {
			t.Fatal(err)
		}
		return serial
	}
	for _, k := range v.Keys {
		public, err := hex.DecodeString(k.Public)
		if err != nil || len(public) != tokens.PublicKeySize {
			t.Fatalf("key %d: %v", k.ID, err)
		}
		id := tokens.KeyID(k.ID)
		add(revocation.Record{Kind: revocation.KindAnnounceKey, Key: id, Public: [tokens.PublicKeySize]byte(public)})
		for _, text := range k.Exempt {
			add(revocation.Record{Kind: revocation.KindExempt, Key: id, Serial: serialOf(text)})
		}
		if k.Cutoff != nil {
			if !fits(*k.Cutoff) {
				return nil, false
			}
			add(revocation.Record{Kind: revocation.KindRetireKey, Key: id, Cutoff: *k.Cutoff})
		}
	}
	for _, text := range v.Revoked {
		add(revocation.Record{Kind: revocation.KindRevoke, Serial: serialOf(text)})
	}
	for _, c := range v.SubjectCutoffs {
		subject, err := hex.DecodeString(c.Subject)
		if err != nil || len(subject) != len(tokens.Subject{}) {
			t.Fatalf("subject %q: %v", c.Subject, err)
		}
		if !fits(c.EarliestStart) {
			return nil, false
		}
		add(revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject(subject), Cutoff: c.EarliestStart})
	}
	for _, c := range v.ClosedSessions {
		add(revocation.Record{Kind: revocation.KindRevokeSession, Serial: serialOf(c.Serial), Start: c.Start})
	}
	return records, true
}
