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
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		got := s.AtOnce(20, func(i int) error {
			e := edit(1)
			e.Contact.Phone = fmt.Sprintf("139000000%02d", i)
			_, err := s.Edit(t.Context(), h, e)
			return err
		})
		p, err := s.Profile(t.Context(), h)
		if got[""] != 1 || got[ProfileConflict] != 19 || err != nil || p.Version != 2 || !strings.HasPrefix(p.Contact.Phone, "139") {
			t.Fatalf("%v, version %d: %v", got, p.Version, err)
		}
	})
}

func TestRegistryDecidesAboutIdentityEdits(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		account := s.register()
		_, h := s.logIn()
		s.failHooks(problem.New("identity_fixed", "verified"))
		e := edit(1)
		e.Contact = Contact{Phone: "+8613900000009"}
		p, err := s.Edit(t.Context(), h, e)
		if err != nil || p.Version != 2 || p.Contact != (Contact{Phone: "13900000009"}) {
			t.Fatalf("an edit of the contact alone: %+v, %v", p, err)
		}
		// The registry is also called for an unchanged profile.
		same := Edit{2, e.Identity, e.Contact}
		s.Refuses("identity_fixed", "an unchanged profile")(s.Edit(t.Context(), h, same))
		s.failHooks(nil)
		if p, err = s.Edit(t.Context(), h, same); err != nil || p.Version != 2 {
			t.Fatalf("an unchanged profile: version %d, %v", p.Version, err)
		}
		if last := s.identities[len(s.identities)-2:]; last[0] != last[1] {
			t.Fatalf("the registry received %+v", last)
		}
		s.failHooks(problem.New("identity_fixed", "verified"))
		e = Edit{2, identity.Entry{Name: "测试乙", DocumentType: "resident_id", DocumentNumber: number}, e.Contact}
		s.Refuses("identity_fixed", "an edit of the name")(s.Edit(t.Context(), h, e))
		if p, err = s.Profile(t.Context(), h); err != nil || p.Version != 2 || p.Identity.Name.Text != name {
			t.Fatalf("after the refusal: %+v, %v", p, err)
		}
		s.failHooks(nil)
		if p, err = s.Edit(t.Context(), h, e); err != nil || p.Version != 3 || p.Account != account {
			t.Fatalf("%+v: %v", p, err)
		}
		if last := s.identities[len(s.identities)-2:]; last[0].Name.Text != name || last[1].Name.Text != "测试乙" {
			t.Fatalf("the registry received %+v", last)
		}
		if again, err := s.Profile(t.Context(), h); err != nil || again != p {
			t.Fatalf("read %+v, want %+v: %v", again, p, err)
		}
	})
}

// An edit with the cut name, which by itself is not over-long, keeps the mark.
func TestB8_CutNameKeepsItsMark(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Identity.Name = strings.Repeat("测", 20)
		s.Done(s.Register(t.Context(), r, issuerdb.Home))
		_, h := s.logIn()
		p, err := s.Profile(t.Context(), h)
		if err != nil || p.Identity.Name != (identity.Name{Text: strings.Repeat("测", 15), OverLong: true}) {
			t.Fatalf("%+v: %v", p.Identity.Name, err)
		}
		e := edit(1)
		e.Identity.Name, e.Contact = p.Identity.Name.Text, Contact{Phone: phone}
		if p, err = s.Edit(t.Context(), h, e); err != nil || p.Version != 2 || !p.Identity.Name.OverLong {
			t.Fatalf("%+v: %v", p, err)
		}
	})
}

func TestB12_HolderCanExportAllPersonalData(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		one, h := s.logIn()
		two, h2 := s.logIn()
		s.Refuses(LoginFailed, "a wrong password")(s.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		s.Must(s.LogOut(t.Context(), h2))
		data, err := s.PersonalData(t.Context(), h)
		s.Must(err)
		p, err := s.Profile(t.Context(), h)
		if err != nil || data.Profile != p || data.PasswordSetAt != s.now() || data.FailedLogins != (throttle.LockState{Failures: 1}) || len(data.Logins) != 2 {
			t.Fatalf("%+v: %v", data, err)
		}
		for _, l := range data.Logins {
			mine := l.ID == one.Login
			if l.This != mine || (l.EndedAt != 0) == mine || !mine && l.ID != two.Login || l.BeganAt != s.now() {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestB12_ClosedAccountLeavesNoRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		in, h := s.logIn()
		s.Refused(s.Close(t.Context(), h, "wrong "+password, issuerdb.Home), PasswordWrong, "closing with a wrong password")
		const tickets problem.Code = "tickets_unused"
		s.failHooks(problem.New(tickets, "a ticket is not used yet"))
		s.Refused(s.Close(t.Context(), h, password, issuerdb.Home), tickets, "closing with a ticket")
		if s.liveLogins() != 1 || s.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatal("a refused closing changed the database")
		}
		s.failHooks(nil)
		s.drainEndedLogins()
		s.Must(s.Close(t.Context(), h, password, issuerdb.Home))
		if got := s.drainEndedLogins(); !slices.Equal(got, []string{in.Login}) {
			t.Errorf("the hook received %v", got)
		}
		for _, rows := range []string{"accounts", "consents", "logins", "failures WHERE kind = 'account'"} {
			if n := s.Count(`SELECT COUNT(*) FROM ` + rows); n != 0 {
				t.Errorf("%d rows remain in %s", n, rows)
			}
		}
		s.Refuses(LoginRequired, "its token")(s.Authorize(t.Context(), in.Token))
		s.Refuses(LoginFailed, "its password")(s.LogIn(t.Context(), login, password, issuerdb.Home))
		s.Refuses(LoginRequired, "its profile")(s.Profile(t.Context(), h))
		s.register() // the name is free
	})
}

