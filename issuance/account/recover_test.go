package account

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
)

const newPass = "battery staple 红色"

// startRecovery starts a recovery for the verified phone and waits for its code.
func (s *setup) startRecovery() (r Recovery, code string) {
	s.T.Helper()
	before, _ := s.phones.Code("+86" + phone)
	r, err := s.StartRecovery(s.T.Context(), login, phone, "", issuerdb.Home)
	s.Must(err)
	runtest.Eventually(s.T, 20*time.Second, "the code to be sent", func() bool {
		now, ok := s.phones.Code("+86" + phone)
		code = now
		return ok && now != before
	})
	return r, code
}

func TestForgottenPasswordIsReset(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerVerified()
		s.logIn()
		s.drainEndedLogins()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		if r.Expires != s.now().Add(CodeLife) || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) {
			t.Fatalf("%+v", r)
		}
		ended, err := s.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
		if err != nil || ended != 2 {
			t.Fatalf("%d logins ended: %v", ended, err)
		}
		if ids := s.drainEndedLogins(); len(ids) != 2 || len(s.recovered) != 1 || s.recovered[0] != h.Account() {
			t.Errorf("the hooks received %v and %v", ids, s.recovered)
		}
		if _, err := s.LogIn(t.Context(), login, password, issuerdb.Home); !problem.Is(err, LoginFailed) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := s.LogIn(t.Context(), login, newPass, issuerdb.Home); err != nil {
			t.Errorf("the new password: %v", err)
		}
		s.Refuses(RecoveryFailed, "the code once more")(s.FinishRecovery(t.Context(), r.ID, code, "another horse 绿色", "", issuerdb.Home))
	})
}

