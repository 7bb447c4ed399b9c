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

func TestEditsOfOneVersionDoNotOverwriteEachOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		got := env.AtOnce(20, func(i int) error {
			e := edit(1)
			e.Contact.Phone = fmt.Sprintf("139000000%02d", i)
			_, err := env.Edit(t.Context(), h, e)
			return err
		})
		p, err := env.Profile(t.Context(), h)
		if got[""] != 1 || got[ProfileConflict] != 19 || err != nil || p.Version != 2 || !strings.HasPrefix(p.Contact.Phone, "139") {
			t.Fatalf("%v, version %d: %v", got, p.Version, err)
		}
	})
}

func TestRegistryDecidesAboutIdentityEdits(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		account := env.register()
		_, h := env.logIn()
		env.failHooks(problem.New("identity_fixed", "verified"))
		e := edit(1)
		e.Contact = Contact{Phone: "+8613900000009"}
		p, err := env.Edit(t.Context(), h, e)
		if err != nil || p.Version != 2 || p.Contact != (Contact{Phone: "13900000009"}) {
			t.Fatalf("an edit of the contact alone: %+v, %v", p, err)
		}
		// The registry is also called for an unchanged profile.
		same := Edit{2, e.Identity, e.Contact}
		env.Refuses("identity_fixed", "an unchanged profile")(env.Edit(t.Context(), h, same))
		env.failHooks(nil)
		if p, err = env.Edit(t.Context(), h, same); err != nil || p.Version != 2 {
			t.Fatalf("an unchanged profile: version %d, %v", p.Version, err)
		}
		if last := env.identities[len(env.identities)-2:]; last[0] != last[1] {
			t.Fatalf("the registry received %+v", last)
		}
		env.failHooks(problem.New("identity_fixed", "verified"))
		e = Edit{2, identity.Entry{Name: "测试乙", DocumentType: "resident_id", DocumentNumber: number}, e.Contact}
		env.Refuses("identity_fixed", "an edit of the name")(env.Edit(t.Context(), h, e))
		if p, err = env.Profile(t.Context(), h); err != nil || p.Version != 2 || p.Identity.Name.Text != name {
			t.Fatalf("after the refusal: %+v, %v", p, err)
		}
		env.failHooks(nil)
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.Version != 3 || p.Account != account {
			t.Fatalf("%+v: %v", p, err)
		}
		if last := env.identities[len(env.identities)-2:]; last[0].Name.Text != name || last[1].Name.Text != "测试乙" {
			t.Fatalf("the registry received %+v", last)
		}
		if again, err := env.Profile(t.Context(), h); err != nil || again != p {
			t.Fatalf("read %+v, want %+v: %v", again, p, err)
		}
	})
}

// An edit with the cut name, which by itself is not over-long, keeps the mark.
func TestB8_CutNameKeepsItsMark(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity.Name = strings.Repeat("测", 20)
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		_, h := env.logIn()
		p, err := env.Profile(t.Context(), h)
		if err != nil || p.Identity.Name != (identity.Name{Text: strings.Repeat("测", 15), OverLong: true}) {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
		e := edit(1)
		e.Identity.Name, e.Contact = p.Identity.Name.Text, Contact{Phone: phone}
		if p, err = env.Edit(t.Context(), h, e); err != nil || p.Version != 2 || !p.Identity.Name.OverLong {
			t.Fatalf("%+v: %v", p, err)
		}
	})
}

func TestB12_HolderCanExportAllPersonalData(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		one, h := env.logIn()
		two, h2 := env.logIn()
		env.Refuses(LoginFailed, "a wrong password")(env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		env.Must(env.LogOut(t.Context(), h2))
		data, err := env.PersonalData(t.Context(), h)
		env.Must(err)
		p, err := env.Profile(t.Context(), h)
		if err != nil || data.Profile != p || data.PasswordSetAt != env.now() || data.FailedLogins != (throttle.LockState{Failures: 1}) || len(data.Logins) != 2 {
			t.Fatalf("%+v: %v", data, err)
		}
		for _, l := range data.Logins {
			mine := l.ID == one.Login
			if l.This != mine || (l.EndedAt != 0) == mine || !mine && l.ID != two.Login || l.BeganAt != env.now() {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestB12_ClosedAccountLeavesNoRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		in, h := env.logIn()
		env.Refused(env.Close(t.Context(), h, "wrong "+password, issuerdb.Home), PasswordWrong, "closing with a wrong password")
		const tickets problem.Code = "tickets_unused"
		env.failHooks(problem.New(tickets, "a ticket is not used yet"))
		env.Refused(env.Close(t.Context(), h, password, issuerdb.Home), tickets, "closing with a ticket")
		if env.liveLogins() != 1 || env.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatal("a refused closing changed the database")
		}
		env.failHooks(nil)
		env.drainEndedLogins()
		env.Must(env.Close(t.Context(), h, password, issuerdb.Home))
		if got := env.drainEndedLogins(); !slices.Equal(got, []string{in.Login}) {
			t.Errorf("the hook received %v", got)
		}
		for _, rows := range []string{"accounts", "consents", "logins", "failures WHERE kind = 'account'"} {
			if n := env.Count(`SELECT COUNT(*) FROM ` + rows); n != 0 {
				t.Errorf("%d rows remain in %s", n, rows)
			}
		}
		env.Refuses(LoginRequired, "its token")(env.Authorize(t.Context(), in.Token))
		env.Refuses(LoginFailed, "its password")(env.LogIn(t.Context(), login, password, issuerdb.Home))
		env.Refuses(LoginRequired, "its profile")(env.Profile(t.Context(), h))
		env.register() // the name is free
	})
}

