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
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		work := func(login string) (answer problem.Error, runs uint64, writes int) {
			t.Helper()
			before := s.hasher.runs.Load()
			_, err := s.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			s.TellsNothing(err)
			var r *problem.Error
			if !errors.As(err, &r) {
				t.Fatalf("%v", err)
			}
			return *r, s.hasher.runs.Load() - before, s.Count(`SELECT COALESCE(SUM(count), 0) + COUNT(*) FROM failures WHERE kind = 'account'`)
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
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		issuers := []*Service{s.Service, s.newService()}
		got := s.AtOnce(50, func(i int) error {
			_, err := issuers[i%2].LogIn(t.Context(), login, "wrong "+password, issuerdb.Home)
			return err
		})
		if got[LoginFailed] != 5 || got[throttle.TooManyFailures] != 45 {
			t.Fatalf("50 guesses: %v", got)
		}
		s.Refuses(throttle.TooManyFailures, "the right password while locked")(s.LogIn(t.Context(), login, password, issuerdb.Home))
		s.Pass(throttle.DefaultRules.Account.FirstLock)
		s.logIn()
		if n := s.Count(`SELECT COUNT(*) FROM failures WHERE kind = 'account'`); n != 0 {
			t.Error("a success did not clear the account's failures")
		}
	})
}

// A right guess whose hashing began before the lockout is refused as well.
func TestLockoutRefusesGuessesInProgress(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		c := credential{}
		err := s.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) (err error) {
			c, err = s.findCredential(ctx, tx, "login_index", s.index(indexLogin, "passenger_1"))
			return err
		})
		if err != nil || c.account == "" {
			t.Fatal(err)
		}
		for range throttle.DefaultRules.Account.Failures {
			s.Refuses(LoginFailed, "a wrong password")(s.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		}
		s.Refuses(throttle.TooManyFailures, "a guess that was right before the lock")(s.startLogin(t.Context(), c, "", s.Lockout.Account("passenger_1")))
	})
}

func TestLoginsPerAccountAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		first, _ := s.logIn()
		s.Pass(time.Second)
		second, _ := s.logIn()
		s.Pass(time.Second)
		got := s.AtOnce(20, func(int) error {
			_, err := s.LogIn(t.Context(), login, password, issuerdb.Home)
			return err
		})
		if got[""] != 20 || s.liveLogins() != DefaultMaxLogins {
			t.Fatalf("%v, %d logins live", got, s.liveLogins())
		}
		ended := s.drainEndedLogins()
		if len(ended) != 17 || len(slices.Compact(ended)) != 17 || !slices.Contains(ended, first.Login) || !slices.Contains(ended, second.Login) {
			t.Errorf("the hook received %d ended logins, want 17 different ones including the oldest", len(ended))
		}
		s.Refuses(LoginRequired, "the oldest token")(s.Authorize(t.Context(), first.Token))
	})
}

func TestLoginEndsAtLifeAndIdleBounds(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		idle, _ := s.logIn()
		used, _ := s.logIn()
		for passed := time.Duration(0); passed+2*24*time.Hour < DefaultLoginLife; passed += 2 * 24 * time.Hour {
			s.authorize(used.Token)
			s.Pass(2 * 24 * time.Hour)
		}
		s.authorize(used.Token)
		s.Refuses(LoginRequired, "a login that was not used")(s.Authorize(t.Context(), idle.Token))
		s.Pass(2*24*time.Hour - time.Millisecond)
		h := s.authorize(used.Token)
		s.Pass(time.Millisecond)
		s.Refuses(LoginRequired, "a login at the end of its life")(s.Authorize(t.Context(), used.Token))
		s.Refused(s.Consent(t.Context(), h, policy), LoginRequired, "a holder from before the end")
		swept, err := s.Sweep(t.Context(), s.Now())
		if err != nil || swept.Expired != 2 || swept.Deleted != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
		want := []string{idle.Login, used.Login}
		slices.Sort(want)
		if got := s.drainEndedLogins(); !slices.Equal(got, want) {
			t.Errorf("the hook received %d ended logins", len(got))
		}
		s.Pass(EndedLoginKept)
		if swept, err = s.Sweep(t.Context(), s.Now()); err != nil || swept.Deleted != 2 || s.Count(`SELECT COUNT(*) FROM logins`) != 0 {
			t.Fatalf("swept %+v: %v", swept, err)
		}
	})
}