// No answer reveals whether an account or a phone exists.
func TestRecoveryDoesNotRevealAccounts(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.registerVerified()
		s.Pass(time.Minute)
		for name, c := range map[string]struct{ login, phone string }{
			"an unknown name": {"somebody_else", "13900000001"}, "another phone": {login, "13900000002"},
		} {
			r, err := s.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home)
			if err != nil || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) || r.Expires != s.now().Add(CodeLife) {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
			for i := range CodeTries + 1 {
				s.Refuses(RecoveryFailed, name)(s.FinishRecovery(t.Context(), r.ID, differentCode("000000", i), newPass, "", issuerdb.Home))
			}
			if _, ok := s.phones.Code("+86" + c.phone); ok {
				t.Errorf("%s: a code was sent", name)
			}
			// It counts against the limits like a code that was sent.
			s.Refuses(throttle.TooManyCodes, name)(s.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home))
		}
		// The same holds for the account's own phone once it is no longer verified.
		_, h := s.logIn()
		e := edit(2)
		e.Contact.Phone = ""
		s.Done(s.Edit(t.Context(), h, e))
		e = edit(3)
		s.Done(s.Edit(t.Context(), h, e))
		last := s.lastCode(phone)
		s.Pass(time.Minute)
		r, err := s.StartRecovery(t.Context(), login, phone, "", issuerdb.Home)
		s.Must(err)
		s.Refuses(RecoveryFailed, "a phone that was entered again")(s.FinishRecovery(t.Context(), r.ID, last, newPass, "", issuerdb.Home))
		if n := s.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL`); n != 0 {
			t.Errorf("%d codes could open the account", n)
		}
		for _, id := range []string{"", "pcd_", "pcd_" + "0123456789abcdef0123456789abcdef", r.ID + "0"} {
			s.Refuses(RecoveryFailed, id)(s.FinishRecovery(t.Context(), id, "123456", newPass, "", issuerdb.Home))
		}
	})
}

// A code that verifies a phone does not reset a password, and the reverse.
func TestCodeServesOnePurpose(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerVerified()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		s.Refuses(CodeWrong, "a code of a recovery")(s.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))
		s.Pass(time.Minute)
		s.sendCode(h, phone)
		if other := s.lastCode(phone); other != code {
			s.Refuses(RecoveryFailed, "a code of a verification")(s.FinishRecovery(t.Context(), r.ID, other, newPass, "", issuerdb.Home))
		}
	})
}

// A refused new password consumes neither the code nor an entry.
func TestRefusedPasswordKeepsTheRecovery(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.registerVerified()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		for range CodeTries + 1 {
			s.Refuses(PasswordInvalid, "a short password")(s.FinishRecovery(t.Context(), r.ID, code, "short", "", issuerdb.Home))
			s.Refuses(PasswordCommon, "the login name as password")(s.FinishRecovery(t.Context(), r.ID, code, "passenger_1", "", issuerdb.Home))
		}
		s.Done(s.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
	})
}

func TestCodeResetsOnePassword(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.registerVerified()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		got := s.AtOnce(20, func(i int) error {
			_, err := s.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[RecoveryFailed] != 19 || len(s.recovered) != 1 {
			t.Fatalf("%v, %d resets", got, len(s.recovered))
		}
		s.Pass(time.Minute)
		r, code = s.startRecovery()
		got = s.AtOnce(60, func(i int) error {
			_, err := s.FinishRecovery(t.Context(), r.ID, differentCode(code, i), newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 0 {
			t.Fatalf("a guess was right: %v", got)
		}
		s.Refuses(RecoveryFailed, "the right code after the guesses")(s.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.From("198.51.100.7")))
	})
}

// Exactly one of the two succeeds.
func TestRecoveryConcurrentWithClosing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerVerified()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		var wg sync.WaitGroup
		var closed, reset error
		wg.Go(func() { closed = s.Close(context.WithoutCancel(t.Context()), h, password, issuerdb.Home) })
		wg.Go(func() {
			_, reset = s.FinishRecovery(context.WithoutCancel(t.Context()), r.ID, code, newPass, "", issuerdb.Home)
		})
		wg.Wait()
		switch {
		case closed == nil && reset == nil:
			t.Error("both happened")
		case closed != nil && reset != nil:
			t.Errorf("neither happened: %v, %v", closed, reset)
		}
		if closed == nil {
			for _, table := range []string{"accounts", "phone_codes", "logins"} {
				if n := s.Count(`SELECT COUNT(*) FROM ` + table); n != 0 {
					t.Errorf("%d rows in %s", n, table)
				}
			}
		}
	})
}

func TestRecoveryDoesNotWaitForTheProvider(t *testing.T) {
	release := make(chan struct{})
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		s.Exec(`UPDATE accounts SET phone_verified_ms = 1`)
		began := time.Now()
		s.Done(s.StartRecovery(t.Context(), login, phone, "", issuerdb.Home))
		if took := time.Since(began); took > provider.DefaultTimeout {
			t.Errorf("the answer waited %v", took)
		}
	}, func(c *Config) {
		c.Codes = failingSender(func(ctx context.Context) error {
			select {
			case <-ctx.Done():
			case <-release:
			}
			return ctx.Err()
		})
	})
	close(release)
}

// A stranger who knows the login name or the number, but not both, exhausts neither limit.
func TestStrangerDoesNotExhaustAnAccountsCodes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerVerified()
		s.Pass(time.Minute)
		for i := range 8 {
			for name, c := range map[string]struct{ login, phone string }{
				"the login name": {login, fmt.Sprintf("1390000%04d", i)}, "the number": {fmt.Sprintf("stranger_%d", i), phone},
			} {
				if _, err := s.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.From(fmt.Sprintf("192.0.2.%d", i))); err != nil {
					t.Fatalf("%s, %d: %v", name, i, err)
				}
			}
		}
		s.sendCode(h, phone)
		s.startRecovery()
		// The pair has its own limit: five codes a day, from all networks together.
		var err error
		sent := 1
		for ; sent < 10; sent++ {
			s.Pass(time.Minute)
			if _, err = s.StartRecovery(t.Context(), login, phone, "", issuerdb.From("198.51.100.7")); err != nil {
				break
			}
		}
		s.Refused(err, throttle.TooManyCodes, "codes for one pair")
		if sent != 5 {
			t.Errorf("%d codes for one pair", sent)
		}
	})
}

// Recoveries of all accounts with one number send it five messages a day. The sixth gets the same
// answer and is not sent.
func TestRecoveryMessagesToANumberAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		sent := 0
		for i := range 6 {
			r := registration()
			r.Login = fmt.Sprintf("family_%d", i)
			s.Done(s.Register(t.Context(), r, issuerdb.Home))
			in, err := s.LogIn(t.Context(), r.Login, password, issuerdb.Home)
			s.Must(err)
			s.Pass(25 * time.Hour) // the limits on verification codes are daily
			h := s.authorize(in.Token)
			s.sendCode(h, phone)
			s.Done(s.VerifyPhone(t.Context(), h, phone, s.lastCode(phone), password, issuerdb.Home))
		}
		s.Pass(25 * time.Hour)
		for i := range 6 {
			if _, err := s.StartRecovery(t.Context(), fmt.Sprintf("family_%d", i), phone, "", issuerdb.Home); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			sent = s.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL AND purpose = 2`)
		}
		if n := s.Count(`SELECT COUNT(*) FROM phone_codes WHERE purpose = 2`); n != 6 || sent != 5 {
			t.Errorf("%d answers, %d messages; want 6 and 5", n, sent)
		}
	})
}

// bindCode binds a recovery's code to an account, or to none.
func (s *setup) bindCode(r Recovery, account any) {
	s.T.Helper()
	s.Exec(`UPDATE phone_codes SET account = $2 WHERE id = $1`, r.ID, account)
}

// A code that was made while the phone changed went to the old phone.
func TestRecoveryCodeToTheOldPhoneIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerVerified()
		s.Pass(time.Minute)
		r, code := s.startRecovery()
		// An account's codes are deleted when its phone changes; this one is inserted just after.
		s.bindCode(r, nil)
		const other = "13800000009"
		s.sendCode(h, other)
		s.Done(s.VerifyPhone(t.Context(), h, other, s.lastCode(other), password, issuerdb.Home))
		s.bindCode(r, h.Account())
		s.Refuses(RecoveryFailed, "a code to the old phone")(s.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
		if _, err := s.LogIn(t.Context(), login, password, issuerdb.Home); err != nil {
			t.Errorf("the password: %v", err)
		}
	})
}
