package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

// display is the phone whose code is shown.
type display struct {
	phone
	passenger int
}

// next returns the current code. It opens a new session after another face check when the session
// has ended, and applies for another passenger when the credential has. notice describes such a
// change; otherwise it is empty.
func (s *display) next() (code passenger.Shown, notice string, err error) {
	if s.session != nil {
		if code, err = s.hostedCode(); err == nil && time.Now().Unix() < code.EndsAt-1 {
			return code, "", nil
		}
		if code, err = s.openCode(); err == nil {
			return code, "The session had ended: a new one was opened after another face check.", nil
		}
		notice = fmt.Sprintf("Credential %s can open no more sessions (%s): another passenger has applied.", s.serial(), reason(err))
		s.passenger++ // the number of applications of one person is limited
	}
	if err = s.apply(s.passenger); err == nil {
		code, err = s.openCode()
	}
	return code, notice, err
}

// openCode passes a face check, opens a session and fetches its first code.
func (s *display) openCode() (code passenger.Shown, err error) {
	if err := s.openHosted(); err != nil {
		return code, err
	}
	return s.hostedCode()
}

// reason returns the problem's code if there is one, otherwise the error's text.
func reason(err error) string {
	var r *passenger.StatusError
	if errors.As(err, &r) && r.Code != "" {
		return r.Code
	}
	return err.Error()
}
