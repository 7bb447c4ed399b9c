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
func (env *setup) startRecovery() (r Recovery, code string) {
	env.T.Helper()
	before, _ := env.phones.Code("+86" + phone)
	r, err := env.StartRecovery(env.T.Context(), login, phone, "", issuerdb.Home)
	env.Must(err)
	runtest.Eventually(env.T, 20*time.Second, "the code to be sent", func() bool {
		now, ok := env.phones.Code("+86" + phone)
		code = now
		return ok && now != before
	})
	return r, code
}

func TestForgottenPasswordIsReset(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified()
		env.logIn()
		env.drainEndedLogins()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		if r.Expires != env.now().Add(CodeLife) || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) {
			t.Fatalf("%+v", r)
		}
		ended, err := env.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
		if err != nil || ended != 2 {
			t.Fatalf("%d logins ended: %v", ended, err)
		}
		if ids := env.drainEndedLogins(); len(ids) != 2 || len(env.recovered) != 1 || env.recovered[0] != h.Account() {
			t.Errorf("the hooks received %v and %v", ids, env.recovered)
		}
		if _, err := env.LogIn(t.Context(), login, password, issuerdb.Home); !problem.Is(err, LoginFailed) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := env.LogIn(t.Context(), login, newPass, issuerdb.Home); err != nil {
			t.Errorf("the new password: %v", err)
		}
		env.Refuses(RecoveryFailed, "the code once more")(env.FinishRecovery(t.Context(), r.ID, code, "another horse 绿色", "", issuerdb.Home))
	})
}

