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

// The answer, the number of hashings and the rows written are the same.
func TestUnknownLoginAndWrongPasswordAreIndistinguishable(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		work := func(login string) (answer problem.Error, runs uint64, writes int) {
			t.Helper()
			before := env.hasher.runs.Load()
			_, err := env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			env.TellsNothing(err)
			var r *problem.Error
			if !errors.As(err, &r) {
				t.Fatalf("%v", err)
			}
			return *r, env.hasher.runs.Load() - before, env.Count(`SELECT COALESCE(SUM(count), 0) + COUNT(*) FROM failures WHERE kind = 'account'`)
		}
		unknown, runsUnknown, rowsUnknown := work("nobody_here")
		wrong, runsWrong, rowsWrong := work(login)
		if unknown != wrong || unknown.Code != LoginFailed || runsUnknown != 1 || runsWrong != 1 || rowsUnknown != 2 || rowsWrong != 4 {
			t.Errorf("unknown: %v, %d hashings, %d written; wrong: %v, %d, %d", unknown, runsUnknown, rowsUnknown, wrong, runsWrong, rowsWrong)
		}
		// Both are locked after the same number of failures.
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

// Of fifty concurrent guesses five are answered.
func TestLockoutIsExactForConcurrentGuesses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		issuers := []*Service{env.Service, env.newService()}
		got := env.AtOnce(50, func(i int) error {
			_, err := issuers[i%2].LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			return err
		})
		if got[LoginFailed] != 5 || got[throttle.TooManyFailures] != 45 {
			t.Fatalf("50 guesses: %v", got)
		}
		env.Refuses(throttle.TooManyFailures, "the right password while locked")(env.LogIn(t.Context(), login, password, issuerdb.Home))
		env.Pass(throttle.DefaultRules.Account.FirstLock)
		env.logIn()
		if n := env.Count(`SELECT COUNT(*) FROM failures WHERE kind = 'account'`); n != 0 {
			t.Error("a success did not clear the account's failures")
		}
	})
}

// A right guess whose hashing began before the lockout is refused as well.
func TestLockoutRefusesGuessesInProgress(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		c := credential{}
		err := env.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) (err error) {
			c, err = env.findCredential(ctx, tx, "login_index", env.index(indexLogin, "passenger_1"))
			return err
		})
		if err != nil || c.account == "" {
			t.Fatal(err)
		}
		for range throttle.DefaultRules.Account.Failures {
			env.Refuses(LoginFailed, "a wrong password")(env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		env.Refuses(throttle.TooManyFailures, "a guess that was right before the lock")(env.startLogin(t.Context(), c, "", env.Lockout.Account("passenger_1")))
	})
}

func TestLoginsPerAccountAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		first, _ := env.logIn()
		env.Pass(time.Second)
		second, _ := env.logIn()
		env.Pass(time.Second)
		got := env.AtOnce(20, func(int) error {
			_, err := env.LogIn(t.Context(), login, password, issuerdb.Home)
			return err
		})
		if got[""] != 20 || env.liveLogins() != DefaultMaxLogins {
			t.Fatalf("%v, %d logins live", got, env.liveLogins())
		}
		ended := env.drainEndedLogins()
		if len(ended) != 17 || len(slices.Compact(ended)) != 17 || !slices.Contains(ended, first.Login) || !slices.Contains(ended, second.Login) {
			t.Errorf("the hook received %d ended logins, want 17 different ones including the oldest", len(ended))
		}
		env.Refuses(LoginRequired, "the oldest token")(env.Authorize(t.Context(), first.Token))
	})
}

func TestLoginEndsAtLifeAndIdleBounds(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		idle, _ := env.logIn()
		used, _ := env.logIn()
		for passed := time.Duration(0); passed+2*24*time.Hour < DefaultLoginLife; passed += 2 * 24 * time.Hour {
			env.authorize(used.Token)
			env.Pass(2 * 24 * time.Hour)
		}
		env.authorize(used.Token)
		env.Refuses(LoginRequired, "a login that was not used")(env.Authorize(t.Context(), idle.Token))
		env.Pass(2*24*time.Hour - time.Millisecond)
		h := env.authorize(used.Token)
		env.Pass(time.Millisecond)
		env.Refuses(LoginRequired, "a login at the end of its life")(env.Authorize(t.Context(), used.Token))
		env.Refused(env.Consent(t.Context(), h, policy), LoginRequired, "a holder from before the end")
		swept, err := env.Sweep(t.Context(), env.Now())
		if err != nil || swept.Expired != 2 || swept.Deleted != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
		want := []string{idle.Login, used.Login}
		slices.Sort(want)
		if got := env.drainEndedLogins(); !slices.Equal(got, want) {
			t.Errorf("the hook received %d ended logins", len(got))
		}
		env.Pass(EndedLoginKept)
		if swept, err = env.Sweep(t.Context(), env.Now()); err != nil || swept.Deleted != 2 || env.Count(`SELECT COUNT(*) FROM logins`) != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
	})
}

