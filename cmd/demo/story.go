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

// story plays a passenger and a gate. Each line is a request that was really
// made, and each is held against what must come of it.
type story struct {
	*system
	report
}

// play runs every scene; it returns an error if the story could not go on, and
// leaves what merely differed to the report.
func (s *story) play() error {
	if err := s.fresh(); err != nil {
		return err
	}
	first, second := &phone{system: s.system}, &phone{system: s.system}
	for _, scene := range []func(a, b *phone) error{s.issue, s.rotate, s.forge, s.revoke, s.leave, s.sessionEnds, s.hostedMode, s.renewal, s.dayEnds} {
		if err := scene(first, second); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) issue(a, b *phone) error {
	s.scene("A passenger without an ID card applies on the phone")
	policy, err := s.client.Policy(context.Background())
	if err != nil {
		return err
	}
	passport, noPlace := person(1).Application(policy), person(1).Application(policy)
	passport["document_type"] = "passport"
	delete(noPlace, "location")
	answer, err := s.post("/v1/applications", "", passport)
	s.issued("a passport does not qualify", err, answer.Code(), "document_type_not_supported")
	answer, err = s.post("/v1/applications", "", noPlace)
	s.issued("no permission to use the location", err, answer.Code(), "location_missing")

	if err := a.apply(1); err != nil {
		return err
	}
	s.issued("a resident ID card: submitted", nil, "ok", "ok")
	answer, err = s.post(a.application.Path("/checks"), a.application.Access, map[string]string{"evidence": passenger.FaceFails})
	s.issued("the face check fails: nothing is approved", err, answer.Code(), "real_person_check_failed")
	if err := a.openSession(); err != nil {
		return err
	}
	s.issued("the face check passes: approved, credential "+a.serial(), nil, "ok", "ok")
	if err := b.apply(2); err != nil {
		return err
	}
	return b.openSession()
}

func (s *story) rotate(a, _ *phone) error {
	s.scene("The code is shown, scanned and renewed every 60 s")
	if err := s.fresh(); err != nil { // the key that signed it was announced before
		return err
	}
	old := a.code(0)
	s.scanned("fresh code at the entry gate", old.Text(), "entry", "ok")
	s.scanned("the same pass again: no signature to verify", old.Text(), "exit", "ok")
	s.scannedBy(s.saleWindow, "the same code at a ticket window", old.Text(), "refund", "ok")
	s.scannedBy(s.saleWindow, "a window may not ask for the gate's use", old.Text(), "entry", "scope_not_allowed")
	s.scannedBy("", "nobody gets a verdict without a credential", old.Text(), "entry", "device_unknown")
	if err := s.later(2*time.Minute, "two minutes later"); err != nil {
		return err
	}
	s.scanned("a photograph of the first code", old.Text(), "entry", "code_stale")
	now := a.code(a.step())
	s.scanned("the phone has moved on", now.Text(), "entry", "ok")
	return nil
}

func (s *story) forge(a, b *phone) error {
	s.scene("Nothing made up gets through")
	code := a.code(a.step())
	bent := func(offset int) string {
		raw := append([]byte(nil), code.Bytes()...)
		raw[offset] ^= 1
		var t tokens.Token
		if t.Parse(raw) != tokens.ReasonOK {
			return "not well-formed any more"
		}
		return t.Text()
	}
	s.scanned("one bit of the subject changed", bent(10), "entry", "bad_signature")
	s.scanned("one bit of the signature changed", bent(60), "entry", "bad_signature")
	s.scanned("one bit of the link changed", bent(tokens.TokenSize-1), "entry", "link_mismatch")
	other := tokens.Assemble(&a.session.Pass, uint8(b.step()), b.session.Links[b.step()])
	s.scanned("another passenger's link on this pass", other.Text(), "entry", "link_mismatch")
	stranger := tokentest.NewIssuer(9)
	strange := stranger.Open(1<<31, s.clock.now().Unix())
	unknown := strange.Code(0)
	s.scanned("a pass signed by a key nobody announced", unknown.Text(), "entry", "unknown_key")
	s.scanned("a shop's QR code", "https://example.com/", "entry", "malformed")

	start := s.clock.now().Unix()
	load := tokentest.Issuer{ID: loadKeyID, Signer: signing.NewKey(s.loadSeed)}
	window := load.OpenAs(tokens.Pass{
		Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: 1 << 31},
		Start:  start, Expiry: start + tokens.CredentialLife,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.Scopes(tokens.Sale),
	})
	saleOnly := window.Code(0)
	s.scanned("a pass for ticket sale only, at a gate", saleOnly.Text(), "entry", "wrong_scope")
	return nil
}

func (s *story) revoke(_, b *phone) error {
	s.scene("The second passenger's phone is stolen")
	text := b.code(b.step())
	s.scanned("before anyone knows", text.Text(), "entry", "ok")
	answer, err := s.post("/v1/credentials/"+b.serial()+"/revoke", s.staff, map[string]string{"reason": "lost_phone"})
	acknowledged := time.Now()
	s.issued("staff revoke the credential: accepted", err, fmt.Sprint(answer.Status), "202")
	s.until(acknowledged, "refused", text, "revoked")
	return nil
}

