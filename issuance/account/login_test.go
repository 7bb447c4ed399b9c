package account

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// Unknown or wrong: the same answer, the same hashings, the same rows written.
func TestUnknownLoginAndWrongPasswordAreTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		work := func(login string) (answer problem.Error, runs uint64, writes int) {
			t.Helper()
			before := w.hasher.runs.Load()
			_, err := w.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			w.TellsNothing(err)
			var r *problem.Error
			if !errors.As(err, &r) {
				t.Fatalf("%v", err)
			}
			return *r, w.hasher.runs.Load() - before, w.Count(`SELECT COALESCE(SUM(count), 0) + COUNT(*) FROM failures WHERE kind = 'account'`)
		}
		unknown, runsUnknown, rowsUnknown := work("nobody_here")
		wrong, runsWrong, rowsWrong := work(login)
		if unknown != wrong || unknown.Code != LoginFailed || runsUnknown != 1 || runsWrong != 1 || rowsUnknown != 2 || rowsWrong != 4 {
			t.Errorf("unknown: %v, %d hashings, %d written; wrong: %v, %d, %d", unknown, runsUnknown, rowsUnknown, wrong, runsWrong, rowsWrong)
		}
		// And the lock comes for both alike.
		for range throttle.DefaultRules.Account.Failures - 1 {
			work("nobody_here")
			work(login)
		}
		unknown, runsUnknown, _ = work("nobody_here")
		wrong, runsWrong, _ = work(login)
		if unknown != wrong || unknown.Code != throttle.TooManyFailures || runsUnknown != 0 || runsWrong != 0 {
			t.Errorf("locked: %v with %d hashings, %v with %d", unknown, runsUnknown, wrong, runsWrong)
		}
	})
}

// Fifty guesses at once, the right one among them: five are answered.
func TestLockIsExactUnderParallelGuesses(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		issuers := []*Service{w.Service, w.another()}
		got := w.AtOnce(50, func(i int) error {
			_, err := issuers[i%2].LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			return err
		})
		if got[LoginFailed] != 5 || got[throttle.TooManyFailures] != 45 {
			t.Fatalf("50 guesses: %v", got)
		}
		w.Refuses(throttle.TooManyFailures, "the right password while locked")(w.LogIn(t.Context(), login, password, issuerdb.Home))
		w.Pass(throttle.DefaultRules.Account.FirstLock)
		w.logIn()
		if n := w.Count(`SELECT COUNT(*) FROM failures WHERE kind = 'account'`); n != 0 {
			t.Error("a success left the account's failures")
		}
	})
}

// A right guess whose hashing was begun before the lock learns nothing either.
func TestLockHoldsForGuessesUnderWay(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		c := credential{}
		err := w.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) (err error) {
			c, err = w.credential(ctx, tx, "login_index", w.index(indexLogin, "passenger_1"))
			return err
		})
		if err != nil || c.account == "" {
			t.Fatal(err)
		}
		for range throttle.DefaultRules.Account.Failures {
			w.Refuses(LoginFailed, "a wrong password")(w.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		w.Refuses(throttle.TooManyFailures, "a guess that was right before the lock")(w.begin(t.Context(), c, "", w.Lockout.Account("passenger_1")))
	})
}

func TestLoginsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		first, _ := w.logIn()
		w.Pass(time.Second)
		second, _ := w.logIn()
		w.Pass(time.Second)
		got := w.AtOnce(20, func(int) error {
			_, err := w.LogIn(t.Context(), login, password, issuerdb.Home)
			return err
		})
		if got[""] != 20 || w.live() != DefaultMaxLogins {
			t.Fatalf("%v, %d logins live", got, w.live())
		}
		ended := w.heardEnd()
		if len(ended) != 17 || len(slices.Compact(ended)) != 17 || !slices.Contains(ended, first.Login) || !slices.Contains(ended, second.Login) {
			t.Errorf("the hook heard of %d ends, want each of 17 once, the oldest among them", len(ended))
		}
		w.Refuses(LoginRequired, "the oldest token")(w.Authorize(t.Context(), first.Token))
	})
}

func TestLoginEndsAtItsBounds(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		idle, _ := w.logIn()
		used, _ := w.logIn()
		for passed := time.Duration(0); passed+2*24*time.Hour < DefaultLoginLife; passed += 2 * 24 * time.Hour {
			w.holder(used.Token)
			w.Pass(2 * 24 * time.Hour)
		}
		w.holder(used.Token)
		w.Refuses(LoginRequired, "a login that was not used")(w.Authorize(t.Context(), idle.Token))
		w.Pass(2*24*time.Hour - time.Millisecond)
		h := w.holder(used.Token)
		w.Pass(time.Millisecond)
		w.Refuses(LoginRequired, "a login at the end of its life")(w.Authorize(t.Context(), used.Token))
		w.Refused(w.Consent(t.Context(), h, policy), LoginRequired, "a holder of before")
		swept, err := w.Sweep(t.Context(), w.Now())
		if err != nil || swept.Expired != 2 || swept.Deleted != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
		want := []string{idle.Login, used.Login}
		slices.Sort(want)
		if got := w.heardEnd(); !slices.Equal(got, want) {
			t.Errorf("the hook heard of %d ends", len(got))
		}
		w.Pass(EndedLoginKept)
		if swept, err = w.Sweep(t.Context(), w.Now()); err != nil || swept.Deleted != 2 || w.Count(`SELECT COUNT(*) FROM logins`) != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
	})
}

