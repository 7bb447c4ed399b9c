package revocation_test

import (
	"bytes"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A key leaked. Its later sessions are refused, except those of credentials that the issuer knows to be
// honest.
func TestDistrustedKeyKeepsExemptSerials(t *testing.T) {
	issuer := tokentest.NewIssuer(7)
	f := revocationtest.NewFeed(start, issuer.Key())
	honest, forged := issuer.Open(5, tokentest.Epoch), issuer.Open(6, tokentest.Epoch)
	gate := tokens.Checker{Keys: f.Replica, Revocations: f.Replica}
	check := func(s tokentest.Session) tokens.Reason {
		code := s.Code(0)
		return gate.Check(&code, tokentest.Epoch, tokens.Entry)
	}
	f.Apply(start,
		revocation.Record{Kind: revocation.KindExempt, Key: 7, Serial: honest.Fields.Serial},
		revocation.Record{Kind: revocation.KindRetireKey, Key: 7, Cutoff: tokentest.Epoch - 60},
		revocation.Record{Kind: revocation.KindExempt, Key: 8, Serial: honest.Fields.Serial})
	if a, b := check(honest), check(forged); a != tokens.ReasonOK || b != tokens.ReasonKeyRetired {
		t.Fatalf("the exempted got %s, the other %s", a, b)
	}
	if s := f.Replica.Status(start); s.Exempted != 1 || s.Counts.Exempted != 1 || s.Counts.KeyClash != 1 {
		t.Fatalf("%d exempted, %d counted, %d for an unknown key", s.Exempted, s.Counts.Exempted, s.Counts.KeyClash)
	}
	f.Revoke(start, honest.Fields.Serial)
	if r := check(honest); r != tokens.ReasonRevoked {
		t.Fatalf("exempted and then revoked: %s", r)
	}
	over := tokens.DayOver(serial.Day)*1000 + revocation.Afterlife.Milliseconds()
	f.Apply(over - 1000)
	if f.Replica.Forget(over); f.Replica.Status(start).Exempted != 1 || !f.Replica.Revoked(honest.Fields.Serial) {
		t.Fatal("dropped though by the issuer's clock the day is not over")
	}
	f.Apply(over)
	if f.Replica.Forget(over); f.Replica.Status(start).Exempted != 0 || f.Replica.Revoked(honest.Fields.Serial) {
		t.Fatal("revocation and exemption outlive their day")
	}
}

// A phone was stolen: all open sessions are refused, and the session after the next face check is valid. The
// cutoff is dropped when no session from before it can exist.
func TestRevokedSubjectRefusesEarlierSessions(t *testing.T) {
	issuer := tokentest.NewIssuer(7)
	f := revocationtest.NewFeed(start, issuer.Key())
	gate := tokens.Checker{Keys: f.Replica, Revocations: f.Replica}
	before, after := issuer.Open(5, tokentest.Epoch), issuer.Open(5, tokentest.Epoch+60)
	check := func(s tokentest.Session) tokens.Reason {
		code := s.Code(0)
		return gate.Check(&code, s.Fields.Start, tokens.Entry)
	}
	cut := func(at int64) {
		f.Apply(start, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: before.Fields.Subject, Cutoff: at})
	}
	cut(tokentest.Epoch + 30)
	cut(tokentest.Epoch - 30) // never to an earlier time
	if a, b := check(before), check(after); a != tokens.ReasonRevoked || b != tokens.ReasonOK {
		t.Fatalf("the session from before the cutoff got %s, the one after it %s", a, b)
	}
	other := issuer.Open(6, tokentest.Epoch)
	if r := check(other); r != tokens.ReasonOK {
		t.Fatalf("another subject got %s", r)
	}
	cut(tokentest.Epoch + 25*3600)
	cut(tokentest.Epoch - 3600 - revocation.Afterlife.Milliseconds()/1000)
	if s := f.Replica.Status(start); s.Subjects != 1 || s.Counts.Subjects != 1 || s.Counts.OutOfDay != 1 || s.Counts.Late != 1 {
		t.Fatalf("%d cutoffs; counted %+v", s.Subjects, s.Counts)
	}
	over := tokentest.Epoch + 30 + tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + (revocation.MaxSkew+revocation.Afterlife).Milliseconds()/1000
	f.Apply((over - 1) * 1000)
	kept := f.Replica.Forget(over*1000) == 0 // by the issuer's clock it is not over
	f.Apply(over * 1000)
	if !kept || f.Replica.Forget((over-1)*1000) != 0 || f.Replica.Forget(over*1000) != 1 || f.Replica.Cutoff(before.Fields.Subject) != 0 {
		t.Fatal("the cutoff was not dropped exactly when it lost its effect")
	}
}

func TestCutoffsSurviveASnapshot(t *testing.T) {
	f := revocationtest.NewFeed(start, tokentest.NewIssuer(7).Key(), tokentest.NewIssuer(8).Key())
	subject := tokens.Subject{9, 9}
	f.Apply(start,
		revocation.Record{Kind: revocation.KindExempt, Key: 8, Serial: serial},
		revocation.Record{Kind: revocation.KindRetireKey, Key: 8, Cutoff: 5},
		revocation.Record{Kind: revocation.KindRevokeSubject, Subject: subject, Cutoff: tokentest.Epoch})
	s, ok := f.Replica.Snapshot("t", start)
	if !ok {
		t.Fatal("no snapshot")
	}
	raw := s.Encode()
	back, err := revocation.DecodeSnapshot(raw)
	if err != nil || !bytes.Equal(back.Encode(), raw) {
		t.Fatalf("decoded with %v and encoded differently", err)
	}
	h := newHarness(t, 1)
	if err := h.Restore(back, "t", start); err != nil {
		t.Fatal(err)
	}
	if k := h.Key(8); k == nil || k.Cutoff != 5 || k.Exempted == nil || !k.Exempted.Has(serial) {
		t.Errorf("key 8 was restored as %+v", k)
	}
	if k := h.Key(7); k == nil || k.Exempted != nil {
		t.Errorf("key 7 was restored as %+v", k)
	}
	if h.Cutoff(subject) != tokentest.Epoch {
		t.Error("the subject's cutoff is lost")
	}
}

func TestCutoffLookupDoesNotAllocate(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Apply(start, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1}, Cutoff: tokentest.Epoch})
	if n := testing.AllocsPerRun(100, func() {
		f.Replica.Cutoff(tokens.Subject{1})
		f.Replica.Cutoff(tokens.Subject{2})
	}); n != 0 {
		t.Fatalf("Cutoff allocates %v times", n)
	}
}

func TestUnknownKindIsReported(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start)
	raw := revocationtest.SealUnknown(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start, Through: start}, 200)
	if o := h.Apply(0, raw, start); o != revocation.Applied {
		t.Fatalf("a record of an unknown kind: %s", o)
	}
	s := h.Status(start)
	if s.State != revocation.Fresh || s.Counts.Unknown != 1 || len(s.Waiting) != 1 || s.Waiting[0] != "newer records seen: 1 that this gateway does not know; update it" {
		t.Fatalf("state %s, %d counted, waiting %q", s.State, s.Counts.Unknown, s.Waiting)
	}
}
