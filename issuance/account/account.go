// Package account is the passenger's account: registration, password, logins, the
// profile, and what a person may see and have erased.
//
// It promises: an unknown login name and a wrong password get the same answer for
// the same work; of attempts at the same time no more are answered than the
// failures' rule allows; a login ends for good, at its bounds or by its holder,
// and whatever is bound to it learns so in the same transaction (rule A12); two
// edits of one profile do not overwrite each other; personal fields are in the
// database only sealed, and found by keyed hashes; no error repeats what was
// entered; a closed account leaves nothing here.
//
// It does not know whether an identity is verified, taken or free: the registry does,
// and has its say through Hooks. A code shows that a phone is the holder's (rule G40),
// and is the way back from a forgotten password; no answer tells whether there is such
// an account. An e-mail address is not checked. Neither phone nor e-mail address is a
// login name. An account with a hash of older parameters answers in older time until
// its next login.
package account

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Hooks are what others do in the transaction of a change here: either both
// happen or neither. A hook that returns an error undoes the change, and a refusal
// reaches the caller. It must use tx and nothing else of the database, and take no
// time. None may be nil: one that has nothing to do is written out.
type Hooks struct {
	// Registered is called when the account's rows are there.
	Registered func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error
	// IdentityEdited is called before an edit that changes the identity is written,
	// and with both the same when the holder saves a profile again unchanged.
	IdentityEdited func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error
	// Closing is called before the account's rows are deleted: what refers to
	// them must go, or stop referring.
	Closing func(ctx context.Context, tx *sql.Tx, account string) error
	// LoginsEnded is called with the ids of logins that end now, 1 to
	// MaxEndedAtOnce.
	// What is bound to them must end as well (rule A12).
	LoginsEnded func(ctx context.Context, tx *sql.Tx, logins []string) error
	// Recovered is called when an account has a new password without the old one. request
	// is the id of the request.
	Recovered func(ctx context.Context, tx *sql.Tx, account, request string) error
}

// Config is what a Service works with.
type Config struct {
	Database *database.DB
	Vault    *vault.Vault
	// Lockout locks accounts and slow networks.
	Lockout *throttle.Lockout
	Hooks   Hooks
	// Policy is the version of the privacy policy in force, 1 to 64 characters
	// (rule B12). Who registers must agree to this one.
	Policy string
	// Codes sends one-time codes to phones (rule G40). nil: no phone is verified, and a
	// forgotten password has no way back by phone.
	Codes provider.CodeSender
	// CodePrefixes are country codes, each with its plus sign, to which codes are sent besides
	// mainland numbers. nil: DefaultCodePrefixes.
	CodePrefixes []string
	// Hashing is the work of a password. Zero: DefaultHashing.
	Hashing Hashing
	// LoginLife and LoginIdle bound a login from its beginning and from its last
	// use. 0: DefaultLoginLife, DefaultLoginIdle.
	LoginLife, LoginIdle time.Duration
	// MaxLogins bounds the logins of one account; a further one ends the oldest.
	// 0: DefaultMaxLogins.
	MaxLogins int
	// Now is the clock. nil: time.Now.
	Now func() time.Time
	// Log receives faults of the provider of codes; no personal data. nil: no log.
	Log *zap.Logger
	// Metrics receives the counters. nil: they are counted and shown nowhere.
	Metrics prometheus.Registerer
}

// The bounds of logins. Ours: the source names none. Showing a code needs a face
// check in any case (A11), so a login may live as long as a journey there and
// back, but not in a drawer.
const (
	DefaultLoginLife = 14 * 24 * time.Hour
	DefaultLoginIdle = 3 * 24 * time.Hour
	DefaultMaxLogins = 5
	maxLoginLife     = 90 * 24 * time.Hour
	maxMaxLogins     = 100
)

// touchEvery is how exactly the last use of a login is known: a write for every
// request would cost more than it tells.
const touchEvery = time.Minute