func TestA5_LoggedOutTokensOpenNothing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		in, h := w.logIn()
		for _, token := range []string{"", "rgl_", in.Token + "0", in.Token[:len(in.Token)-1], "rga_" + in.Token[4:], "rgl_" + in.Token[5:] + "0"} {
			w.Refuses(LoginRequired, "a wrong token")(w.Authorize(t.Context(), token))
		}
		w.Must(w.LogOut(t.Context(), h))
		w.Refuses(LoginRequired, "a token after logging out")(w.Authorize(t.Context(), in.Token))
		w.Refused(w.Consent(t.Context(), h, policy), LoginRequired, "its holder")
		w.Refuses(LoginRequired, "its edit")(w.Edit(t.Context(), h, Edit{Version: 1, Identity: registration().Identity, Contact: registration().Contact}))
	})
}

func TestA12_LoggingOutEndsWhatIsBoundToTheLogin(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.register()
		one, h := w.logIn()
		two, _ := w.logIn()
		w.Must(w.LogOut(t.Context(), h))
		if got := w.heardEnd(); !slices.Equal(got, []string{one.Login}) {
			t.Fatalf("the hook heard of %v", got)
		}
		if err := w.LogOut(t.Context(), h); err != nil || len(w.heardEnd()) != 0 {
			t.Fatalf("logging out twice: %v", err)
		}
		w.vetoes(errors.New("sessions are not to be had"))
		if err := w.LogOutEverywhere(t.Context(), w.holder(two.Token)); err == nil {
			t.Fatal("logged out although what is bound stays")
		}
		w.vetoes(nil)
		w.heardEnd()
		w.Must(w.LogOutEverywhere(t.Context(), w.holder(two.Token)))
		if got := w.heardEnd(); !slices.Equal(got, []string{two.Login}) || w.live() != 0 {
			t.Fatalf("the hook heard of %v, %d live", got, w.live())
		}
	})
}

// Logging out everywhere against logging in: whatever the order, a login is live
// and its token good, or it has ended and the hook has heard of it, once.
func TestA12_LogOutEverywhereAgainstLogIn(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		var mu sync.Mutex
		in := map[string]string{h.Login(): ""}
		got := w.AtOnce(30, func(i int) error {
			if i%5 == 0 {
				return w.LogOutEverywhere(t.Context(), h)
			}
			got, err := w.LogIn(t.Context(), login, password, issuerdb.Home)
			mu.Lock()
			defer mu.Unlock()
			in[got.Login] = got.Token
			return err
		})
		if got[""] != 30 {
			t.Fatalf("%v", got)
		}
		ended := w.heardEnd()
		for id, token := range in {
			if token == "" {
				continue
			}
			_, err := w.Authorize(t.Context(), token)
			if slices.Contains(ended, id) != problem.Is(err, LoginRequired) {
				t.Errorf("a login that has ended is good, or the reverse: %v", err)
			}
		}
		if len(slices.Compact(ended)) != len(ended) || len(ended)+w.live() != len(in) {
			t.Errorf("%d logins, %d live, %d ends heard of", len(in), w.live(), len(ended))
		}
	})
}

// What is opened under LockLogin is either found by the logout or not opened at all.
func TestA12_HoldKeepsTheLoginUntilCommit(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		held, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- w.DB.Change(context.Background(), "open a session", func(ctx context.Context, tx *sql.Tx) error {
				err := w.LockLogin(ctx, tx, h)
				close(held)
				<-release
				return err
			})
		}()
		<-held
		out := make(chan error, 1)
		go func() { out <- w.LogOut(context.Background(), h) }()
		select {
		case err := <-out:
			t.Errorf("logged out while the session was being opened: %v", err)
			out <- err
		case <-time.After(100 * time.Millisecond): // a wrong answer may need longer, a right one never fails
		}
		close(release)
		w.Must(<-done)
		w.Must(<-out)
		err := w.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return w.LockLogin(ctx, tx, h) })
		w.Refused(err, LoginRequired, "holding a login that has ended")
	})
}

// Sweeping, logging in and logging out at once: nothing waits for another in a
// circle, and no end is told twice.
func TestSweepBesideEverything(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registered()
		for range 3 {
			w.logIn()
		}
		w.Pass(DefaultLoginIdle)
		got := w.AtOnce(24, func(i int) (err error) {
			switch i % 4 {
			case 0:
				_, err = w.Sweep(t.Context(), w.Now())
			case 1:
				err = w.LogOutEverywhere(t.Context(), h)
			default:
				_, err = w.LogIn(t.Context(), login, password, issuerdb.Home)
			}
			return err
		})
		ended := w.heardEnd()
		if got[""] != 24 || len(slices.Compact(ended)) != len(ended) || len(ended)+w.live() != 4+12 {
			t.Errorf("%v: %d ended, %d live", got, len(ended), w.live())
		}
	})
}
