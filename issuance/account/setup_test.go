package account

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/issuerdb"
)

func TestMain(m *testing.M) { databasetest.Main(m, "account") }

// cheap hashing keeps the tests quick: 8 KiB, one pass.
var cheap = Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

// system is a service on a database, with hooks that write down what they hear.
type system struct {
	*issuerdb.DB
	*Service
	phones *provider.SandboxCodes

	mu    sync.Mutex
	ended []string // logins of which the hook heard
	back  []string // accounts whose password was reset
	known []identity.Person
	veto  error // what every hook answers
}

// each runs a story on every database. change adjusts the configuration.
func each(t *testing.T, story func(t *testing.T, w *system), change ...func(*Config)) {
	issuerdb.Each(t, secrets, func(t *testing.T, d *issuerdb.DB) {
		w := &system{DB: d, phones: provider.NewSandboxCodes()}
		w.Service = w.another(change...)
		story(t, w)
	})
}

// another issuer on the same database.
func (w *system) another(change ...func(*Config)) *Service {
	w.T.Helper()
	c := Config{
		Database: w.DB.DB, Vault: w.DB.Vault, Lockout: w.NewLockout(), Policy: policy, Hashing: cheap, Now: w.DB.Now, Codes: w.phones,
		Hooks: Hooks{
			Registered: func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error {
				return w.heard(func() { w.known = append(w.known, who) })
			},
			IdentityEdited: func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error {
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
	w.Must(err)
	return s
}

func (w *system) heard(what func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
	return w.veto
}

func (w *system) vetoes(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.veto = err
}

// heardEnd gives the logins of which the hook heard since the last time.
func (w *system) heardEnd() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := w.ended
	w.ended = nil
	slices.Sort(ended)
	return ended
}

// What a passenger enters.
const (
	policy   = issuerdb.Policy
	login    = "Passenger_1"
	password = issuerdb.Password
	name     = "测试甲"
	phone    = "13800000001"
	email    = "One.Passenger@Example.org"
)

var number = passenger.IDNumber("11010519900307461")

func registration() Registration {
	return Registration{
		Login: login, Password: password, Policy: policy,
		Identity: identity.Entry{Name: name, DocumentType: "resident_id", DocumentNumber: number},
		Contact:  Contact{Phone: phone, Email: email},
	}
}

func (w *system) register() string {
	w.T.Helper()
	account, err := w.Register(w.T.Context(), registration(), issuerdb.Home)
	w.Must(err)
	return account
}

// registered is the holder of a new account, in their first login.
func (w *system) registered() Holder {
	w.T.Helper()
	w.register()
	_, h := w.logIn()
	return h
}

func (w *system) logIn() (LoggedIn, Holder) {
	w.T.Helper()
	in, err := w.LogIn(w.T.Context(), login, password, issuerdb.Home)
	w.Must(err)
	return in, w.holder(in.Token)
}

func (w *system) holder(token string) Holder {
	w.T.Helper()
	h, err := w.Authorize(w.T.Context(), token)
	w.Must(err)
	return h
}

func (w *system) live() int { return w.Count(`SELECT COUNT(*) FROM logins WHERE ended_ms IS NULL`) }

// secrets are what must be readable nowhere but in answers to the holder.
var secrets = []string{login, strings.ToLower(login), password, name, number, phone, email, strings.ToLower(email), "203.0.113.9"}