func TestNewPasswordEndsTheOtherLogins(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		mine, h := s.logIn()
		other, _ := s.logIn()
		const next = "another horse 绿色"
		s.Refused(s.ChangePassword(t.Context(), h, "wrong "+password, next, issuerdb.Home), PasswordWrong, "a wrong present password")
		s.Refused(s.ChangePassword(t.Context(), h, password, "12345678", issuerdb.Home), PasswordCommon, "a common new one")
		s.Refused(s.ChangePassword(t.Context(), h, password, number, issuerdb.Home), PasswordCommon, "the document number")
		s.Must(s.ChangePassword(t.Context(), h, password, next, issuerdb.Home))
		if got := s.drainEndedLogins(); !slices.Equal(got, []string{other.Login}) {
			t.Errorf("the hook received %v", got)
		}
		s.authorize(mine.Token)
		s.Refuses(LoginRequired, "the other login")(s.Authorize(t.Context(), other.Token))
		s.Refuses(LoginFailed, "the old password")(s.LogIn(t.Context(), login, password, issuerdb.Home))
		s.Done(s.LogIn(t.Context(), login, next, issuerdb.Home))
	})
}

// Guesses on a logged-in phone count for the lockout.
func TestGuessesOfTheCurrentPasswordAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		got := s.AtOnce(20, func(i int) error {
			if i%2 == 0 {
				return s.Close(t.Context(), h, "wrong "+password, issuerdb.Home)
			}
			return s.ChangePassword(t.Context(), h, "wrong "+password, "another horse", issuerdb.Home)
		})
		if got[PasswordWrong] != 5 || got[throttle.TooManyFailures] != 15 {
			t.Fatalf("%v", got)
		}
	})
}

func TestPasswordProofEndsWithALockout(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		p, err := s.prove(t.Context(), h, password, issuerdb.Home)
		s.Must(err)
		for range throttle.DefaultRules.Account.Failures {
			s.Refuses(LoginFailed, "a wrong password")(s.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		err = s.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return s.requireProof(ctx, tx, h, p) })
		s.Refused(err, throttle.TooManyFailures, "a password that was right before the lock")
	})
}

// Of concurrent changes one succeeds. A login whose old password was compared before the change is
// refused after it.
func TestConcurrentPasswordChanges(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		got := s.AtOnce(4, func(i int) error {
			return s.ChangePassword(t.Context(), h, password, fmt.Sprintf("another horse %d", i), issuerdb.Home)
		})
		if got[""] != 1 || got[PasswordWrong] != 3 {
			t.Fatalf("%v", got)
		}
		var old credential
		err := s.DB.View(t.Context(), "test", func(ctx context.Context, q database.Queries) (err error) {
			old, err = s.findCredential(ctx, q, "id", h.Account())
			return err
		})
		if err != nil || old.no != 2 {
			t.Fatalf("password %d: %v", old.no, err)
		}
		old.no = 1
		s.Refuses(LoginFailed, "a password that was changed while it was compared")(s.startLogin(t.Context(), old, "", s.Lockout.Account("passenger_1")))
	})
}

// A window compares a passenger's contact with the one in the account.
func TestB1_WindowReadsTheNormalizedContact(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		r := registration()
		r.Contact = Contact{Phone: "+86" + phone, Email: strings.ToUpper(email)}
		account, err := s.Register(t.Context(), r, issuerdb.Home)
		s.Must(err)
		p, err := ProfileOf(t.Context(), s.DB.Writer(), s.DB.Vault, account)
		if want := (Contact{phone, strings.ToLower(email)}); err != nil || p.Identity.Number != number || p.Contact != want {
			t.Errorf("%+v: %v", p, err)
		}
		s.Refuses(AccountNotFound, "an unknown account")(ProfileOf(t.Context(), s.DB.Writer(), s.DB.Vault, ids.New(accountPrefix, ids.IDSize)))
	})
}

// The error names the place of a moved field and not its content.
func TestFieldMovedInTheDatabaseIsAFault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		account := s.register()
		_, h := s.logIn()
		s.Exec(`UPDATE accounts SET name = number WHERE id = $1`, account)
		_, err := s.Profile(t.Context(), h)
		var r *problem.Error
		if err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "column name of "+account) {
			t.Fatalf("%v", err)
		}
		s.TellsNothing(err)
	})
}