func TestNewPasswordEndsTheOtherLogins(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		mine, h := env.logIn()
		other, _ := env.logIn()
		const next = "another horse 绿色"
		env.Refused(env.ChangePassword(t.Context(), h, "wrong "+password, next, issuerdb.Home), PasswordWrong, "a wrong present password")
		env.Refused(env.ChangePassword(t.Context(), h, password, "12345678", issuerdb.Home), PasswordCommon, "a common new one")
		env.Refused(env.ChangePassword(t.Context(), h, password, number, issuerdb.Home), PasswordCommon, "the document number")
		env.Must(env.ChangePassword(t.Context(), h, password, next, issuerdb.Home))
		if got := env.drainEndedLogins(); !slices.Equal(got, []string{other.Login}) {
			t.Errorf("the hook received %v", got)
		}
		env.authorize(mine.Token)
		env.Refuses(LoginRequired, "the other login")(env.Authorize(t.Context(), other.Token))
		env.Refuses(LoginFailed, "the old password")(env.LogIn(t.Context(), login, password, issuerdb.Home))
		env.Done(env.LogIn(t.Context(), login, next, issuerdb.Home))
	})
}

// Guesses on a logged-in phone count for the lockout.
func TestGuessesOfTheCurrentPasswordAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		got := env.AtOnce(20, func(i int) error {
			if i%2 == 0 {
				return env.Close(t.Context(), h, "wrong "+password, issuerdb.Home)
			}
			return env.ChangePassword(t.Context(), h, "wrong "+password, "another horse", issuerdb.Home)
		})
		if got[PasswordWrong] != 5 || got[throttle.TooManyFailures] != 15 {
			t.Fatalf("%v", got)
		}
	})
}

func TestPasswordProofEndsWithALockout(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		p, err := env.prove(t.Context(), h, password, issuerdb.Home)
		env.Must(err)
		for range throttle.DefaultRules.Account.Failures {
			env.Refuses(LoginFailed, "a wrong password")(env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		err = env.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return env.requireProof(ctx, tx, h, p) })
		env.Refused(err, throttle.TooManyFailures, "a password that was right before the lock")
	})
}

// Of concurrent changes one succeeds. A login whose old password was compared before the change is
// refused after it.
func TestConcurrentPasswordChanges(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		got := env.AtOnce(4, func(i int) error {
			return env.ChangePassword(t.Context(), h, password, fmt.Sprintf("another horse %d", i), issuerdb.Home)
		})
		if got[""] != 1 || got[PasswordWrong] != 3 {
			t.Fatalf("%v", got)
		}
		var old credential
		err := env.DB.View(t.Context(), "test", func(ctx context.Context, q database.Queries) (err error) {
			old, err = env.findCredential(ctx, q, "id", h.Account())
			return err
		})
		if err != nil || old.no != 2 {
			t.Fatalf("password %d: %v", old.no, err)
		}
		old.no = 1
		env.Refuses(LoginFailed, "a password that was changed while it was compared")(env.startLogin(t.Context(), old, "", env.Lockout.Account("passenger_1")))
	})
}

// A window compares a passenger's contact with the one in the account.
func TestB1_WindowReadsTheNormalizedContact(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Contact = Contact{Phone: "+86" + phone, Email: strings.ToUpper(email)}
		account, err := env.Register(t.Context(), r, issuerdb.Home)
		env.Must(err)
		p, err := ProfileOf(t.Context(), env.DB.Writer(), env.DB.Vault, account)
		if want := (Contact{phone, strings.ToLower(email)}); err != nil || p.Identity.Number != number || p.Contact != want {
			t.Errorf("%+v: %v", p, err)
		}
		env.Refuses(AccountNotFound, "an unknown account")(ProfileOf(t.Context(), env.DB.Writer(), env.DB.Vault, ids.New(accountPrefix, ids.IDSize)))
	})
}

// The error names the place of a moved field and not its content.
func TestFieldMovedInTheDatabaseIsAFault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		account := env.register()
		_, h := env.logIn()
		env.Exec(`UPDATE accounts SET name = number WHERE id = $1`, account)
		_, err := env.Profile(t.Context(), h)
		var r *problem.Error
		if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "column name of "+account) {
			t.Fatalf("%v", err)
		}
		env.TellsNothing(err)
	})
}
