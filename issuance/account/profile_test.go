package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

func edit(version int64) Edit {
	r := registration()
	return Edit{Version: version, Identity: r.Identity, Contact: r.Contact}
}

// Twenty people edit what they saw: one of them gets through, and the others have
// overwritten nothing.
func TestEditsOfOneVersionDoNotOverwriteEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		got := w.AtOnce(20, func(i int) error {
			e := edit(1)
			e.Contact.Phone = fmt.Sprintf("139000000%02d", i)
			_, err := w.Edit(t.Context(), h, e)
			return err
		})
		p, err := w.Profile(t.Context(), h)
		if got[""] != 1 || got[ProfileConflict] != 19 || err != nil || p.Version != 2 || !strings.HasPrefix(p.Contact.Phone, "139") {
			t.Fatalf("%v, version %d: %v", got, p.Version, err)
		}
	})
}

func TestEditIsTheRegistrysToAllow(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		account := w.register()
		_, h := w.logIn()
		w.vetoes(problem.New("identity_fixed", "verified"))
		e := edit(1)
		e.Contact = Contact{Phone: "+8613900000009"}
		p, err := w.Edit(t.Context(), h, e)
		if err != nil || p.Version != 2 || p.Contact != (Contact{Phone: "13900000009"}) {
			t.Fatalf("an edit of the contact alone: %+v, %v", p, err)
		}
		// What is saved again unchanged is the registry's to hear of.
		same := Edit{2, e.Identity, e.Contact}
		w.Refuses("identity_fixed", "an unchanged profile")(w.Edit(t.Context(), h, same))
		w.vetoes(nil)
		if p, err = w.Edit(t.Context(), h, same); err != nil || p.Version != 2 {
			t.Fatalf("an unchanged profile: version %d, %v", p.Version, err)
		}
		if last := w.known[len(w.known)-2:]; last[0] != last[1] {
			t.Fatalf("the registry heard of %+v", last)
		}
		w.vetoes(problem.New("identity_fixed", "verified"))
		e = Edit{2, identity.Entry{Name: "测试乙", DocumentType: "resident_id", DocumentNumber: number}, e.Contact}
		w.Refuses("identity_fixed", "an edit of the name")(w.Edit(t.Context(), h, e))
		if p, err = w.Profile(t.Context(), h); err != nil || p.Version != 2 || p.Identity.Name.Text != name {
			t.Fatalf("after the refusal: %+v, %v", p, err)
		}
		w.vetoes(nil)
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.Version != 3 || p.Account != account {
			t.Fatalf("%+v: %v", p, err)
		}
		if last := w.known[len(w.known)-2:]; last[0].Name.Text != name || last[1].Name.Text != "测试乙" {
			t.Fatalf("the registry heard of %+v", last)
		}
		if again, err := w.Profile(t.Context(), h); err != nil || again != p {
			t.Fatalf("read %+v, want %+v: %v", again, p, err)
		}
	})
}

// A name that was cut keeps its mark, although what is left would have none.
func TestB8_CutNamesStayMarked(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Identity.Name = strings.Repeat("测", 20)
		w.Done(w.Register(t.Context(), r, issuerdb.Home))
		_, h := w.logIn()
		p, err := w.Profile(t.Context(), h)
		if err != nil || p.Identity.Name != (identity.Name{Text: strings.Repeat("测", 15), OverLong: true}) {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
		e := edit(1)
		e.Identity.Name, e.Contact = p.Identity.Name.Text, Contact{Phone: phone}
		if p, err = w.Edit(t.Context(), h, e); err != nil || p.Version != 2 || !p.Identity.Name.OverLong {
			t.Fatalf("%+v: %v", p, err)
		}
	})
}

func TestB12_HolderSeesAllThatIsHeld(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		one, h := w.logIn()
		two, h2 := w.logIn()
		w.Refuses(LoginFailed, "a wrong password")(w.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		w.Must(w.LogOut(t.Context(), h2))
		held, err := w.PersonalData(t.Context(), h)
		w.Must(err)
		p, err := w.Profile(t.Context(), h)
		if err != nil || held.Profile != p || held.PasswordSetAt != w.now() || held.FailedLogins != (throttle.LockState{Failures: 1}) || len(held.Logins) != 2 {
			t.Fatalf("%+v: %v", held, err)
		}
		for _, l := range held.Logins {
			mine := l.ID == one.Login
			if l.This != mine || (l.EndedAt != 0) == mine || !mine && l.ID != two.Login || l.BeganAt != w.now() {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestB12_ClosedAccountLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		in, h := w.logIn()
		w.Refused(w.Close(t.Context(), h, "wrong "+password, issuerdb.Home), PasswordWrong, "closing with a wrong password")
		const tickets problem.Code = "tickets_unused"
		w.vetoes(problem.New(tickets, "a ticket is not used yet"))
		w.Refused(w.Close(t.Context(), h, password, issuerdb.Home), tickets, "closing with a ticket")
		if w.live() != 1 || w.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatal("a refused closing changed something")
		}
		w.vetoes(nil)
		w.heardEnd()
		w.Must(w.Close(t.Context(), h, password, issuerdb.Home))
		if got := w.heardEnd(); !slices.Equal(got, []string{in.Login}) {
			t.Errorf("the hook heard of %v", got)
		}
		for _, rows := range []string{"accounts", "consents", "logins", "failures WHERE kind = 'account'"} {
			if n := w.Count(`SELECT COUNT(*) FROM ` + rows); n != 0 {
				t.Errorf("%d rows left of %s", n, rows)
			}
		}
		w.Refuses(LoginRequired, "its token")(w.Authorize(t.Context(), in.Token))
		w.Refuses(LoginFailed, "its password")(w.LogIn(t.Context(), login, password, issuerdb.Home))
		w.Refuses(LoginRequired, "its profile")(w.Profile(t.Context(), h))
		w.register() // the name is free
	})
}