func (s *story) leave(_, _ *phone) error {
	s.scene("A third passenger closes the page")
	c := &phone{system: s.system}
	if err := c.apply(3); err != nil {
		return err
	}
	if err := c.openSession(); err != nil {
		return err
	}
	held := c.code(c.step())
	s.scanned("the code that the phone makes by itself", held.Text(), "entry", "ok")
	answer, err := s.post(c.application.Path("/leave"), c.application.Access, struct{}{})
	acknowledged := time.Now()
	s.issued("the page is closed", err, fmt.Sprint(answer.Status), "204")
	s.until(acknowledged, "refused, though the phone still holds it,", held, "session_closed")
	return nil
}

// effective bounds the time from an acknowledged revocation to its refusal.
const effective = 2 * time.Second

func (s *story) sessionEnds(a, _ *phone) error {
	s.scene("After 30 minutes the face must be checked again")
	if err := s.later(29*time.Minute, "31 minutes after the session began"); err != nil {
		return err
	}
	last := a.code(tokens.Length - 1)
	s.scanned("the last of 30 links", last.Text(), "entry", "session_over")
	if err := a.openSession(); err != nil {
		return err
	}
	s.issued("a new face check, no new application", nil, "ok", "ok")
	again := a.code(a.step())
	s.scanned("fresh code of the new session", again.Text(), "entry", "ok")
	return nil
}

func (s *story) hostedMode(a, _ *phone) error {
	s.scene("A phone that cannot keep a secret lets the issuer keep it")
	if err := a.openHosted(); err != nil {
		return err
	}
	code, err := a.hostedCode()
	if err != nil {
		return err
	}
	s.issued("the issuer hands out the code of this minute", nil, "ok", "ok")
	s.scanned("the gate sees no difference", code.Text, "entry", "ok")
	return nil
}

// renewal plays a second application: too early, then in the last three hours of
// the first credential, which the new one ends at every gate.
func (s *story) renewal(a, _ *phone) error {
	s.scene("A new temporary ID takes the place of the old one")
	next := &phone{system: s.system}
	if err := next.apply(1); err != nil {
		return err
	}
	answer, err := s.post(next.application.Path("/checks"), next.application.Access, map[string]string{"evidence": passenger.FacePasses})
	s.issued("the same person on another phone, too early", err, answer.Code(), "renewal_too_early")

	if err := s.later(21*time.Hour, "three hours before the end"); err != nil {
		return err
	}
	if err := a.openSession(); err != nil {
		return err
	}
	old := a.code(a.step())
	s.scanned("the old credential, its face check passed again", old.Text(), "entry", "ok")
	if err := next.apply(1); err != nil {
		return err
	}
	if err := next.openSession(); err != nil {
		return err
	}
	accepted := time.Now()
	s.issued("now a new one is approved: credential "+next.serial(), nil, "ok", "ok")
	if next.serial() == a.serial() {
		return errors.New("the new credential has the serial of the old one")
	}
	s.until(accepted, "refused", old, "revoked")
	fresh := next.code(next.step())
	s.scanned("the new one", fresh.Text(), "entry", "ok")
	*a = *next
	return nil
}

func (s *story) dayEnds(a, _ *phone) error {
	s.scene("After 24 hours the credential is over")
	code := a.code(a.step())
	if err := s.later(24*time.Hour, "a day later"); err != nil {
		return err
	}
	s.scanned("yesterday's credential", code.Text(), "entry", "credential_expired")
	return nil
}

// later moves the clock and waits until the gateway has heard from the issuer since.
func (s *story) later(d time.Duration, what string) error {
	s.clock.advance(d)
	s.note("the clock is moved: " + what)
	return s.fresh()
}

func (s *story) scanned(what, text, scope, want string) {
	s.scannedBy(s.entryGate, what, text, scope, want)
}

func (s *story) scannedBy(device, what, text, scope, want string) {
	v, err := s.scan(text, device, scope)
	s.held(what, err, v, want)
}

// held compares a gateway's answer with what it must be.
func (s *story) held(what string, err error, v passenger.Verdict, want string) {
	got := v.Reason + v.Code // one of them is empty
	light := "RED"
	if v.Verdict == "allow" {
		light = "GREEN"
	}
	s.line(light, what, got, want, s.took, err)
}

// issued compares an issuer's answer with what it must be.
func (s *story) issued(what string, err error, got, want string) {
	s.line("issuer", what, got, want, s.took, err)
}

// until scans a code until the gate refuses it for the reason, and says how long
// after the acknowledgement that was.
func (s *story) until(acknowledged time.Time, what string, code tokens.Token, reason string) {
	var v passenger.Verdict
	var err error
	for end := acknowledged.Add(effective); time.Now().Before(end); {
		if v, err = s.scan(code.Text(), s.entryGate, "entry"); err != nil || v.Reason == reason {
			break
		}
	}
	s.held(fmt.Sprintf("%s %.1f ms after the acknowledgement", what, time.Since(acknowledged).Seconds()*1000), err, v, reason)
}