func TestA5_LoggedOutTokenIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		in, h := env.logIn()
		for _, token := range []string{"", "rgl_", in.Token + "0", in.Token[:len(in.Token)-1], "rga_" + in.Token[4:], "rgl_" + in.Token[5:] + "0"} {
			env.Refuses(LoginRequired, "a wrong token")(env.Authorize(t.Context(), token))
		}
		env.Must(env.LogOut(t.Context(), h))
		env.Refuses(LoginRequired, "a token after logging out")(env.Authorize(t.Context(), in.Token))
		env.Refused(env.Consent(t.Context(), h, policy), LoginRequired, "its holder")
		env.Refuses(LoginRequired, "its edit")(env.Edit(t.Context(), h, Edit{Version: 1, Identity: registration().Identity, Contact: registration().Contact}))
	})
}

func TestA12_LogOutCallsTheHook(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		one, h := env.logIn()
		two, _ := env.logIn()
		env.Must(env.LogOut(t.Context(), h))
		if got := env.drainEndedLogins(); !slices.Equal(got, []string{one.Login}) {
			t.Fatalf("the hook received %v", got)
		}
		if err := env.LogOut(t.Context(), h); err != nil || len(env.drainEndedLogins()) != 0 {
			t.Fatalf("logging out twice: %v", err)
		}
		env.failHooks(errors.New("sessions are unavailable"))
		if err := env.LogOutEverywhere(t.Context(), env.authorize(two.Token)); err == nil {
			t.Fatal("logged out although the hook failed")
		}
		env.failHooks(nil)
		env.drainEndedLogins()
		env.Must(env.LogOutEverywhere(t.Context(), env.authorize(two.Token)))
		if got := env.drainEndedLogins(); !slices.Equal(got, []string{two.Login}) || env.liveLogins() != 0 {
			t.Fatalf("the hook received %v, %d logins live", got, env.liveLogins())
		}
	})
}

// In every order, a login is either live and its token valid, or it has ended and the hook received
// it once.
func TestA12_LogOutEverywhereConcurrentWithLogIn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		var mu sync.Mutex
		in := map[string]string{h.Login(): ""}
		got := env.AtOnce(30, func(i int) error {
			if i%5 == 0 {
				return env.LogOutEverywhere(t.Context(), h)
			}
			got, err := env.LogIn(t.Context(), login, password, issuerdb.Home)
			mu.Lock()
			defer mu.Unlock()
			in[got.Login] = got.Token
			return err
		})
		if got[""] != 30 {
			t.Fatalf("%v", got)
		}
		ended := env.drainEndedLogins()
		for id, token := range in {
			if token == "" {
				continue
			}
			_, err := env.Authorize(t.Context(), token)
			if slices.Contains(ended, id) != problem.Is(err, LoginRequired) {
				t.Errorf("an ended login is valid, or a live login is refused: %v", err)
			}
		}
		if len(slices.Compact(ended)) != len(ended) || len(ended)+env.liveLogins() != len(in) {
			t.Errorf("%d logins, %d live, the hook received %d", len(in), env.liveLogins(), len(ended))
		}
	})
}

// A session opened under LockLogin is found by a concurrent logout.
func TestA12_LockLoginDelaysLogOutUntilCommit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		locked, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- env.DB.Change(context.Background(), "open a session", func(ctx context.Context, tx *sql.Tx) error {
				err := env.LockLogin(ctx, tx, h)
				close(locked)
				<-release
				return err
			})
		}()
		<-locked
		out := make(chan error, 1)
		go func() { out <- env.LogOut(context.Background(), h) }()
		select {
		case err := <-out:
			t.Errorf("logged out while the session was being opened: %v", err)
			out <- err
		case <-time.After(100 * time.Millisecond): // a slow machine may miss a fault but never reports a false one
		}
		close(release)
		env.Must(<-done)
		env.Must(<-out)
		err := env.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return env.LockLogin(ctx, tx, h) })
		env.Refused(err, LoginRequired, "locking an ended login")
	})
}

// There is no deadlock, and the hook receives each login once.
func TestSweepConcurrentWithLogInAndLogOut(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerAndLogIn()
		for range 3 {
			env.logIn()
		}
		env.Pass(DefaultLoginIdle)
		got := env.AtOnce(24, func(i int) (err error) {
			switch i % 4 {
			case 0:
				_, err = env.Sweep(t.Context(), env.Now())
			case 1:
				err = env.LogOutEverywhere(t.Context(), h)
			default:
				_, err = env.LogIn(t.Context(), login, password, issuerdb.Home)
			}
			return err
		})
		ended := env.drainEndedLogins()
		if got[""] != 24 || len(slices.Compact(ended)) != len(ended) || len(ended)+env.liveLogins() != 4+12 {
			t.Errorf("%v: %d ended, %d live", got, len(ended), env.liveLogins())
		}
	})
}