// Service keeps the accounts. It is safe for many goroutines at once.
type Service struct {
	Config
	hasher  *hasher
	metrics *metrics
	sending chan struct{} // a place for each code that is handed to the provider
}

// New checks the configuration, reporting all that is wrong, and makes a Service.
func New(c Config) (*Service, error) {
	var all []error
	need := func(ok bool, what string) {
		if !ok {
			all = append(all, errors.New("account: "+what))
		}
	}
	c.LoginLife, c.LoginIdle = cmp.Or(c.LoginLife, DefaultLoginLife), cmp.Or(c.LoginIdle, DefaultLoginIdle)
	c.MaxLogins, c.Hashing = cmp.Or(c.MaxLogins, DefaultMaxLogins), cmp.Or(c.Hashing, DefaultHashing)
	c.Log = cmp.Or(c.Log, zap.NewNop())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.CodePrefixes == nil {
		c.CodePrefixes = DefaultCodePrefixes
	}
	need(c.Database != nil, "no database")
	need(c.Vault != nil, "no vault")
	need(c.Lockout != nil, "no lockout")
	need(c.Hooks.Registered != nil && c.Hooks.IdentityEdited != nil && c.Hooks.Closing != nil && c.Hooks.LoginsEnded != nil && c.Hooks.Recovered != nil, "a hook is missing")
	need(printable(c.Policy, maxPolicy), "policy version must have 1 to 64 printable ASCII characters")
	need(c.LoginLife >= touchEvery && c.LoginLife <= maxLoginLife, "login life must be a minute to 90 days")
	need(c.LoginIdle > touchEvery && c.LoginIdle <= c.LoginLife, "login idle time must be above a minute and at most login life")
	need(c.MaxLogins >= 1 && c.MaxLogins <= maxMaxLogins, "max logins must be 1 to 100")
	all = append(all, c.Hashing.Check(), CheckCodePrefixes(c.CodePrefixes))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	return &Service{c, newHasher(c.Hashing), m, make(chan struct{}, maxSending)}, nil
}

func (s *Service) now() database.Millis { return database.MillisAt(s.Now()) }

// CheckCodePrefixes reports what is wrong with Config.CodePrefixes.
func CheckCodePrefixes(prefixes []string) error {
	for _, p := range prefixes {
		digits, ok := strings.CutPrefix(p, "+")
		if !ok || len(digits) < 1 || len(digits) > 7 || digits[0] == '0' || !allIn(digits, "0123456789") || strings.HasPrefix(p, mainland) {
			return errors.New("account: a prefix for codes must be a plus sign and 1 to 7 digits such as +852, and not mainland China's +86")
		}
	}
	return nil
}

// maxPolicy bounds the name of a privacy policy's version, characters.
const maxPolicy = 64

// printable reports whether text has 1 to most characters of ASCII and none that
// cannot be seen.
func printable(text string, most int) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= most
}

// The results of a request for a code.
const (
	codeSent      = "sent"
	codeFailed    = "failed"    // the provider did not take it on
	codeThrottled = "throttled" // a bound on codes was reached
)

// metrics counts phone codes. Label values are fixed here.
type metrics struct {
	codes   *prometheus.CounterVec // by purpose and outcome
	entries *prometheus.CounterVec // by purpose and outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		codes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_codes_total",
			Help: "Codes that were to be sent to phones, by purpose and outcome: sent, failed at the provider, or throttled by a bound."}, []string{"purpose", "outcome"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_code_entries_total",
			Help: "Codes that were entered, by purpose and outcome."}, []string{"purpose", "outcome"}),
	}
	for _, p := range provider.Purposes() {
		for _, outcome := range []string{codeSent, codeFailed, codeThrottled} {
			m.codes.WithLabelValues(string(p), outcome)
		}
		for _, outcome := range []string{"right", "wrong"} {
			m.entries.WithLabelValues(string(p), outcome)
		}
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.codes, m.entries} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("account: metrics: %w", err)
		}
	}
	return m, nil
}
