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
func eachDatabase(t *testing.T, test func(t *testing.T, s *setup), change ...func(*Config)) {
	issuerdb.Each(t, secrets, func(t *testing.T, d *issuerdb.DB) {
		s := &setup{DB: d, phones: provider.NewSandboxCodes()}
		s.Service = s.newService(change...)
		test(t, s)
	})
}

// newService returns one more issuer on the same database.
func (s *setup) newService(change ...func(*Config)) *Service {
	s.T.Helper()
	c := Config{
		Database: s.DB.DB, Vault: s.DB.Vault, Lockout: s.NewLockout(), Policy: policy, Hashing: cheapHashing, Now: s.DB.Now, Codes: s.phones,
		Hooks: Hooks{
			Registered: func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error {
				return s.record(func() { s.identities = append(s.identities, who) })
			},
			IdentityEdited: func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error {
				return s.record(func() { s.identities = append(s.identities, before, after) })
			},
			Closing: func(ctx context.Context, tx *sql.Tx, account string) error { return s.record(func() {}) },
			LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
				return s.record(func() { s.ended = append(s.ended, logins...) })
			},
			Recovered: func(ctx context.Context, tx *sql.Tx, account, request string) error {
				return s.record(func() { s.recovered = append(s.recovered, account) })
			},
		},
	}
	for _, f := range change {
		f(&c)
	}
	service, err := New(c)
	s.Must(err)
	return service
}

func (s *setup) record(what func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	return s.hookErr
}

func (s *setup) failHooks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hookErr = err
}

// drainEndedLogins returns the ids that LoginsEnded received since the last call.
func (s *setup) drainEndedLogins() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := s.ended
	s.ended = nil
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

func (s *setup) register() string {
	s.T.Helper()
	account, err := s.Register(s.T.Context(), registration(), issuerdb.Home)
	s.Must(err)
	return account
}

// registerAndLogIn returns the holder of a new account, in their first login.
func (s *setup) registerAndLogIn() Holder {
	s.T.Helper()
	s.register()
	_, h := s.logIn()
	return h
}

func (s *setup) logIn() (LoggedIn, Holder) {
	s.T.Helper()
	in, err := s.LogIn(s.T.Context(), login, password, issuerdb.Home)
	s.Must(err)
	return in, s.authorize(in.Token)
}

func (s *setup) authorize(token string) Holder {
	s.T.Helper()
	h, err := s.Authorize(s.T.Context(), token)
	s.Must(err)
	return h
}

func (s *setup) liveLogins() int {
	return s.Count(`SELECT COUNT(*) FROM logins WHERE ended_ms IS NULL`)
}

// secrets must appear only in answers to the holder.
var secrets = []string{login, strings.ToLower(login), password, name, number, phone, email, strings.ToLower(email), "203.0.113.9"}
