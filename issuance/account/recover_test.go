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

// recovery starts one for the verified phone and waits for its code.
func (w *system) recovery() (r Recovery, code string) {
	w.T.Helper()
	before, _ := w.phones.Code("+86" + phone)
	r, err := w.StartRecovery(w.T.Context(), login, phone, "", issuerdb.Home)
	w.Must(err)
	runtest.Eventually(w.T, 20*time.Second, "the code to be sent", func() bool {
		now, ok := w.phones.Code("+86" + phone)
		code = now
		return ok && now != before
	})
	return r, code
}

func TestAForgottenPasswordHasAWayBack(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified()
		w.logIn()
		w.heardEnd()
		w.Pass(time.Minute)
		r, code := w.recovery()
		if r.Expires != w.now().Add(CodeLife) || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) {
			t.Fatalf("%+v", r)
		}
		ended, err := w.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
		if err != nil || ended != 2 {
			t.Fatalf("%d logins ended: %v", ended, err)
		}
		if ids := w.heardEnd(); len(ids) != 2 || len(w.back) != 1 || w.back[0] != h.Account() {
			t.Errorf("the hooks heard of %v and %v", ids, w.back)
		}
		if _, err := w.LogIn(t.Context(), login, password, issuerdb.Home); !problem.Is(err, LoginFailed) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := w.LogIn(t.Context(), login, newPass, issuerdb.Home); err != nil {
			t.Errorf("the new password: %v", err)
		}
		w.Refuses(RecoveryFailed, "the code once more")(w.FinishRecovery(t.Context(), r.ID, code, "another horse 绿色", "", issuerdb.Home))
	})
}

