package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Sealer is the part of a vault that an account needs. Seal and Open are for one
// place only; Index finds a value again under one purpose. Many goroutines call
// it at once.
type Sealer interface {
	Seal(plain []byte, at vault.Place) []byte
	Open(sealed []byte, at vault.Place) ([]byte, error)
	Index(purpose, value string) [32]byte
}

var _ Sealer = (*vault.Vault)(nil)

// Hooks are what others do in the transaction of a change here: either both
// happen or neither. A hook that returns an error undoes the change, and a refusal
// reaches the caller. It must use tx and nothing else of the database, and take no
// time. None may be nil: one that has nothing to do is written out.
type Hooks struct {
	// Registered is called when the account's rows are there.
	Registered func(ctx context.Context, tx *sql.Tx, account string, who Identity) error
	// IdentityEdited is called before an edit that changes the identity is written,
	// and with both the same when the holder saves a profile again unchanged.
	IdentityEdited func(ctx context.Context, tx *sql.Tx, account string, before, after Identity) error
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
	Vault    Sealer
	// Lockout locks accounts and slows networks.
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
	if c.LoginLife == 0 {
		c.LoginLife = DefaultLoginLife
	}
	if c.LoginIdle == 0 {
		c.LoginIdle = DefaultLoginIdle
	}
	if c.MaxLogins == 0 {
		c.MaxLogins = DefaultMaxLogins
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.CodePrefixes == nil {
		c.CodePrefixes = DefaultCodePrefixes
	}
	if c.Hashing == (Hashing{}) {
		c.Hashing = DefaultHashing
	}
	need(c.Database != nil, "no database")
	need(c.Vault != nil, "no vault")
	need(c.Lockout != nil, "no lockout")
	need(c.Hooks.Registered != nil && c.Hooks.IdentityEdited != nil && c.Hooks.Closing != nil && c.Hooks.LoginsEnded != nil && c.Hooks.Recovered != nil, "a hook is missing")
	need(printable(c.Policy, maxPolicy), "policy version must have 1 to 64 printable ASCII characters")
	need(c.LoginLife >= touchEvery && c.LoginLife <= maxLoginLife, "login life must be a minute to 90 days")
	need(c.LoginIdle > touchEvery && c.LoginIdle <= c.LoginLife, "login idle time must be above a minute and at most login life")
	need(c.MaxLogins >= 1 && c.MaxLogins <= maxMaxLogins, "max logins must be 1 to 100")
	if err := c.Hashing.Check(); err != nil {
		all = append(all, err)
	}
	all = append(all, CheckCodePrefixes(c.CodePrefixes))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	return &Service{c, newHasher(c.Hashing), m, make(chan struct{}, maxSending)}, nil
}

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
