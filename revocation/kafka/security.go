package kafka

import (
	"crypto/tls"
	"fmt"

	"github.com/segmentio/kafka-go/sasl"

	"github.com/railgate/railgate/internal/ownfile"
)

// Security is how to enter Kafka: settings for a command's configuration. The
// zero value is plaintext without a login.
//
// Without TLS anybody on the way can read and change what passes. What the
// control stream says is signed, so it can then be held back but not forged.
type Security struct {
	TLS          bool   `toml:"tls" doc:"whether to use TLS, 1.2 or newer"`
	CAFile       string `toml:"ca_file" doc:"PEM file of the authorities that may vouch for brokers; empty: those of the system"`
	CertFile     string `toml:"cert_file" doc:"PEM file of the client's own certificate, for brokers that ask for one; empty: none"`
	KeyFile      string `toml:"key_file" secret:"file" doc:"PEM file of the key of cert_file"`
	ServerName   string `toml:"server_name" doc:"name that every broker's certificate must bear; empty: the host each is dialled by"`
	SASL         string `toml:"sasl" doc:"plain (needs tls), scram-sha-256 or scram-sha-512; empty: no login"`
	User         string `toml:"user" doc:"user for sasl"`
	PasswordFile string `toml:"password_file" secret:"file" doc:"file that holds the password for sasl, one line"`

	// Trust says whose group may read key_file and password_file.
	Trust ownfile.Trust `toml:"-"`
}

// Fault is a wrong setting. It never shows what is in a secret file.
type Fault struct {
	Field string // as in the settings, such as "ca_file"
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Setting names the field to package conf.
func (f *Fault) Setting() string { return f.Field }

// Validate says what is wrong, one *Fault each; it reads the files, so that
// what it lets pass can be opened.
func (s Security) Validate() []error {
	_, faults := s.load()
	return faults
}

// credentials is Security with its files read.
type credentials struct {
	tls  *tls.Config    // nil: plaintext
	sasl sasl.Mechanism // nil: no login
}

const (
	saslPlain  = "plain"
	saslSHA256 = "scram-sha-256"
	saslSHA512 = "scram-sha-512"
)

// load checks and reads everything.
func (s Security) load() (credentials, []error) {
	var c credentials
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, &Fault{field, fmt.Errorf(format, args...)})
	}
	if s.TLS {
		c.tls = s.loadTLS(fault)
	} else {
		for _, f := range []struct{ field, value string }{
			{"ca_file", s.CAFile}, {"cert_file", s.CertFile}, {"key_file", s.KeyFile}, {"server_name", s.ServerName},
		} {
			if f.value != "" {
				fault(f.field, "has no meaning without tls")
			}
		}
	}
	switch s.SASL {
	case "":
		if s.User != "" {
			fault("user", "has no meaning without sasl")
		}
		if s.PasswordFile != "" {
			fault("password_file", "has no meaning without sasl")
		}
	case saslPlain, saslSHA256, saslSHA512:
		if s.SASL == saslPlain && !s.TLS {
			fault("sasl", "plain needs tls, or the password is sent in the clear; SCRAM does not send it")
		}
		c.sasl = s.loadSASL(fault)
	default:
		fault("sasl", "must be empty, %s, %s or %s", saslPlain, saslSHA256, saslSHA512)
	}
	return c, faults
}
