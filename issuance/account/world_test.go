package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "account") }

// cheap hashing keeps the tests quick: 8 KiB, one pass.
var cheap = Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

const policy = "2026-01"

// world is a service on a database, with hooks that write down what they hear.
type world struct {
	*Service
	t       *testing.T
	db      *database.DB
	address string
	ms      atomic.Int64 // the time
	phones  *provider.SandboxCodes

	mu    sync.Mutex
	ended []string // logins of which the hook heard
	back  []string // accounts whose password was reset
	known []Identity
	veto  error // what every hook answers
}

// each runs a story on every database. change adjusts the configuration.
func each(t *testing.T, story func(t *testing.T, w *world), change ...func(*Config)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		w := &world{t: t, address: address, phones: provider.NewSandboxCodes()}
		w.ms.Store(time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC).UnixMilli())
		var err error
		if w.db, err = database.Open(t.Context(), address, w.now()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.db.Close() })
		w.Service = w.another(change...)
		story(t, w)
	})
}

func (w *world) now() time.Time       { return time.UnixMilli(w.ms.Load()) }
func (w *world) pass(d time.Duration) { w.ms.Add(d.Milliseconds()) }

// another issuer on the same database.
func (w *world) another(change ...func(*Config)) *Service {
	w.t.Helper()
	keys := vault.New(vault.Master{1, 2, 3})
	lockout, err := throttle.NewLockout(throttle.Config{Database: w.db, Index: keys.Index, Now: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	c := Config{
		Database: w.db, Vault: keys, Lockout: lockout, Policy: policy, Hashing: cheap, Now: w.now, Codes: w.phones,
		Hooks: Hooks{
			Registered: func(ctx context.Context, tx *sql.Tx, account string, who Identity) error {
				return w.heard(func() { w.known = append(w.known, who) })
			},
			IdentityEdited: func(ctx context.Context, tx *sql.Tx, account string, before, after Identity) error {
				return w.heard(func() { w.known = append(w.known, before, after) })
			},
			Closing: func(ctx context.Context, tx *sql.Tx, account string) error { return w.heard(func() {}) },
			LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
				return w.heard(func() { w.ended = append(w.ended, logins...) })
			},
			Recovered: func(ctx context.Context, tx *sql.Tx, account, request string) error {
				return w.heard(func() { w.back = append(w.back, account) })
			},
		},
	}
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) heard(what func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
	return w.veto
}

func (w *world) vetoes(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.veto = err
}

// heardEnd gives the logins of which the hook heard since the last time.
func (w *world) heardEnd() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := w.ended
	w.ended = nil
	slices.Sort(ended)
	return ended
}

// What a passenger enters; the number is made up and fits its check digit.
const (
	login    = "Passenger_1"
	password = "correct horse 蓝色"
	name     = "测试甲"
	number   = "110105199003074616"
	phone    = "13800000001"
	email    = "One.Passenger@Example.org"
)

func registration() Registration {
	return Registration{
		Login: login, Password: password, Policy: policy,
		Identity: EnteredIdentity{Name: name, Document: identity.ResidentID, Number: number},
		Contact:  Contact{Phone: phone, Email: email},
	}
}

// home is where the stories' passengers are; anywhere else they are given.
var home = from("203.0.113.9")

func from(address string) throttle.Caller {
	c, err := throttle.Proxies{}.Caller(address+":443", nil)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return c
}

func (w *world) register() string {
	w.t.Helper()
	account, err := w.Register(w.t.Context(), registration(), home)
	if err != nil {
		w.t.Fatal(err)
	}
	return account
}

func (w *world) logIn() (LoggedIn, Holder) {
	w.t.Helper()
	in, err := w.LogIn(w.t.Context(), login, password, home)
	if err != nil {
		w.t.Fatal(err)
	}
	return in, w.holder(in.Token)
}

func (w *world) holder(token string) Holder {
	w.t.Helper()
	h, err := w.Authorize(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// refused asserts a refusal.
func (w *world) refused(err error, code problem.Code, what string) {
	w.t.Helper()
	if !problem.Is(err, code) {
		w.t.Fatalf("%s: %v, want %s", what, err, code)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Writer().QueryRow(query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) live() int { return w.count(`SELECT COUNT(*) FROM logins WHERE ended_ms IS NULL`) }

// atOnce runs f n times at the same time and counts what became of it, by code;
// "" is success. Any other error fails the test.
func (w *world) atOnce(n int, f func(i int) error) map[problem.Code]int {
	w.t.Helper()
	outcome := map[problem.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			var r *problem.Error
			if err != nil && !errors.As(err, &r) {
				w.t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if r == nil {
				outcome[""]++
			} else {
				outcome[r.Code]++
			}
		})
	}
	close(start)
	wg.Wait()
	return outcome
}

// secrets are what must be readable nowhere but in answers to the holder.
var secrets = []string{login, strings.ToLower(login), password, name, number, phone, email, strings.ToLower(email), "203.0.113.9"}

// tellsNothing asserts that an error repeats nothing personal.
func (w *world) tellsNothing(err error) {
	w.t.Helper()
	text := fmt.Sprintf("%v %+v", err, err)
	var r *problem.Error
	if errors.As(err, &r) {
		text += r.Detail
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("an error tells %q", secret)
		}
	}
}
