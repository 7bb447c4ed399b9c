package account

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// lastCode is the last code sent to a mainland phone.
func (env *setup) lastCode(phone string) string {
	env.T.Helper()
	code, ok := env.phones.Code("+86" + phone)
	if !ok {
		env.T.Fatal("no code was sent")
	}
	return code
}

// differentCode returns a code other than code, a different one for each n below a million.
func differentCode(code string, n int) string {
	number, err := strconv.Atoi(code)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return fmt.Sprintf("%06d", (number+1+n)%1_000_000)
}

func (env *setup) sendCode(h Holder, phone string) {
	env.T.Helper()
	env.Done(env.SendPhoneCode(env.T.Context(), h, phone, "", issuerdb.Home))
}

// registerVerified registers, logs in and verifies the phone.
func (env *setup) registerVerified() Holder {
	env.T.Helper()
	h := env.registerAndLogIn()
	env.sendCode(h, phone)
	env.Done(env.VerifyPhone(env.T.Context(), h, phone, env.lastCode(phone), password, issuerdb.Home))
	return h
}

// The mark is removed when the phone changes.
func TestG40_CodeVerifiesThePhone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		expires, err := env.SendPhoneCode(t.Context(), h, "+86"+phone, "en", issuerdb.Home)
		if err != nil || expires != env.now().Add(5*time.Minute) {
			t.Fatalf("valid until %v: %v", expires, err)
		}
		code := env.lastCode(phone)
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("the code is not six digits")
		}
		env.Refuses(PasswordWrong, "the code without the password")(env.VerifyPhone(t.Context(), h, phone, code, "wrong horse 7", issuerdb.Home))
		env.Refuses(CodeWrong, "the code of another phone")(env.VerifyPhone(t.Context(), h, "13800000002", code, password, issuerdb.Home))
		p, err := env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home)
		if err != nil || !p.PhoneVerified() || p.PhoneVerifiedAt != env.now() || p.Version != 2 {
			t.Fatalf("%v, version %d: %v", p.PhoneVerifiedAt, p.Version, err)
		}
		env.Refuses(CodeWrong, "the code once more")(env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))

		// Another phone removes the mark; its own code verifies it again.
		e := edit(2)
		e.Contact.Phone = "13800000002"
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.PhoneVerified() {
			t.Fatalf("verified %v after a change: %v", p.PhoneVerified(), err)
		}
		env.Pass(time.Minute)
		env.sendCode(h, "13800000003")
		p, err = env.VerifyPhone(t.Context(), h, "13800000003", env.lastCode("13800000003"), password, issuerdb.Home)
		if err != nil || p.Contact.Phone != "13800000003" || !p.PhoneVerified() {
			t.Fatalf("%v: %v", p.PhoneVerified(), err)
		}
		// An edit of something else keeps it.
		e = edit(p.Version)
		e.Contact = Contact{Phone: "13800000003", Email: "other@example.org"}
		if p, err = env.Edit(t.Context(), h, e); err != nil || !p.PhoneVerified() {
			t.Fatalf("verified %v after another edit: %v", p.PhoneVerified(), err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM phone_codes`); n != 0 {
			t.Errorf("%d codes remain", n)
		}
	})
}

func TestCodesExpire(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		env.sendCode(h, phone)
		first := env.lastCode(phone)
		env.Pass(5*time.Minute - time.Millisecond)
		env.sendCode(h, phone)
		second := env.lastCode(phone)
		if first != second {
			env.Refuses(CodeWrong, "the code before the last one")(env.VerifyPhone(t.Context(), h, phone, first, password, issuerdb.Home))
		}
		env.Pass(5 * time.Minute)
		env.Refuses(CodeWrong, "a code after five minutes")(env.VerifyPhone(t.Context(), h, phone, second, password, issuerdb.Home))
		if swept, err := env.Sweep(t.Context(), env.Now()); err != nil || swept.Codes != 1 {
			t.Errorf("%d codes swept: %v", swept.Codes, err)
		}

		// Five wrong entries invalidate a code.
		env.sendCode(h, phone)
		code := env.lastCode(phone)
		for i := range CodeTries {
			env.Refuses(CodeWrong, "a wrong code")(env.VerifyPhone(t.Context(), h, phone, differentCode(code, i), password, issuerdb.Home))
		}
		env.Refuses(CodeWrong, "the right code after five wrong ones")(env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))
		for _, form := range []string{"", "12345", "1234567", "12345a", "１２３４５６", " 12345"} {
			env.Refuses(CodeWrong, form)(env.VerifyPhone(t.Context(), h, phone, form, password, issuerdb.Home))
		}
	})
}

func TestCodeVerifiesOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		env.sendCode(h, phone)
		code := env.lastCode(phone)
		got := env.AtOnce(20, func(int) error {
			_, err := env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[CodeWrong] != 19 {
			t.Fatalf("%v", got)
		}
	})
}

// Of a hundred concurrent guesses five are compared. A right guess after them is refused.
func TestConcurrentGuessesOfACodeAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		env.sendCode(h, phone)
		code := env.lastCode(phone)
		got := env.AtOnce(100, func(i int) error {
			_, err := env.VerifyPhone(t.Context(), h, phone, differentCode(code, i), password, issuerdb.Home)
			return err
		})
		if got[CodeWrong]+got[throttle.TooManyRequests] != 100 {
			t.Fatalf("%v", got)
		}
		if tries := env.Count(`SELECT tries FROM phone_codes`); tries != CodeTries {
			t.Errorf("%d entries were compared", tries)
		}
		env.Refuses(CodeWrong, "the right code after them")(env.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.From("198.51.100.7")))
	})
}

// Every limit is enforced, and a refused code is not sent.
func TestCodesPerAccountPhoneAndNetworkAreBounded(t *testing.T) {
	rules := throttle.NewCodeRules(5, 8, 20, time.Minute)
	strict := func(env *setup) func(*Config) {
		return func(c *Config) {
			var err error
			c.Lockout, err = throttle.NewLockout(throttle.Config{Database: c.Database, Index: c.Vault.Index, Codes: rules, Now: env.Now})
			env.Must(err)
		}
	}
	eachDatabase(t, func(t *testing.T, env *setup) {
		service := env.newService(strict(env))
		h := env.registerAndLogIn()
		send := func(phone string, caller throttle.Caller) error {
			_, err := service.SendPhoneCode(t.Context(), h, phone, "", caller)
			return err
		}
		env.Must(send(phone, issuerdb.Home))
		err := send(phone, issuerdb.Home)
		env.Refused(err, throttle.TooManyCodes, "a second code within a minute")
		for range 4 {
			env.Pass(time.Minute)
			env.Must(send(phone, issuerdb.Home))
		}
		env.Pass(time.Minute)
		env.Refused(send("13800000002", issuerdb.Home), throttle.TooManyCodes, "the sixth code of the account")
		if _, ok := env.phones.Code("+8613800000002"); ok {
			t.Error("a refused code was sent")
		}
		env.Pass(24 * time.Hour)
		if err := send(phone, issuerdb.Home); err != nil {
			t.Fatalf("a day later: %v", err)
		}
		env.Refuses(PhoneNotServed, "a country that is not served")(service.SendPhoneCode(t.Context(), h, "+33600000000", "", issuerdb.Home))
		_, err = service.SendPhoneCode(t.Context(), h, "+85260000000", "", issuerdb.Home)
		if err != nil {
			t.Errorf("Hong Kong: %v", err)
		}
		for _, number := range []string{"", "12345", "+0612345678", "13800000001x"} {
			env.Refuses(PhoneInvalid, number)(service.SendPhoneCode(t.Context(), h, number, "", issuerdb.Home))
		}
		env.Refuses(LanguageInvalid, "another language")(service.SendPhoneCode(t.Context(), h, phone, "fr", issuerdb.Home))

		// A network gets eight codes a day for all accounts and numbers, here for recoveries.
		network := issuerdb.From("198.51.100.9")
		for i := range 8 {
			if _, err := service.StartRecovery(t.Context(), fmt.Sprintf("stranger_%d", i), fmt.Sprintf("1390000%04d", i), "", network); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		env.Refuses(throttle.TooManyCodes, "the ninth code of a network")(service.StartRecovery(t.Context(), "stranger_9", "13900000009", "", network))
		// All callers together get twenty codes an hour.
		sent := 0
		for i := range 20 {
			_, err = service.StartRecovery(t.Context(), fmt.Sprintf("nobody_%d", i), fmt.Sprintf("1370000%04d", i), "", issuerdb.From(fmt.Sprintf("192.0.2.%d", i)))
			if err != nil {
				break
			}
			sent++
		}
		env.Refused(err, throttle.TooManyCodes, "codes in all")
		if sent > 12 {
			t.Errorf("%d more codes were sent", sent)
		}
	})
}

func TestConcurrentCodeRequestsAreBoundedExactly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		got := env.AtOnce(20, func(int) error {
			_, err := env.SendPhoneCode(t.Context(), h, phone, "", issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[throttle.TooManyCodes]+got[CodeUnavailable] != 19 {
			t.Fatalf("%v", got)
		}
	})
}

// failingSender is a code provider that fails.
type failingSender func(ctx context.Context) error

func (failingSender) Label() string                                        { return "broken" }
func (b failingSender) Send(ctx context.Context, _ provider.Message) error { return b(ctx) }

func TestFailingCodeProviderIsReported(t *testing.T) {
	for name, sender := range map[string]provider.CodeSender{
		"none": nil, "out of order": failingSender(func(context.Context) error { return provider.ErrSandbox }),
		"panics": failingSender(func(context.Context) error { panic(phone) }),
	} {
		eachDatabase(t, func(t *testing.T, env *setup) {
			h := env.registerAndLogIn()
			env.Refuses(CodeUnavailable, name)(env.SendPhoneCode(t.Context(), h, phone, "", issuerdb.Home))
			if _, err := env.StartRecovery(t.Context(), login, phone, "", issuerdb.Home); sender != nil && err != nil && !problem.Is(err, throttle.TooManyCodes) {
				t.Errorf("%s: a recovery reveals it: %v", name, err)
			}
		}, func(c *Config) { c.Codes = sender })
	}
}
