package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// story acts as passengers, staff and gates. Each printed step is a real request, and each answer
// is compared with the expected one.
type story struct {
	*system
	report
	account string // of the passenger who buys tickets
}

// play runs every scene. It returns an error if the story cannot continue; the report counts
// unexpected answers.
func (s *story) play() error {
	if err := s.awaitReady(); err != nil {
		return err
	}
	first, second := &phone{system: s.system}, &phone{system: s.system}
	for _, run := range []func(a, b *phone) error{s.issue, s.rotate, s.forge, s.revoke, s.leave, s.sessionEnds, s.hostedMode, s.renewal, s.dayEnds,
		s.codePassesOnce, s.barrierTurns, s.ticketIsHeld, s.tunnel, s.receipt} {
		if err := run(first, second); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) issue(a, b *phone) error {
	s.title("A passenger without an ID card applies on the phone")
	policy, err := s.client.Policy(context.Background())
	if err != nil {
		return err
	}
	passport, noPlace := person(1).Application(policy), person(1).Application(policy)
	passport["document_type"] = "passport"
	delete(noPlace, "location")
	answer, err := s.post("/v1/applications", "", passport)
	s.issued("refuses an application with a passport", err, answer.Code(), "document_type_not_supported")
	answer, err = s.post("/v1/applications", "", noPlace)
	s.issued("refuses an application without a location", err, answer.Code(), "location_missing")

	if err := a.apply(1); err != nil {
		return err
	}
	s.issued("accepts an application with a resident ID card", nil, "ok", "ok")
	answer, err = s.post(a.application.Path("/checks"), a.application.Access, map[string]string{"evidence": passenger.FaceFails})
	s.issued("does not approve it after a failed face check", err, answer.Code(), "real_person_check_failed")
	if err := a.openSession(); err != nil {
		return err
	}
	s.issued("approves it after the face check: credential "+a.serial(), nil, "ok", "ok")
	if err := b.apply(2); err != nil {
		return err
	}
	return b.openSession()
}

func (s *story) rotate(a, _ *phone) error {
	s.title("The phone shows a code that changes every 60 seconds")
	if err := s.awaitReady(); err != nil { // until the key that signed it is announced
		return err
	}
	old := a.code(0)
	s.scanned("the entry gate accepts the current code", old.Text(), "entry", "ok")
	s.scanned("the exit gate accepts it too; its signature is cached", old.Text(), "exit", "ok")
	s.scannedBy(s.gate(s.beijing, saleWindow), "a ticket window accepts it for a refund", old.Text(), "refund", "ok")
	s.scannedBy(s.gate(s.beijing, saleWindow), "a ticket window may not check it for entry", old.Text(), "entry", "scope_not_allowed")
	s.scannedBy(s.gate(s.beijing, "stranger"), "a device without a credential gets no verdict", old.Text(), "entry", "device_unknown")
	if err := s.later(2*time.Minute, "two minutes pass"); err != nil {
		return err
	}
	s.scanned("the gate refuses a photograph of the first code", old.Text(), "entry", "code_stale")
	now := a.code(a.step())
	s.scanned("the gate accepts the phone's current code", now.Text(), "entry", "ok")
	return nil
}

func (s *story) forge(a, b *phone) error {
	s.title("The gate refuses forged codes")
	code := a.code(a.step())
	flipped := func(offset int) string {
		raw := append([]byte(nil), code.Bytes()...)
		raw[offset] ^= 1
		var t tokens.Token
		if t.Parse(raw) != tokens.ReasonOK {
			return "no longer well formed"
		}
		return t.Text()
	}
	s.scanned("one bit of the subject changed", flipped(10), "entry", "bad_signature")
	s.scanned("one bit of the signature changed", flipped(60), "entry", "bad_signature")
	s.scanned("one bit of the link changed", flipped(tokens.TokenSize-1), "entry", "link_mismatch")
	other := tokens.Assemble(&a.session.Pass, uint8(b.step()), b.session.Links[b.step()])
	s.scanned("the pass of one passenger with the link of another", other.Text(), "entry", "link_mismatch")
	otherIssuer := tokentest.NewIssuer(9)
	otherPass := otherIssuer.Open(1<<31, s.clock.now().Unix())
	unknown := otherPass.Code(0)
	s.scanned("a pass signed with a key that was never announced", unknown.Text(), "entry", "unknown_key")
	s.scanned("the QR code of a shop", "https://example.com/", "entry", "malformed")

	start := s.clock.now().Unix()
	load := tokentest.Issuer{ID: loadKeyID, Signer: signing.NewKey(s.loadSeed)}
	window := load.OpenAs(tokens.Pass{
		Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: 1 << 31},
		Start:  start, Expiry: start + tokens.CredentialLife,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.Scopes(tokens.Sale),
	})
	saleOnly := window.Code(0)
	s.scanned("a pass that is valid for ticket sales only", saleOnly.Text(), "entry", "wrong_scope")
	return nil
}

func (s *story) revoke(_, b *phone) error {
	s.title("Staff revoke the credential of a stolen phone")
	text := b.code(b.step())
	s.scanned("the gate accepts its code before the theft is reported", text.Text(), "entry", "ok")
	answer, err := s.post("/v1/credentials/"+b.serial()+"/revoke", s.staff, map[string]string{"reason": "lost_phone"})
	acknowledged := time.Now()
	s.issued("acknowledges the revocation", err, fmt.Sprint(answer.Status), "202")
	s.awaitRefusal(acknowledged, "the gate refuses it %.1f ms after the acknowledgement", text, "revoked")
	return nil
}

