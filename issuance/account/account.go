// Package account implements passenger accounts: registration, passwords, logins, the profile,
// export of personal data and closing.
//
// It promises: an unknown login name and a wrong password get the same answer for the same work. No
// more concurrent attempts are answered than the lockout's rule allows. A login ends permanently,
// at its bounds or on request, and everything bound to it ends in the same transaction (rule A12).
// Two edits of one profile do not overwrite each other. Personal fields are stored only encrypted
// and are searched by keyed hashes. No error repeats what was entered. A closed account leaves no
// rows in this package's tables.
//
// The package does not know whether an identity is verified or registered elsewhere: the registry
// decides, through [Hooks]. A phone code proves control of the phone (rule G40) and is the only
// recovery from a forgotten password; its answers do not reveal whether an account exists. E-mail
// addresses are not verified. Neither phone nor e-mail address is a login name. Known gap: an
// attempt on an account whose hash has older parameters takes the time of those parameters, until
// the next successful login.
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

// Hooks are called in the transaction of a change in this package: either both happen or neither. A
// hook that returns an error undoes the change; a problem is returned to the caller. A hook must
// use tx for all database access and must return quickly. No hook may be nil.
type Hooks struct {
	// Registered is called after the account's rows are inserted.
	Registered func(ctx context.Context, tx *sql.Tx, account string, who identity.Person) error
	// IdentityEdited is called before an edit of the identity is written. It is also called, with
	// before equal to after, when the holder saves an unchanged profile.
	IdentityEdited func(ctx context.Context, tx *sql.Tx, account string, before, after identity.Person) error
	// Closing is called before the account's rows are deleted. Rows that refer to them must be
	// deleted or detached.
	Closing func(ctx context.Context, tx *sql.Tx, account string) error
	// LoginsEnded is called with the ids of logins that end, 1 to [MaxEndedPerCall]. Everything
	// bound to these logins must end as well (rule A12).
	LoginsEnded func(ctx context.Context, tx *sql.Tx, logins []string) error
	// Recovered is called when an account gets a new password without the old one. request is the
	// id of the HTTP request.
	Recovered func(ctx context.Context, tx *sql.Tx, account, request string) error
}

// Config configures a [Service].
type Config struct {
	Database *database.DB
	Vault    *vault.Vault
	// Lockout locks accounts and throttles networks after failures.
	Lockout *throttle.Lockout
	Hooks   Hooks
	// Policy is the version of the current privacy policy, 1 to 64 characters (rule B12).
	// Registration requires consent to this version.
	Policy string
	// Codes sends one-time codes to phones (rule G40). nil: phones cannot be verified, and a
	// forgotten password cannot be reset by phone.
	Codes provider.CodeSender
	// CodePrefixes are the country codes, each with its plus sign, to which codes are sent in
	// addition to mainland numbers. nil: [DefaultCodePrefixes].
	CodePrefixes []string
	// Hashing is the cost of a password hash. Zero: [DefaultHashing].
	Hashing Hashing
	// LoginLife and LoginIdle bound a login, from its beginning and from its last use. 0:
	// [DefaultLoginLife], [DefaultLoginIdle].
	LoginLife, LoginIdle time.Duration
	// MaxLogins bounds the logins of one account; one more login ends the oldest. 0:
	// [DefaultMaxLogins].
	MaxLogins int
	// Now is the clock. nil: [time.Now].
	Now func() time.Time
	// Log receives faults of the code provider, without personal data. nil: no log.
	Log *zap.Logger
	// Metrics registers the counters. nil: the counters are not exported.
	Metrics prometheus.Registerer
}

// Bounds of logins. Our choice: the rules name none. Showing a code always needs a face check
// (A11), so a login may last for a return journey, but an unused login ends after days.
const (
	DefaultLoginLife = 14 * 24 * time.Hour
	DefaultLoginIdle = 3 * 24 * time.Hour
	DefaultMaxLogins = 5
	maxLoginLife     = 90 * 24 * time.Hour
	maxMaxLogins     = 100
)

// touchInterval is the precision of a login's last use. Recording every request would add a write
// to each.
const touchInterval = time.Minute

// Service implements the accounts. It is safe for concurrent use.
type Service struct {
	Config
	hasher  *hasher
	metrics *metrics
	sending chan struct{} // one element per code that is being sent
}

// New checks the configuration and returns a Service. The error reports every fault of the
// configuration.
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
	need(c.Database != nil, "Database is required")
	need(c.Vault != nil, "Vault is required")
	need(c.Lockout != nil, "Lockout is required")
	need(c.Hooks.Registered != nil && c.Hooks.IdentityEdited != nil && c.Hooks.Closing != nil && c.Hooks.LoginsEnded != nil && c.Hooks.Recovered != nil, "every hook is required")
	need(printable(c.Policy, maxPolicy), "Policy must have 1 to 64 printable ASCII characters")
	need(c.LoginLife >= touchInterval && c.LoginLife <= maxLoginLife, "LoginLife must be 1 minute to 90 days")
	need(c.LoginIdle > touchInterval && c.LoginIdle <= c.LoginLife, "LoginIdle must be longer than 1 minute and at most LoginLife")
	need(c.MaxLogins >= 1 && c.MaxLogins <= maxMaxLogins, "MaxLogins must be 1 to 100")
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

// CheckCodePrefixes reports what is wrong with [Config.CodePrefixes].
func CheckCodePrefixes(prefixes []string) error {
	for _, p := range prefixes {
		digits, ok := strings.CutPrefix(p, "+")
		if !ok || len(digits) < 1 || len(digits) > 7 || digits[0] == '0' || !allIn(digits, "0123456789") || strings.HasPrefix(p, mainland) {
			return errors.New("account: each code prefix must be a plus sign and 1 to 7 digits, such as +852; mainland China's +86 is always served")
		}
	}
	return nil
}

// maxPolicy bounds the version of a privacy policy, in characters.
const maxPolicy = 64

// printable reports whether text has 1 to most characters, all visible ASCII.
func printable(text string, most int) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= most
}

// Outcomes of a request for a phone code.
const (
	codeSent      = "sent"
	codeFailed    = "failed"    // the provider did not accept it
	codeThrottled = "throttled" // a limit was reached
)

// metrics counts phone codes. All label values are created at start.
type metrics struct {
	codes   *prometheus.CounterVec // by purpose and outcome
	entries *prometheus.CounterVec // by purpose and outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		codes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_codes_total",
			Help: "Phone codes requested, by purpose and outcome: sent, failed (the provider did not accept it) or throttled (a limit was reached)."}, []string{"purpose", "outcome"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_code_entries_total",
			Help: "Phone codes entered, by purpose and outcome: right or wrong."}, []string{"purpose", "outcome"}),
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
