package provider

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/ownfile"
)

// Bounds that an operator may choose within.
const (
	DefaultTimeout = 5 * time.Second
	MaxTimeout     = 15 * time.Second // a passenger waits for it

	DefaultCalls = 64
	MaxCalls     = 4096

	DefaultFaults = 5
	MaxFaults     = 1000

	DefaultPause = 5 * time.Second
	MaxPause     = 5 * time.Minute

	DefaultSkew = 30 * time.Second
	MaxSkew     = 5 * time.Minute
)

// Bounds of a message, bytes. They leave room for 4096 bytes of evidence in
// which JSON escapes each one with six.
const (
	MaxRequest = 32 << 10
	MaxAnswer  = 16 << 10
)

// Config is what a Client works with.
type Config struct {
	// Service names the service in metrics, logs and errors: a constant of the
	// program, 1 to 32 of a-z and "_".
	Service string
	// URL is where the service is; paths of calls are joined to its own. HTTPS,
	// or HTTP to a loopback address; no user, query or fragment.
	URL string
	// Secrets are shared with the service, one or two. The first signs.
	Secrets []Secret
	// Roots may vouch for the service. nil: the authorities of the system.
	Roots *x509.CertPool
	// Timeout bounds one call with its repetition. 0: DefaultTimeout.
	Timeout time.Duration
	// Calls bounds the calls in flight, and so the connections. 0: DefaultCalls.
	Calls int
	// Faults is how many bad calls in a row open the breaker. 0: DefaultFaults.
	Faults int
	// Pause is how long the breaker stays open before a probe. 0: DefaultPause.
	Pause time.Duration
	// Skew bounds how far the service's clock may be from ours. 0: DefaultSkew.
	Skew time.Duration
	// Now is the clock of signatures and of the breaker. nil: time.Now.
	Now func() time.Time
	// Log receives changes of the breaker. nil: no log.
	Log *zap.Logger
	// Metrics receives the collectors. nil: they count and are shown nowhere.
	Metrics prometheus.Registerer
}

// Validate reports all that is wrong, each a *Fault.
func (c *Config) Validate() error {
	var faults []error
	fault := func(field string, err error) {
		if err != nil {
			faults = append(faults, &Fault{field, err})
		}
	}
	if c.Service == "" || len(c.Service) > 32 || strings.Trim(c.Service, "abcdefghijklmnopqrstuvwxyz_") != "" {
		fault("service", errors.New("must be 1 to 32 of a-z and \"_\""))
	}
	_, err := ParseURL(c.URL)
	fault("url", err)
	_, err = NewKeyring(c.Secrets...)
	fault("secret_files", err)
	fault("timeout", within(c.Timeout, MaxTimeout))
	fault("calls", within(c.Calls, MaxCalls))
	fault("faults", within(c.Faults, MaxFaults))
	fault("pause", within(c.Pause, MaxPause))
	fault("skew", within(c.Skew, MaxSkew))
	return errors.Join(faults...)
}

// complete fills in what may be left out.
func (c *Config) complete() {
	orDefault(&c.Timeout, DefaultTimeout)
	orDefault(&c.Calls, DefaultCalls)
	orDefault(&c.Faults, DefaultFaults)
	orDefault(&c.Pause, DefaultPause)
	orDefault(&c.Skew, DefaultSkew)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
}

// Fault is a wrong setting. It never shows a secret.
type Fault struct {
	Field string // as in Settings, such as "url"
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Setting names the field to package conf as it stands in the table of a service: most
// are in its table "service".
func (f *Fault) Setting() string {
	switch f.Field {
	case "callback_url", "label", "waiting":
		return f.Field
	}
	return "service." + f.Field
}

// ParseURL reads an address of a service or of a callback: HTTPS, or HTTP to a
// loopback address, since what is signed is not hidden. It does not repeat the
// text, which may hold a password.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("must be an absolute URL such as https://host/path")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("must have no user, query or fragment")
	}
	// A name such as localhost is whatever the resolver says.
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && ip != nil && ip.IsLoopback()) {
		return nil, errors.New("must be https; http only to a loopback address such as 127.0.0.1")
	}
	return u, nil
}

// maxLabel bounds a label, which stands in an HTTP header, bytes.
const maxLabel = 100

// CheckLabel says what is wrong with a service's name for people, which an
// operator chooses: printable ASCII, since it is shown in headers and logs. The
// error is a *Fault.
func CheckLabel(label string) error {
	if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, func(r rune) bool { return r < ' ' || r > '~' }) {
		return &Fault{"label", fmt.Errorf("must be 1 to %d characters of printable ASCII", maxLabel)}
	}
	return nil
}

func within[T int | time.Duration](value, most T) error {
	if value < 0 || value > most {
		return fmt.Errorf("must be 0, for the default, to %v", most)
	}
	return nil
}

func orDefault[T int | time.Duration](value *T, other T) {
	if *value == 0 {
		*value = other
	}
}

// maxCA bounds what is read of a file of authorities, bytes.
const maxCA = 1 << 20

// Settings is what an operator says of one service: a table of a command's
// configuration.
type Settings struct {
	URL         string        `toml:"url" doc:"where the service is, https://host/path; http only to a loopback address"`
	SecretFiles []string      `toml:"secret_files" secret:"file" doc:"files of the secrets shared with the service, one or two; the first signs"`
	CAFile      string        `toml:"ca_file" doc:"PEM file of the authorities that may vouch for the service; empty: those of the system"`
	Timeout     time.Duration `toml:"timeout" doc:"bound on one call; 0: 5s; at most 15s"`
	Calls       int           `toml:"calls" doc:"bound on calls and connections at once; 0: 64"`
	Faults      int           `toml:"faults" doc:"bad calls in a row after which the service is left alone; 0: 5"`
	Pause       time.Duration `toml:"pause" doc:"how long it is left alone before one call tries it; 0: 5s"`
	Skew        time.Duration `toml:"skew" doc:"how far the service's clock may be from ours; 0: 30s"`
}

// Load reads the files and reports all that is wrong, each a *Fault. What it
// returns has yet to be given Now, Log and Metrics.
func (s Settings) Load(service string, trust ownfile.Trust) (Config, error) {
	c := Config{Service: service, URL: s.URL, Timeout: s.Timeout, Calls: s.Calls, Faults: s.Faults, Pause: s.Pause, Skew: s.Skew}
	var faults []error
	for _, file := range s.SecretFiles {
		secret, err := ReadSecret(file, trust)
		if err != nil {
			faults = append(faults, &Fault{"secret_files", err})
			continue
		}
		c.Secrets = append(c.Secrets, secret)
	}
	if s.CAFile != "" {
		var err error
		if c.Roots, err = readRoots(s.CAFile, trust); err != nil {
			faults = append(faults, &Fault{"ca_file", err})
		}
	}
	unread := len(c.Secrets) < len(s.SecretFiles)
	if joined, ok := c.Validate().(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			// What could not be read is not missing as well.
			if f := (*Fault)(nil); !(unread && errors.As(err, &f) && f.Field == "secret_files") {
				faults = append(faults, err)
			}
		}
	}
	return c, errors.Join(faults...)
}

func readRoots(path string, trust ownfile.Trust) (*x509.CertPool, error) {
	text, err := trust.Read(path, maxCA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if len(text) > maxCA || !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s must hold PEM certificates, at most %d bytes", path, maxCA)
	}
	return roots, nil
}
