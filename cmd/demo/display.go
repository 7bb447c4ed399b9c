package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

// show is the phone whose code is on show.
type show struct {
	phone
	passenger int
}

// next returns the code of this minute. It replaces what has ended, whatever
// ended it: a session after another face check, a credential after another
// application. news says what it replaced and why, and is empty if nothing was.
func (s *show) next() (code passenger.Shown, news string, err error) {
	if s.session != nil {
		if code, err = s.hostedCode(); err == nil && time.Now().Unix() < code.EndsAt-1 {
			return code, "", nil
		}
		if code, err = s.open(); err == nil {
			return code, "The session was over: the face was checked again and a new session opened.", nil
		}
		news = fmt.Sprintf("Credential %s opens no session any more (%s): another passenger has applied.", s.serial(), reason(err))
		s.passenger++ // one person may not apply without end
	}
	if err = s.apply(s.passenger); err == nil {
		code, err = s.open()
	}
	return code, news, err
}

// open passes a face check, opens a session and fetches its first code.
func (s *show) open() (code passenger.Shown, err error) {
	if err := s.openHosted(); err != nil {
		return code, err
	}
	return s.hostedCode()
}

// reason is what a user reads of an error: the problem's code where there is one.
func reason(err error) string {
	var r *passenger.StatusError
	if errors.As(err, &r) && r.Code != "" {
		return r.Code
	}
	return err.Error()
}
