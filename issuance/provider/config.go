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

// Defaults and upper bounds of the settings.
const (
	DefaultTimeout = 5 * time.Second
	MaxTimeout     = 15 * time.Second // a passenger's request waits for the call

	DefaultCalls = 64
	MaxCalls     = 4096

	DefaultFaults = 5
	MaxFaults     = 1000

	DefaultPause = 5 * time.Second
	MaxPause     = 5 * time.Minute

	DefaultSkew = 30 * time.Second
	MaxSkew     = 5 * time.Minute
)

// Bounds of a message, bytes. A request has room for 4096 bytes of evidence of which JSON escapes each with
// six bytes.
const (
	MaxRequest = 32 << 10
	MaxAnswer  = 16 << 10
)

// Config configures a [Client].
type Config struct {
	// Service names the service in metrics, logs and errors: a constant of the program, 1 to 32 of a-z and
	// "_".
	Service string
	// URL is the base URL of the service; the paths of calls are appended. HTTPS, or HTTP to a loopback
	// address; no user, query or fragment.
	URL string
	// Secrets are shared with the service, one or two. The first signs.
	Secrets []Secret
	// Roots are the certificate authorities for the service. nil: those of the system.
	Roots *x509.CertPool
	// Timeout bounds a call, including its repetition. 0: DefaultTimeout.
	Timeout time.Duration
	// Calls bounds the concurrent calls and the connections. 0: DefaultCalls.
	Calls int
	// Faults is the number of consecutive bad calls that opens the breaker. 0: DefaultFaults.
	Faults int
	// Pause is the time that the breaker stays open before a probe. 0: DefaultPause.
	Pause time.Duration
	// Skew bounds the difference between the clocks of the service and the issuer. 0: DefaultSkew.
	Skew time.Duration
	// Now is the clock of signatures and of the breaker. nil: time.Now.
	Now func() time.Time
	// Log receives changes of the breaker. nil: no log.
	Log *zap.Logger
	// Metrics receives the collectors. nil: they are not exported.
	Metrics prometheus.Registerer
}

// Validate reports every wrong field, each as a [*Fault].
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

// complete fills in the defaults.
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

// Fault is a wrong setting. Its text never contains a secret.
type Fault struct {
	Field string // as in Settings, such as "url"
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Setting returns the name of the field in the settings of a service, for package conf. Most fields are in
// the table "service".
func (f *Fault) Setting() string {
	switch f.Field {
	case "callback_url", "label", "waiting":
		return f.Field
	}
	return "service." + f.Field
}

// ParseURL parses the URL of a service or of a callback: HTTPS, or HTTP to a loopback address, because a
// signature does not hide the content. Its errors do not repeat the text, which may contain a password.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("must be an absolute URL such as https://host/path")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("must have no user, query or fragment")
	}
	// A name such as localhost is refused: the resolver decides its address.
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && ip != nil && ip.IsLoopback()) {
		return nil, errors.New("must be https; http only to a loopback address such as 127.0.0.1")
	}
	return u, nil
}

// maxLabel bounds a label, bytes. Labels appear in an HTTP header.
const maxLabel = 100

// CheckLabel reports a fault of a service's label, as a [*Fault]. The operator chooses the label. It is
// printable ASCII, because it appears in headers and logs.
func CheckLabel(label string) error {
	if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, func(r rune) bool { return r < ' ' || r > '~' }) {
		return &Fault{"label", fmt.Errorf("must be 1 to %d characters of printable ASCII", maxLabel)}
	}
	return nil
}

func within[T int | time.Duration](value, most T) error {
	if value < 0 || value > most {
		return fmt.Errorf("must be from 0, the default, to %v", most)
	}
	return nil
}

func orDefault[T int | time.Duration](value *T, other T) {
	if *value == 0 {
		*value = other
	}
}

// maxCA bounds a file of certificate authorities, bytes.
const maxCA = 1 << 20

// Settings are the settings of one service: a table of a command's configuration.
type Settings struct {
	URL         string        `toml:"url" doc:"base URL of the service, https://host/path; http only to a loopback address"`
	SecretFiles []string      `toml:"secret_files" secret:"file" doc:"files of the secrets shared with the service, one or two; the first signs"`
	CAFile      string        `toml:"ca_file" doc:"PEM file of the certificate authorities for the service; empty: those of the system"`
	Timeout     time.Duration `toml:"timeout" doc:"timeout of a call; 0: 5s; at most 15s"`
	Calls       int           `toml:"calls" doc:"maximum number of concurrent calls and connections; 0: 64"`
	Faults      int           `toml:"faults" doc:"consecutive bad calls after which the service is not called for a pause; 0: 5"`
	Pause       time.Duration `toml:"pause" doc:"pause before one call tests a failing service; 0: 5s"`
	Skew        time.Duration `toml:"skew" doc:"maximum difference between the clocks of the service and the issuer; 0: 30s"`
}

// Load reads the files and reports every wrong setting, each as a [*Fault]. The caller sets Now, Log and
// Metrics of the result.
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
			// A secret that could not be read is not reported as missing too.
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
		return nil, fmt.Errorf("%s must contain PEM certificates, at most %d bytes", path, maxCA)
	}
	return roots, nil
}
