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

// codeTo is the last code that went to a mainland phone.
func (w *system) codeTo(phone string) string {
	w.T.Helper()
	code, ok := w.phones.Code("+86" + phone)
	if !ok {
		w.T.Fatal("no code was sent")
	}
	return code
}

// otherCode is a code that is not this one, another for each n below a million.
func otherCode(code string, n int) string {
	number, err := strconv.Atoi(code)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return fmt.Sprintf("%06d", (number+1+n)%1_000_000)
}

func (w *system) sendCode(h Holder, phone string) {
	w.T.Helper()
	w.Done(w.SendPhoneCode(w.T.Context(), h, phone, "", issuerdb.Home))
}

// verified registers, logs in and verifies the phone.
func (w *system) verified() Holder {
	w.T.Helper()
	h := w.registered()
	w.sendCode(h, phone)
	w.Done(w.VerifyPhone(w.T.Context(), h, phone, w.codeTo(phone), password, issuerdb.Home))
	return h
}

// Rule G40: phone number and code; the mark goes when the phone changes.
func TestG40_ACodeVerifiesThePhone(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		expires, err := w.SendPhoneCode(t.Context(), h, "+86"+phone, "en", issuerdb.Home)
		if err != nil || expires != w.now().Add(5*time.Minute) {
			t.Fatalf("good until %v: %v", expires, err)
		}
		code := w.codeTo(phone)
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("a code of another form")
		}
		w.Refuses(PasswordWrong, "the code without the password")(w.VerifyPhone(t.Context(), h, phone, code, "wrong horse 7", issuerdb.Home))
		w.Refuses(CodeWrong, "the code of another phone")(w.VerifyPhone(t.Context(), h, "13800000002", code, password, issuerdb.Home))
		p, err := w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home)
		if err != nil || !p.PhoneVerified() || p.PhoneVerifiedAt != w.now() || p.Version != 2 {
			t.Fatalf("%v, version %d: %v", p.PhoneVerifiedAt, p.Version, err)
		}
		w.Refuses(CodeWrong, "the code once more")(w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))

		// Another phone takes the mark away, and its own code gives it back.
		e := edit(2)
		e.Contact.Phone = "13800000002"
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.PhoneVerified() {
			t.Fatalf("verified %v after a change: %v", p.PhoneVerified(), err)
		}
		w.Pass(time.Minute)
		w.sendCode(h, "13800000003")
		p, err = w.VerifyPhone(t.Context(), h, "13800000003", w.codeTo("13800000003"), password, issuerdb.Home)
		if err != nil || p.Contact.Phone != "13800000003" || !p.PhoneVerified() {
			t.Fatalf("%v: %v", p.PhoneVerified(), err)
		}
		// An edit of something else keeps it.
		e = edit(p.Version)
		e.Contact = Contact{Phone: "13800000003", Email: "other@example.org"}
		if p, err = w.Edit(t.Context(), h, e); err != nil || !p.PhoneVerified() {
			t.Fatalf("verified %v after another edit: %v", p.PhoneVerified(), err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM phone_codes`); n != 0 {
			t.Errorf("%d codes are left", n)
		}
	})
}

func TestCodesEnd(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		w.sendCode(h, phone)
		first := w.codeTo(phone)
		w.Pass(5*time.Minute - time.Millisecond)
		w.sendCode(h, phone)
		second := w.codeTo(phone)
		if first != second {
			w.Refuses(CodeWrong, "the code before the last one")(w.VerifyPhone(t.Context(), h, phone, first, password, issuerdb.Home))
		}
		w.Pass(5 * time.Minute)
		w.Refuses(CodeWrong, "a code after five minutes")(w.VerifyPhone(t.Context(), h, phone, second, password, issuerdb.Home))
		if swept, err := w.Sweep(t.Context(), w.Now()); err != nil || swept.Codes != 1 {
			t.Errorf("%d codes swept: %v", swept.Codes, err)
		}

		// A code of before an edit of the phone is dead, and so is one after five wrong entries.
		w.sendCode(h, phone)
		code := w.codeTo(phone)
		for i := range CodeTries {
			w.Refuses(CodeWrong, "a wrong code")(w.VerifyPhone(t.Context(), h, phone, otherCode(code, i), password, issuerdb.Home))
		}
		w.Refuses(CodeWrong, "the right code after five wrong ones")(w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home))
		for _, form := range []string{"", "12345", "1234567", "12345a", "１２３４５６", " 12345"} {
			w.Refuses(CodeWrong, form)(w.VerifyPhone(t.Context(), h, phone, form, password, issuerdb.Home))
		}
	})
}

// Twenty people enter the right code at once: one verifies.
func TestOneCodeVerifiesOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		w.sendCode(h, phone)
		code := w.codeTo(phone)
		got := w.AtOnce(20, func(int) error {
			_, err := w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[CodeWrong] != 19 {
			t.Fatalf("%v", got)
		}
	})
}

// Of a hundred guesses at once five are compared. The right one among the others is
// refused like a wrong one.
func TestParallelGuessesAtACodeAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		w.sendCode(h, phone)
		code := w.codeTo(phone)
		got := w.AtOnce(100, func(i int) error {
			_, err := w.VerifyPhone(t.Context(), h, phone, otherCode(code, i), password, issuerdb.Home)
			return err
		})
		if got[CodeWrong]+got[throttle.TooManyRequests] != 100 {
			t.Fatalf("%v", got)
		}
		if tries := w.Count(`SELECT tries FROM phone_codes`); tries != CodeTries {
			t.Errorf("%d entries were compared", tries)
		}
		w.Refuses(CodeWrong, "the right code after them")(w.VerifyPhone(t.Context(), h, phone, code, password, issuerdb.From("198.51.100.7")))
	})
}

// Sending costs money: each bound holds, and a refused code was not sent.
func TestCodesAreBounded(t *testing.T) {
	rules := throttle.NewCodeRules(5, 8, 20, time.Minute)
	strict := func(w *system) func(*Config) {
		return func(c *Config) {
			var err error
			c.Lockout, err = throttle.NewLockout(throttle.Config{Database: c.Database, Index: c.Vault.Index, Codes: rules, Now: w.Now})
			w.Must(err)
		}
	}
	each(t, func(t *testing.T, w *system) {
		s := w.another(strict(w))
		h := w.registered()
		send := func(phone string, caller throttle.Caller) error {
			_, err := s.SendPhoneCode(t.Context(), h, phone, "", caller)
			return err
		}
		w.Must(send(phone, issuerdb.Home))
		err := send(phone, issuerdb.Home)
		w.Refused(err, throttle.TooManyCodes, "a second code at once")
		for range 4 {
			w.Pass(time.Minute)
			w.Must(send(phone, issuerdb.Home))
		}
		w.Pass(time.Minute)
		w.Refused(send("13800000002", issuerdb.Home), throttle.TooManyCodes, "the sixth code of the account")
		if _, ok := w.phones.Code("+8613800000002"); ok {
			t.Error("a refused code was sent")
		}
		w.Pass(24 * time.Hour)
		if err := send(phone, issuerdb.Home); err != nil {
			t.Fatalf("a day later: %v", err)
		}
		w.Refuses(PhoneNotServed, "a country that is not served")(s.SendPhoneCode(t.Context(), h, "+33600000000", "", issuerdb.Home))
		_, err = s.SendPhoneCode(t.Context(), h, "+85260000000", "", issuerdb.Home)
		if err != nil {
			t.Errorf("Hong Kong: %v", err)
		}
		for _, number := range []string{"", "12345", "+0612345678", "13800000001x"} {
			w.Refuses(PhoneInvalid, number)(s.SendPhoneCode(t.Context(), h, number, "", issuerdb.Home))
		}
		w.Refuses(LanguageInvalid, "another language")(s.SendPhoneCode(t.Context(), h, phone, "fr", issuerdb.Home))

		// Of many accounts' and numbers' codes a network gets eight a day; here for recoveries.
		network := issuerdb.From("198.51.100.9")
		for i := range 8 {
			if _, err := s.StartRecovery(t.Context(), fmt.Sprintf("stranger_%d", i), fmt.Sprintf("1390000%04d", i), "", network); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		w.Refuses(throttle.TooManyCodes, "the ninth code of a network")(s.StartRecovery(t.Context(), "stranger_9", "13900000009", "", network))
		// And all together twenty an hour.
		sent := 0
		for i := range 20 {
			_, err = s.StartRecovery(t.Context(), fmt.Sprintf("nobody_%d", i), fmt.Sprintf("1370000%04d", i), "", issuerdb.From(fmt.Sprintf("192.0.2.%d", i)))
			if err != nil {
				break
			}
			sent++
		}
		w.Refused(err, throttle.TooManyCodes, "codes in all")
		if sent > 12 {
			t.Errorf("%d more codes were sent", sent)
		}
	})
}

// At the same moment, exactly as many codes are sent as the bound says.
func TestBoundsOnCodesAreExact(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		got := w.AtOnce(20, func(int) error {
			_, err := w.SendPhoneCode(t.Context(), h, phone, "", issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[throttle.TooManyCodes]+got[CodeUnavailable] != 19 {
			t.Fatalf("%v", got)
		}
	})
}

// broken is a provider that fails in one of the ways that a provider can.
type broken func(ctx context.Context) error

func (broken) Label() string                                        { return "broken" }
func (b broken) Send(ctx context.Context, _ provider.Message) error { return b(ctx) }

func TestAProviderThatFailsIsTold(t *testing.T) {
	for name, sender := range map[string]provider.CodeSender{
		"none": nil, "out of order": broken(func(context.Context) error { return provider.ErrSandbox }),
		"panics": broken(func(context.Context) error { panic(phone) }),
	} {
		each(t, func(t *testing.T, w *system) {
			h := w.registered()
			w.Refuses(CodeUnavailable, name)(w.SendPhoneCode(t.Context(), h, phone, "", issuerdb.Home))
			if _, err := w.StartRecovery(t.Context(), login, phone, "", issuerdb.Home); sender != nil && err != nil && !problem.Is(err, throttle.TooManyCodes) {
				t.Errorf("%s: a recovery shows it: %v", name, err)
			}
		}, func(c *Config) { c.Codes = sender })
	}
}