// No answer reveals whether an account or a phone exists.
func TestRecoveryDoesNotRevealAccounts(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.registerVerified()
		env.Pass(time.Minute)
		for name, c := range map[string]struct{ login, phone string }{
			"an unknown name": {"somebody_else", "13900000001"}, "another phone": {login, "13900000002"},
		} {
			r, err := env.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home)
			if err != nil || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) || r.Expires != env.now().Add(CodeLife) {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
			for i := range CodeTries + 1 {
				env.Refuses(RecoveryFailed, name)(env.FinishRecovery(t.Context(), r.ID, differentCode("000000", i), newPass, "", issuerdb.Home))
			}
			if _, ok := env.phones.Code("+86" + c.phone); ok {
				t.Errorf("%s: a code was sent", name)
			}
			// It counts against the limits like a code that was sent.
			env.Refuses(throttle.TooManyCodes, name)(env.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home))
		}
		// The same holds for the account's own phone once it is no longer verified.
		_, h := env.logIn()
		e := edit(2)
		e.Contact.Phone = ""
		env.Done(env.Edit(t.Context(), h, e))
		e = edit(3)
		env.Done(env.Edit(t.Context(), h, e))
		last := env.lastCode(phone)
		env.Pass(time.Minute)
		r, err := env.StartRecovery(t.Context(), login, phone, "", issuerdb.Home)
		env.Must(err)
		env.Refuses(RecoveryFailed, "a phone that was entered again")(env.FinishRecovery(t.Context(), r.ID, last, newPass, "", issuerdb.Home))
		if n := env.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL`); n != 0 {
			t.Errorf("%d codes could open the account", n)
		}
		for _, id := range []string{"", "pcd_", "pcd_" + "0123456789abcdef0123456789abcdef", r.ID + "0"} {
			env.Refuses(RecoveryFailed, id)(env.FinishRecovery(t.Context(), id, "123456", newPass, "", issuerdb.Home))
		}
	})
}

// A code that verifies a phone does not reset a password, and the reverse.
func TestCodeServesOnePurpose(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		env.Refuses(CodeWrong, "a code of a recovery")(env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))
		env.Pass(time.Minute)
		env.sendCode(h, phone)
		if other := env.lastCode(phone); other != code {
			env.Refuses(RecoveryFailed, "a code of a verification")(env.FinishRecovery(t.Context(), r.ID, other, newPass, "", issuerdb.Home))
		}
	})
}

// A refused new password consumes neither the code nor an entry.
func TestRefusedPasswordKeepsTheRecovery(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.registerVerified()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		for range CodeTries + 1 {
			env.Refuses(PasswordInvalid, "a short password")(env.FinishRecovery(t.Context(), r.ID, code, "short", "", issuerdb.Home))
			env.Refuses(PasswordCommon, "the login name as password")(env.FinishRecovery(t.Context(), r.ID, code, "passenger_1", "", issuerdb.Home))
		}
		env.Done(env.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
	})
}

func TestCodeResetsOnePassword(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.registerVerified()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		got := env.AtOnce(20, func(i int) error {
			_, err := env.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[RecoveryFailed] != 19 || len(env.recovered) != 1 {
			t.Fatalf("%v, %d resets", got, len(env.recovered))
		}
		env.Pass(time.Minute)
		r, code = env.startRecovery()
		got = env.AtOnce(60, func(i int) error {
			_, err := env.FinishRecovery(t.Context(), r.ID, differentCode(code, i), newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 0 {
			t.Fatalf("a guess was right: %v", got)
		}
		env.Refuses(RecoveryFailed, "the right code after the guesses")(env.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.From("198.51.100.7")))
	})
}

// Exactly one of the two succeeds.
func TestRecoveryConcurrentWithClosing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		var wg sync.WaitGroup
		var closed, reset error
		wg.Go(func() { closed = env.Close(context.WithoutCancel(t.Context()), h, password, issuerdb.Home) })
		wg.Go(func() {
			_, reset = env.FinishRecovery(context.WithoutCancel(t.Context()), r.ID, code, newPass, "", issuerdb.Home)
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
				if n := env.Count(`SELECT COUNT(*) FROM ` + table); n != 0 {
					t.Errorf("%d rows in %s", n, table)
				}
			}
		}
	})
}

func TestRecoveryDoesNotWaitForTheProvider(t *testing.T) {
	release := make(chan struct{})
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		env.Exec(`UPDATE accounts SET phone_verified_ms = 1`)
		began := time.Now()
		env.Done(env.StartRecovery(t.Context(), login, phone, "", issuerdb.Home))
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
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified()
		env.Pass(time.Minute)
		for i := range 8 {
			for name, c := range map[string]struct{ login, phone string }{
				"the login name": {login, fmt.Sprintf("1390000%04d", i)}, "the number": {fmt.Sprintf("stranger_%d", i), phone},
			} {
				if _, err := env.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.From(fmt.Sprintf("192.0.2.%d", i))); err != nil {
					t.Fatalf("%s, %d: %v", name, i, err)
				}
			}
		}
		env.sendCode(h, phone)
		env.startRecovery()
		// The pair has its own limit: five codes a day, from all networks together.
		var err error
		sent := 1
		for ; sent < 10; sent++ {
			env.Pass(time.Minute)
			if _, err = env.StartRecovery(t.Context(), login, phone, "", issuerdb.From("198.51.100.7")); err != nil {
				break
			}
		}
		env.Refused(err, throttle.TooManyCodes, "codes for one pair")
		if sent != 5 {
			t.Errorf("%d codes for one pair", sent)
		}
	})
}

// Recoveries of all accounts with one number send it five messages a day. The sixth gets the same
// answer and is not sent.
func TestRecoveryMessagesToANumberAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		sent := 0
		for i := range 6 {
			r := registration()
			r.Login = fmt.Sprintf("family_%d", i)
			env.Done(env.Register(t.Context(), r, issuerdb.Home))
			in, err := env.LogIn(t.Context(), r.Login, password, issuerdb.Home)
			env.Must(err)
			env.Pass(25 * time.Hour) // the limits on verification codes are daily
			h := env.authorize(in.Token)
			env.sendCode(h, phone)
			env.Done(env.VerifyPhone(t.Context(), h, phone, env.lastCode(phone), password, issuerdb.Home))
		}
		env.Pass(25 * time.Hour)
		for i := range 6 {
			if _, err := env.StartRecovery(t.Context(), fmt.Sprintf("family_%d", i), phone, "", issuerdb.Home); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			sent = env.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL AND purpose = 2`)
		}
		if n := env.Count(`SELECT COUNT(*) FROM phone_codes WHERE purpose = 2`); n != 6 || sent != 5 {
			t.Errorf("%d answers, %d messages; want 6 and 5", n, sent)
		}
	})
}

// bindCode binds a recovery's code to an account, or to none.
func (env *setup) bindCode(r Recovery, account any) {
	env.T.Helper()
	env.Exec(`UPDATE phone_codes SET account = $2 WHERE id = $1`, r.ID, account)
}

// A code that was made while the phone changed went to the old phone.
func TestRecoveryCodeToTheOldPhoneIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified()
		env.Pass(time.Minute)
		r, code := env.startRecovery()
		// An account's codes are deleted when its phone changes; this one is inserted just after.
		env.bindCode(r, nil)
		const other = "13800000009"
		env.sendCode(h, other)
		env.Done(env.VerifyPhone(t.Context(), h, other, env.lastCode(other), password, issuerdb.Home))
		env.bindCode(r, h.Account())
		env.Refuses(RecoveryFailed, "a code to the old phone")(env.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
		if _, err := env.LogIn(t.Context(), login, password, issuerdb.Home); err != nil {
			t.Errorf("the password: %v", err)
		}
	})
}
