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

// cheapHashing keeps the tests fast: 8 KiB, one pass.
var cheapHashing = Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

// setup is a service on a database, with hooks that record their calls.
type setup struct {
	*issuerdb.DB
	*Service
	phones *provider.SandboxCodes

	mu         sync.Mutex
	ended      []string // ids that LoginsEnded received
	recovered  []string // accounts that Recovered received
	identities []identity.Person
	hookErr    error // returned by every hook
}

// eachDatabase runs a test on every database. change adjusts the configuration.
func eachDatabase(t *testing.T, test func(t *testing.T, env *setup), change ...func(*Config)) {
	issuerdb.Each(t, secrets, func(t *testing.T, d *issuerdb.DB) {
		env := &setup{DB: d, phones: provider.NewSandboxCodes()}
		env.Service = env.newService(change...)
		test(t, env)
	})
}

// newService returns one more issuer on the same database.
func (env *setup) newService(change ...func(*Config)) *Service {
	env.T.Helper()
	c := Config{
		Database: env.DB.DB, Vault: env.DB.Vault, Lockout: env.NewLockout(), Policy: policy, Hashing: cheapHashing, Now: env.DB.Now, Codes: env.phones,
		Hooks: Hooks{
			Registered: func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error {
				return env.record(func() { env.identities = append(env.identities, who) })
			},
			IdentityEdited: func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error {
				return env.record(func() { env.identities = append(env.identities, before, after) })
			},
			Closing: func(ctx context.Context, tx *sql.Tx, account string) error { return env.record(func() {}) },
			LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
				return env.record(func() { env.ended = append(env.ended, logins...) })
			},
			Recovered: func(ctx context.Context, tx *sql.Tx, account, request string) error {
				return env.record(func() { env.recovered = append(env.recovered, account) })
			},
		},
	}
	for _, f := range change {
		f(&c)
	}
	service, err := New(c)
	env.Must(err)
	return service
}

func (env *setup) record(what func()) error {
	env.mu.Lock()
	defer env.mu.Unlock()
	what()
	return env.hookErr
}

func (env *setup) failHooks(err error) {
	env.mu.Lock()
	defer env.mu.Unlock()
	env.hookErr = err
}

// drainEndedLogins returns the ids that LoginsEnded received since the last call.
func (env *setup) drainEndedLogins() []string {
	env.mu.Lock()
	defer env.mu.Unlock()
	ended := env.ended
	env.ended = nil
	slices.Sort(ended)
	return ended
}

// The form that a passenger fills in.
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

func (env *setup) register() string {
	env.T.Helper()
	account, err := env.Register(env.T.Context(), registration(), issuerdb.Home)
	env.Must(err)
	return account
}

// registerAndLogIn returns the holder of a new account, in their first login.
func (env *setup) registerAndLogIn() Holder {
	env.T.Helper()
	env.register()
	_, h := env.logIn()
	return h
}

func (env *setup) logIn() (LoggedIn, Holder) {
	env.T.Helper()
	in, err := env.LogIn(env.T.Context(), login, password, issuerdb.Home)
	env.Must(err)
	return in, env.authorize(in.Token)
}

func (env *setup) authorize(token string) Holder {
	env.T.Helper()
	h, err := env.Authorize(env.T.Context(), token)
	env.Must(err)
	return h
}

func (env *setup) liveLogins() int {
	return env.Count(`SELECT COUNT(*) FROM logins WHERE ended_ms IS NULL`)
}

// secrets must appear only in answers to the holder.
var secrets = []string{login, strings.ToLower(login), password, name, number, phone, email, strings.ToLower(email), "203.0.113.9"}
