package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/tokens"
)

// renewal plays a second application: too early, then in the last three hours of
// the first credential, which the new one ends at every gate.
func (s *story) renewal(a, _ *phone) error {
	s.scene("A new temporary ID takes the place of the old one")
	next := &phone{house: s.house}
	if err := next.apply(1); err != nil {
		return err
	}
	var p problem
	_, took, err := call("POST", s.issuer+next.path("/checks"), next.access, map[string]any{"evidence": facePasses}, &p)
	s.issued("the same person on another phone, too early", took, err, p.Code, "renewal_too_early")

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
	s.issued("now a new one is approved: credential "+next.serial, next.took, nil, "ok", "ok")
	if next.serial == a.serial {
		return errors.New("the new credential has the serial of the old one")
	}
	s.until(accepted, "refused", old, "revoked")
	fresh := next.code(next.step())
	s.scanned("the new one", fresh.Text(), "entry", "ok")
	*a = *next
	return nil
}

// until scans a code until the gate refuses it for the reason, and says how long
// after the acknowledgement that was.
func (s *story) until(acknowledged time.Time, what string, code tokens.Token, reason string) {
	var v verdict
	var took time.Duration
	var err error
	for end := acknowledged.Add(effective); time.Now().Before(end); {
		if v, took, err = s.scan(code.Text(), s.entryGate, "entry"); err != nil || v.Reason == reason {
			break
		}
	}
	s.held(fmt.Sprintf("%s %.1f ms after the acknowledgement", what, time.Since(acknowledged).Seconds()*1000), took, err, v, reason)
}