func (s *story) leave(_, _ *phone) error {
	s.title("A passenger closes the page, which ends its codes")
	c := &phone{system: s.system}
	if err := c.apply(3); err != nil {
		return err
	}
	if err := c.openSession(); err != nil {
		return err
	}
	offline := c.code(c.step())
	s.scanned("the gate accepts a code that the phone made itself", offline.Text(), "entry", "ok")
	answer, err := s.post(c.application.Path("/leave"), c.application.Access, struct{}{})
	acknowledged := time.Now()
	s.issued("acknowledges the closed page", err, fmt.Sprint(answer.Status), "204")
	s.awaitRefusal(acknowledged, "the gate refuses it %.1f ms after the acknowledgement", offline, "session_closed")
	return nil
}

// effective bounds the time from an acknowledgement to the refusal of the code.
const effective = 2 * time.Second

func (s *story) sessionEnds(a, _ *phone) error {
	s.title("After 30 minutes the passenger needs a new face check")
	if err := s.later(29*time.Minute, "29 minutes pass; the session began 31 minutes ago"); err != nil {
		return err
	}
	last := a.code(tokens.Length - 1)
	s.scanned("the gate refuses the last of the session's 30 codes", last.Text(), "entry", "session_over")
	if err := a.openSession(); err != nil {
		return err
	}
	s.issued("opens a new session after another face check", nil, "ok", "ok")
	again := a.code(a.step())
	s.scanned("the gate accepts the code of the new session", again.Text(), "entry", "ok")
	return nil
}

func (s *story) hostedMode(a, _ *phone) error {
	s.title("Hosted mode: the issuer makes the codes for a phone that cannot protect a secret")
	if err := a.openHosted(); err != nil {
		return err
	}
	code, err := a.hostedCode()
	if err != nil {
		return err
	}
	s.issued("returns the code of this minute", nil, "ok", "ok")
	s.scanned("the gate accepts it like any other code", code.Text, "entry", "ok")
	return nil
}

// renewal applies a second time: too early, then in the last three hours of the first credential,
// which the new one replaces at every gate.
func (s *story) renewal(a, _ *phone) error {
	s.title("A new temporary ID replaces the old one")
	next := &phone{system: s.system}
	if err := next.apply(1); err != nil {
		return err
	}
	answer, err := s.post(next.application.Path("/checks"), next.application.Access, map[string]string{"evidence": passenger.FacePasses})
	s.issued("refuses a second application that comes too early", err, answer.Code(), "renewal_too_early")

	if err := s.later(21*time.Hour, "21 hours pass; the credential is in its last three hours"); err != nil {
		return err
	}
	if err := a.openSession(); err != nil {
		return err
	}
	old := a.code(a.step())
	s.scanned("the gate accepts the old credential", old.Text(), "entry", "ok")
	if err := next.apply(1); err != nil {
		return err
	}
	if err := next.openSession(); err != nil {
		return err
	}
	accepted := time.Now()
	s.issued("approves a new application: credential "+next.serial(), nil, "ok", "ok")
	if next.serial() == a.serial() {
		return errors.New("the new credential has the serial of the old one")
	}
	s.awaitRefusal(accepted, "the gate refuses the old one %.1f ms after the approval", old, "revoked")
	fresh := next.code(next.step())
	s.scanned("the gate accepts the new credential", fresh.Text(), "entry", "ok")
	*a = *next
	return nil
}

func (s *story) dayEnds(a, _ *phone) error {
	s.title("After 24 hours the credential expires")
	code := a.code(a.step())
	if err := s.later(24*time.Hour, "24 hours pass"); err != nil {
		return err
	}
	s.scanned("the gate refuses yesterday's credential", code.Text(), "entry", "credential_expired")
	return nil
}

// later moves the clock and waits until the gateway has received data from the issuer since.
func (s *story) later(d time.Duration, what string) error {
	s.clock.advance(d)
	s.note(what)
	return s.awaitReady()
}

func (s *story) scanned(what, text, scope, want string) {
	s.scannedBy(s.gate(s.beijing, entryGate), what, text, scope, want)
}

func (s *story) scannedBy(at passenger.Gate, what, text, scope, want string) {
	v, err := s.scan(at, text, scope)
	s.compareVerdict(what, err, v, want)
}

// compareVerdict compares a gateway's answer with the expected one.
func (s *story) compareVerdict(what string, err error, v passenger.Verdict, want string) {
	got := v.Reason + v.Code // one of them is empty
	s.step(light(v.Verdict == "allow"), what, got, want, s.took, err)
}

// light is what a passenger sees.
func light(admitted bool) string {
	if admitted {
		return "GREEN"
	}
	return "RED"
}

// issued compares an issuer's answer with the expected one.
func (s *story) issued(what string, err error, got, want string) {
	s.step("issuer", what, got, want, s.took, err)
}

// awaitRefusal scans a code until the entry gate refuses it for the reason, and prints the time since the
// issuer's answer.
func (s *story) awaitRefusal(acknowledged time.Time, format string, code tokens.Token, reason string) {
	v, err := s.await(acknowledged, s.gate(s.beijing, entryGate), code, reason)
	s.compareVerdict(sinceMS(format, acknowledged), err, v, reason)
}

// await scans a code until the verdict has the reason, for at most the time in which a change becomes effective.
func (s *story) await(acknowledged time.Time, at passenger.Gate, code tokens.Token, reason string) (v passenger.Verdict, err error) {
	for end := acknowledged.Add(effective); time.Now().Before(end); {
		if v, err = s.scan(at, code.Text(), "entry"); err != nil || v.Reason == reason {
			break
		}
	}
	return v, err
}

// sinceMS formats the milliseconds since a time.
func sinceMS(format string, began time.Time) string {
	return fmt.Sprintf(format, time.Since(began).Seconds()*1000)
}
