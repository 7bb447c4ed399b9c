package revocation_test

import (
	"bytes"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A key leaked. Its sessions from then on are not good, except those of
// credentials that the issuer knows to be honest.
func TestAKeyIsCutOffWithARescueList(t *testing.T) {
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
		revocation.Record{Kind: revocation.KindRetireKey, Key: 7, CutOff: tokentest.Epoch - 60},
		revocation.Record{Kind: revocation.KindExempt, Key: 8, Serial: honest.Fields.Serial})
	if a, b := check(honest), check(forged); a != tokens.ReasonOK || b != tokens.ReasonKeyRetired {
		t.Fatalf("the exempted got %s, the other %s", a, b)
	}
	if s := f.Replica.Status(start); s.Exempted != 1 || s.Counts.Exempted != 1 || s.Counts.KeyClash != 1 {
		t.Fatalf("%d exempted, %d counted, %d for a key nobody announced", s.Exempted, s.Counts.Exempted, s.Counts.KeyClash)
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
		t.Fatal("revocation and rescue outlive their day")
	}
}

// A phone was stolen: all sessions that were open are not good, and the next face
// check's is. The cut-off goes when no session from before it can be alive.
func TestASubjectIsCutOff(t *testing.T) {
	issuer := tokentest.NewIssuer(7)
	f := revocationtest.NewFeed(start, issuer.Key())
	gate := tokens.Checker{Keys: f.Replica, Revocations: f.Replica}
	before, after := issuer.Open(5, tokentest.Epoch), issuer.Open(5, tokentest.Epoch+60)
	check := func(s tokentest.Session) tokens.Reason {
		code := s.Code(0)
		return gate.Check(&code, s.Fields.Start, tokens.Entry)
	}
	cut := func(at int64) {
		f.Apply(start, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: before.Fields.Subject, CutOff: at})
	}
	cut(tokentest.Epoch + 30)
	cut(tokentest.Epoch - 30) // never back
	if a, b := check(before), check(after); a != tokens.ReasonRevoked || b != tokens.ReasonOK {
		t.Fatalf("the session from before the cut-off got %s, the one after it %s", a, b)
	}
	other := issuer.Open(6, tokentest.Epoch)
	if r := check(other); r != tokens.ReasonOK {
		t.Fatalf("another subject got %s", r)
	}
	cut(tokentest.Epoch + 25*3600)
	cut(tokentest.Epoch - 3600 - revocation.Afterlife.Milliseconds()/1000)
	if s := f.Replica.Status(start); s.Subjects != 1 || s.Counts.Subjects != 1 || s.Counts.OutOfDay != 1 || s.Counts.Late != 1 {
		t.Fatalf("%d cut-offs; counted %+v", s.Subjects, s.Counts)
	}
	over := tokentest.Epoch + 30 + tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + (revocation.MaxSkew+revocation.Afterlife).Milliseconds()/1000
	f.Apply((over - 1) * 1000)
	kept := f.Replica.Forget(over*1000) == 0 // by the issuer's clock it is not over
	f.Apply(over * 1000)
	if !kept || f.Replica.Forget((over-1)*1000) != 0 || f.Replica.Forget(over*1000) != 1 || f.Replica.CutOff(before.Fields.Subject) != 0 {
		t.Fatal("the cut-off did not go exactly when it stopped to matter")
	}
}

func TestCutOffsSurviveASnapshot(t *testing.T) {
	f := revocationtest.NewFeed(start, tokentest.NewIssuer(7).Key(), tokentest.NewIssuer(8).Key())
	subject := tokens.Subject{9, 9}
	f.Apply(start,
		revocation.Record{Kind: revocation.KindExempt, Key: 8, Serial: serial},
		revocation.Record{Kind: revocation.KindRetireKey, Key: 8, CutOff: 5},
		revocation.Record{Kind: revocation.KindRevokeSubject, Subject: subject, CutOff: tokentest.Epoch})
	s, ok := f.Replica.Snapshot("t", start)
	if !ok {
		t.Fatal("no snapshot")
	}
	raw := s.Encode()
	back, err := revocation.DecodeSnapshot(raw)
	if err != nil || !bytes.Equal(back.Encode(), raw) {
		t.Fatalf("decoded with %v into another spelling", err)
	}
	h := boot(t, 1)
	if err := h.Restore(back, "t", start); err != nil {
		t.Fatal(err)
	}
	if k := h.Key(8); k == nil || k.CutOff != 5 || k.Exempted == nil || !k.Exempted.Has(serial) {
		t.Errorf("key 8 came back as %+v", k)
	}
	if k := h.Key(7); k == nil || k.Exempted != nil {
		t.Errorf("key 7 came back as %+v", k)
	}
	if h.CutOff(subject) != tokentest.Epoch {
		t.Error("the subject's cut-off is lost")
	}
}

func TestChecksOfCutOffsDoNotAllocate(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Apply(start, revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1}, CutOff: tokentest.Epoch})
	if n := testing.AllocsPerRun(100, func() {
		f.Replica.CutOff(tokens.Subject{1})
		f.Replica.CutOff(tokens.Subject{2})
	}); n != 0 {
		t.Fatalf("CutOff allocates %v times", n)
	}
}

func TestAKindFromTheFutureIsSaid(t *testing.T) {
	h := boot(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start)
	raw := revocationtest.SealUnknown(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start, Through: start}, 200)
	if o := h.Apply(0, raw, start); o != revocation.Applied {
		t.Fatalf("a record of a kind from the future: %s", o)
	}
	s := h.Status(start)
	if s.State != revocation.Fresh || s.Counts.Unknown != 1 || len(s.Waiting) != 1 || s.Waiting[0] != "newer records seen: 1 that this gateway does not know; update it" {
		t.Fatalf("state %s, %d counted, said %q", s.State, s.Counts.Unknown, s.Waiting)
	}
}