func TestA5_LoggedOutTokenIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		in, h := s.logIn()
		for _, token := range []string{"", "rgl_", in.Token + "0", in.Token[:len(in.Token)-1], "rga_" + in.Token[4:], "rgl_" + in.Token[5:] + "0"} {
			s.Refuses(LoginRequired, "a wrong token")(s.Authorize(t.Context(), token))
		}
		s.Must(s.LogOut(t.Context(), h))
		s.Refuses(LoginRequired, "a token after logging out")(s.Authorize(t.Context(), in.Token))
		s.Refused(s.Consent(t.Context(), h, policy), LoginRequired, "its holder")
		s.Refuses(LoginRequired, "its edit")(s.Edit(t.Context(), h, Edit{Version: 1, Identity: registration().Identity, Contact: registration().Contact}))
	})
}

func TestA12_LogOutCallsTheHook(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		s.register()
		one, h := s.logIn()
		two, _ := s.logIn()
		s.Must(s.LogOut(t.Context(), h))
		if got := s.drainEndedLogins(); !slices.Equal(got, []string{one.Login}) {
			t.Fatalf("the hook received %v", got)
		}
		if err := s.LogOut(t.Context(), h); err != nil || len(s.drainEndedLogins()) != 0 {
			t.Fatalf("logging out twice: %v", err)
		}
		s.failHooks(errors.New("sessions are unavailable"))
		if err := s.LogOutEverywhere(t.Context(), s.authorize(two.Token)); err == nil {
			t.Fatal("logged out although the hook failed")
		}
		s.failHooks(nil)
		s.drainEndedLogins()
		s.Must(s.LogOutEverywhere(t.Context(), s.authorize(two.Token)))
		if got := s.drainEndedLogins(); !slices.Equal(got, []string{two.Login}) || s.liveLogins() != 0 {
			t.Fatalf("the hook received %v, %d logins live", got, s.liveLogins())
		}
	})
}

// In every order, a login is either live and its token valid, or it has ended and the hook received
// it once.
func TestA12_LogOutEverywhereConcurrentWithLogIn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		var mu sync.Mutex
		in := map[string]string{h.Login(): ""}
		got := s.AtOnce(30, func(i int) error {
			if i%5 == 0 {
				return s.LogOutEverywhere(t.Context(), h)
			}
			got, err := s.LogIn(t.Context(), login, password, issuerdb.Home)
			mu.Lock()
			defer mu.Unlock()
			in[got.Login] = got.Token
			return err
		})
		if got[""] != 30 {
			t.Fatalf("%v", got)
		}
		ended := s.drainEndedLogins()
		for id, token := range in {
			if token == "" {
				continue
			}
			_, err := s.Authorize(t.Context(), token)
			if slices.Contains(ended, id) != problem.Is(err, LoginRequired) {
				t.Errorf("an ended login is valid, or a live login is refused: %v", err)
			}
		}
		if len(slices.Compact(ended)) != len(ended) || len(ended)+s.liveLogins() != len(in) {
			t.Errorf("%d logins, %d live, the hook received %d", len(in), s.liveLogins(), len(ended))
		}
	})
}

// A session opened under LockLogin is found by a concurrent logout.
func TestA12_LockLoginDelaysLogOutUntilCommit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		locked, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- s.DB.Change(context.Background(), "open a session", func(ctx context.Context, tx *sql.Tx) error {
				err := s.LockLogin(ctx, tx, h)
				close(locked)
				<-release
				return err
			})
		}()
		<-locked
		out := make(chan error, 1)
		go func() { out <- s.LogOut(context.Background(), h) }()
		select {
		case err := <-out:
			t.Errorf("logged out while the session was being opened: %v", err)
			out <- err
		case <-time.After(100 * time.Millisecond): // a slow machine may miss a fault but never reports a false one
		}
		close(release)
		s.Must(<-done)
		s.Must(<-out)
		err := s.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return s.LockLogin(ctx, tx, h) })
		s.Refused(err, LoginRequired, "locking an ended login")
	})
}

// There is no deadlock, and the hook receives each login once.
func TestSweepConcurrentWithLogInAndLogOut(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *setup) {
		h := s.registerAndLogIn()
		for range 3 {
			s.logIn()
		}
		s.Pass(DefaultLoginIdle)
		got := s.AtOnce(24, func(i int) (err error) {
			switch i % 4 {
			case 0:
				_, err = s.Sweep(t.Context(), s.Now())
			case 1:
				err = s.LogOutEverywhere(t.Context(), h)
			default:
				_, err = s.LogIn(t.Context(), login, password, issuerdb.Home)
			}
			return err
		})
		ended := s.drainEndedLogins()
		if got[""] != 24 || len(slices.Compact(ended)) != len(ended) || len(ended)+s.liveLogins() != 4+12 {
			t.Errorf("%v: %d ended, %d live", got, len(ended), s.liveLogins())
		}
	})
}