func TestNewPasswordEndsTheOtherLogins(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		mine, h := w.logIn()
		other, _ := w.logIn()
		const next = "another horse 绿色"
		w.Refused(w.ChangePassword(t.Context(), h, "wrong "+password, next, issuerdb.Home), PasswordWrong, "a wrong present password")
		w.Refused(w.ChangePassword(t.Context(), h, password, "12345678", issuerdb.Home), PasswordCommon, "a common new one")
		w.Refused(w.ChangePassword(t.Context(), h, password, number, issuerdb.Home), PasswordCommon, "the document number")
		w.Must(w.ChangePassword(t.Context(), h, password, next, issuerdb.Home))
		if got := w.heardEnd(); !slices.Equal(got, []string{other.Login}) {
			t.Errorf("the hook heard of %v", got)
		}
		w.holder(mine.Token)
		w.Refuses(LoginRequired, "the other login")(w.Authorize(t.Context(), other.Token))
		w.Refuses(LoginFailed, "the old password")(w.LogIn(t.Context(), login, password, issuerdb.Home))
		w.Done(w.LogIn(t.Context(), login, next, issuerdb.Home))
	})
}

// Who guesses at a phone that lies open is locked like anybody else.
func TestPresentPasswordIsNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		got := w.AtOnce(20, func(i int) error {
			if i%2 == 0 {
				return w.Close(t.Context(), h, "wrong "+password, issuerdb.Home)
			}
			return w.ChangePassword(t.Context(), h, "wrong "+password, "another horse", issuerdb.Home)
		})
		if got[PasswordWrong] != 5 || got[throttle.TooManyFailures] != 15 {
			t.Fatalf("%v", got)
		}
	})
}

// A proof is as good as a login only until the lock.
func TestProofDoesNotOutliveALock(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		p, err := w.prove(t.Context(), h, password, issuerdb.Home)
		w.Must(err)
		for range throttle.DefaultRules.Account.Failures {
			w.Refuses(LoginFailed, "a wrong password")(w.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		err = w.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return w.stands(ctx, tx, h, p) })
		w.Refused(err, throttle.TooManyFailures, "a password that was right before the lock")
	})
}

// One of two changes at once wins; a login with the old password that was
// compared before it does not come through after it.
func TestPasswordIsChangedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		got := w.AtOnce(4, func(i int) error {
			return w.ChangePassword(t.Context(), h, password, fmt.Sprintf("another horse %d", i), issuerdb.Home)
		})
		if got[""] != 1 || got[PasswordWrong] != 3 {
			t.Fatalf("%v", got)
		}
		var old credential
		err := w.DB.View(t.Context(), "test", func(ctx context.Context, q database.Queries) (err error) {
			old, err = w.credential(ctx, q, "id", h.Account())
			return err
		})
		if err != nil || old.no != 2 {
			t.Fatalf("password %d: %v", old.no, err)
		}
		old.no = 1
		w.Refuses(LoginFailed, "a password that was changed while it was compared")(w.begin(t.Context(), old, "", w.Lockout.Account("passenger_1")))
	})
}

// A window compares a passenger's contact with the one in the account.
func TestB1_WindowSeesTheContactInItsOneForm(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		r := registration()
		r.Contact = Contact{Phone: "+86" + phone, Email: strings.ToUpper(email)}
		account, err := w.Register(t.Context(), r, issuerdb.Home)
		w.Must(err)
		p, err := ProfileOf(t.Context(), w.DB.Writer(), w.DB.Vault, account)
		if want := (Contact{phone, strings.ToLower(email)}); err != nil || p.Identity.Number != number || p.Contact != want {
			t.Errorf("%+v: %v", p, err)
		}
		w.Refuses(AccountNotFound, "an unknown account")(ProfileOf(t.Context(), w.DB.Writer(), w.DB.Vault, ids.New(accountPrefix, ids.IDSize)))
	})
}

// A field that somebody moved in the database does not open, and the fault says
// where it is and not what.
func TestMovedFieldIsAFault(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		account := w.register()
		_, h := w.logIn()
		w.Exec(`UPDATE accounts SET name = number WHERE id = $1`, account)
		_, err := w.Profile(t.Context(), h)
		var r *problem.Error
		if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "column name of "+account) {
			t.Fatalf("%v", err)
		}
		w.TellsNothing(err)
	})
}