// Whether there is such an account, and such a phone, shows nowhere.
func TestARecoveryDoesNotTellWhatItFound(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.verified()
		w.Pass(time.Minute)
		for name, c := range map[string]struct{ login, phone string }{
			"an unknown name": {"somebody_else", "13900000001"}, "another phone": {login, "13900000002"},
		} {
			r, err := w.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home)
			if err != nil || !ids.WellFormed(r.ID, codePrefix, ids.IDSize) || r.Expires != w.now().Add(CodeLife) {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
			for i := range CodeTries + 1 {
				w.Refuses(RecoveryFailed, name)(w.FinishRecovery(t.Context(), r.ID, otherCode("000000", i), newPass, "", issuerdb.Home))
			}
			if _, ok := w.phones.Code("+86" + c.phone); ok {
				t.Errorf("%s: a code was sent", name)
			}
			// It counts as one that was sent.
			w.Refuses(throttle.TooManyCodes, name)(w.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.Home))
		}
		// The same for the account's own phone once it is no longer verified.
		_, h := w.logIn()
		e := edit(2)
		e.Contact.Phone = ""
		w.Done(w.Edit(t.Context(), h, e))
		e = edit(3)
		w.Done(w.Edit(t.Context(), h, e))
		last := w.codeTo(phone)
		w.Pass(time.Minute)
		r, err := w.StartRecovery(t.Context(), login, phone, "", issuerdb.Home)
		w.Must(err)
		w.Refuses(RecoveryFailed, "a phone that was entered again")(w.FinishRecovery(t.Context(), r.ID, last, newPass, "", issuerdb.Home))
		if n := w.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL`); n != 0 {
			t.Errorf("%d codes could open the account", n)
		}
		for _, id := range []string{"", "pcd_", "pcd_" + "0123456789abcdef0123456789abcdef", r.ID + "0"} {
			w.Refuses(RecoveryFailed, id)(w.FinishRecovery(t.Context(), id, "123456", newPass, "", issuerdb.Home))
		}
	})
}

// A code that verifies a phone resets no password, and the other way round.
func TestCodesAreForOnePurpose(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified()
		w.Pass(time.Minute)
		r, code := w.recovery()
		w.Refuses(CodeWrong, "a code of a recovery")(w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))
		w.Pass(time.Minute)
		w.sendCode(h, phone)
		if other := w.codeTo(phone); other != code {
			w.Refuses(RecoveryFailed, "a code of a verification")(w.FinishRecovery(t.Context(), r.ID, other, newPass, "", issuerdb.Home))
		}
	})
}

// A caller with the code must still choose a good password: a refused password uses up
// neither the code nor an entry.
func TestARefusedPasswordKeepsTheRecovery(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.verified()
		w.Pass(time.Minute)
		r, code := w.recovery()
		for range CodeTries + 1 {
			w.Refuses(PasswordInvalid, "a short password")(w.FinishRecovery(t.Context(), r.ID, code, "short", "", issuerdb.Home))
			w.Refuses(PasswordCommon, "the login name as password")(w.FinishRecovery(t.Context(), r.ID, code, "passenger_1", "", issuerdb.Home))
		}
		w.Done(w.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
	})
}

// Twenty people redeem one code at once, and others guess: one password is set.
func TestOneCodeResetsOnePassword(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.verified()
		w.Pass(time.Minute)
		r, code := w.recovery()
		got := w.AtOnce(20, func(i int) error {
			_, err := w.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[RecoveryFailed] != 19 || len(w.back) != 1 {
			t.Fatalf("%v, %d resets", got, len(w.back))
		}
		w.Pass(time.Minute)
		r, code = w.recovery()
		got = w.AtOnce(60, func(i int) error {
			_, err := w.FinishRecovery(t.Context(), r.ID, otherCode(code, i), newPass, "", issuerdb.Home)
			return err
		})
		if got[""] != 0 {
			t.Fatalf("a guess was right: %v", got)
		}
		w.Refuses(RecoveryFailed, "the right code after the guesses")(w.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.From("198.51.100.7")))
	})
}

// A recovery against an edit of the phone and against closing: either order is whole.
func TestARecoveryAgainstClosing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified()
		w.Pass(time.Minute)
		r, code := w.recovery()
		var wg sync.WaitGroup
		var closed, reset error
		wg.Go(func() { closed = w.Close(context.WithoutCancel(t.Context()), h, password, issuerdb.Home) })
		wg.Go(func() {
			_, reset = w.FinishRecovery(context.WithoutCancel(t.Context()), r.ID, code, newPass, "", issuerdb.Home)
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
				if n := w.Count(`SELECT COUNT(*) FROM ` + table); n != 0 {
					t.Errorf("%d rows in %s", n, table)
				}
			}
		}
	})
}

// A provider that hangs holds a bounded number of requests, and no answer waits for it.
func TestRecoveriesDoNotWaitForTheProvider(t *testing.T) {
	release := make(chan struct{})
	each(t, func(t *testing.T, w *system) {
		w.register()
		w.Exec(`UPDATE accounts SET phone_verified_ms = 1`)
		began := time.Now()
		w.Done(w.StartRecovery(t.Context(), login, phone, "", issuerdb.Home))
		if took := time.Since(began); took > provider.DefaultTimeout {
			t.Errorf("the answer waited %v", took)
		}
	}, func(c *Config) {
		c.Codes = broken(func(ctx context.Context) error {
			select {
			case <-ctx.Done():
			case <-release:
			}
			return ctx.Err()
		})
	})
	close(release)
}

// A stranger who knows the login name or the number, and not both, uses up neither the
// account's codes nor the number's.
func TestAStrangerUsesUpNoCodesOfAnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified()
		w.Pass(time.Minute)
		for i := range 8 {
			for name, c := range map[string]struct{ login, phone string }{
				"the login name": {login, fmt.Sprintf("1390000%04d", i)}, "the number": {fmt.Sprintf("stranger_%d", i), phone},
			} {
				if _, err := w.StartRecovery(t.Context(), c.login, c.phone, "", issuerdb.From(fmt.Sprintf("192.0.2.%d", i))); err != nil {
					t.Fatalf("%s, %d: %v", name, i, err)
				}
			}
		}
		w.sendCode(h, phone)
		w.recovery()
		// The pair has its own bound: five codes a day, from all networks together.
		var err error
		sent := 1
		for ; sent < 10; sent++ {
			w.Pass(time.Minute)
			if _, err = w.StartRecovery(t.Context(), login, phone, "", issuerdb.From("198.51.100.7")); err != nil {
				break
			}
		}
		w.Refused(err, throttle.TooManyCodes, "codes for one pair")
		if sent != 5 {
			t.Errorf("%d codes for one pair", sent)
		}
	})
}

// Recoveries of all accounts with one number send it five messages a day; the sixth
// answers alike and is not sent.
func TestRecoveriesSendANumberFewMessages(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		sent := 0
		for i := range 6 {
			r := registration()
			r.Login = fmt.Sprintf("family_%d", i)
			w.Done(w.Register(t.Context(), r, issuerdb.Home))
			in, err := w.LogIn(t.Context(), r.Login, password, issuerdb.Home)
			w.Must(err)
			w.Pass(25 * time.Hour) // the bounds on verifying are of a day
			h := w.holder(in.Token)
			w.sendCode(h, phone)
			w.Done(w.VerifyPhone(t.Context(), h, phone, w.codeTo(phone), password, issuerdb.Home))
		}
		w.Pass(25 * time.Hour)
		for i := range 6 {
			if _, err := w.StartRecovery(t.Context(), fmt.Sprintf("family_%d", i), phone, "", issuerdb.Home); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			sent = w.Count(`SELECT COUNT(*) FROM phone_codes WHERE account IS NOT NULL AND purpose = 2`)
		}
		if n := w.Count(`SELECT COUNT(*) FROM phone_codes WHERE purpose = 2`); n != 6 || sent != 5 {
			t.Errorf("%d answers, %d messages; want 6 and 5", n, sent)
		}
	})
}

// move binds a recovery's code to an account, or to none.
func (w *system) move(r Recovery, account any) {
	w.T.Helper()
	w.Exec(`UPDATE phone_codes SET account = $2 WHERE id = $1`, r.ID, account)
}

// A code that was made while the phone changed is of no use: it went to the old phone.
func TestARecoveryToTheOldPhoneResetsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified()
		w.Pass(time.Minute)
		r, code := w.recovery()
		// The account's other codes go with its phone; this one comes a moment later.
		w.move(r, nil)
		const other = "13800000009"
		w.sendCode(h, other)
		w.Done(w.VerifyPhone(t.Context(), h, other, w.codeTo(other), password, issuerdb.Home))
		w.move(r, h.Account())
		w.Refuses(RecoveryFailed, "a code to the old phone")(w.FinishRecovery(t.Context(), r.ID, code, newPass, "", issuerdb.Home))
		if _, err := w.LogIn(t.Context(), login, password, issuerdb.Home); err != nil {
			t.Errorf("the password: %v", err)
		}
	})
}
