package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// SendPhoneCode sends a code to a phone that the holder says is theirs (手机核验, rule G40),
// and returns until when the code is good. Entering it is VerifyPhone.
func (s *Service) SendPhoneCode(ctx context.Context, h Holder, phone, language string, from throttle.Caller) (expires time.Time, err error) {
	to, err := s.receiver(phone, language)
	if err != nil {
		return time.Time{}, err
	}
	p, err := s.Profile(ctx, h)
	if err != nil {
		return time.Time{}, err
	}
	leave, err := s.place()
	if err != nil {
		return time.Time{}, err
	}
	defer leave()
	c, err := s.makeCode(ctx, h.account, p.Login, to, provider.VerifyPhone, from)
	if err != nil {
		return time.Time{}, err
	}
	return c.expires, s.send(ctx, c.message)
}

// VerifyPhone makes a phone the account's, and verified, by the code that was sent to it.
// Our choice: it takes the password as well. The phone is a way back to the account, and
// a person who picks up a logged-in phone must not get that far. One code verifies once.
func (s *Service) VerifyPhone(ctx context.Context, h Holder, phone, code, password string, from throttle.Caller) (p Profile, err error) {
	to, err := s.receiver(phone, "")
	if err != nil {
		return Profile{}, err
	}
	if !codeForm(code) {
		return Profile{}, errCodeWrong
	}
	if err := s.Lockout.Allow(throttle.PhoneCodes, from); err != nil {
		return Profile{}, err
	}
	proven, err := s.prove(ctx, h, password, from)
	if err != nil {
		return Profile{}, err
	}
	var wrong error
	err = s.Database.Change(ctx, "verify phone", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.stands(ctx, tx, h, proven); err != nil {
			return err
		}
		if _, wrong, err = s.tryCode(ctx, tx, provider.VerifyPhone, to.phone, code,
			`account = $1 AND purpose = $2`, h.account, purposes[provider.VerifyPhone]); err != nil || wrong != nil {
			return err
		}
		if p, err = s.profile(ctx, tx, h.account); err != nil {
			return err
		}
		p.Contact.Phone, p.PhoneVerifiedMs = to.phone, s.Now().UnixMilli()
		p.Version++
		if err := s.update(ctx, tx, p); err != nil {
			return err
		}
		return dropCodes(ctx, tx, h.account) // one to the phone before it, too
	})
	if err != nil {
		return Profile{}, err
	}
	s.entered(provider.VerifyPhone, wrong, from, proven.name)
	return p, wrong
}

// PhoneVerified reports whether a code has shown that the phone is the holder's.
func (p Profile) PhoneVerified() bool { return p.PhoneVerifiedMs != 0 }
