package kafka

import (
	"crypto/tls"
	"fmt"

	"github.com/segmentio/kafka-go/sasl"

	"github.com/railgate/railgate/internal/ownfile"
)

// Security configures the connection to Kafka: settings for a command's configuration. The zero value is
// plaintext without a login.
//
// Without TLS, anyone on the network path can read and change the traffic. The control stream is signed, so
// it can then be delayed but not forged.
type Security struct {
	TLS          bool   `toml:"tls" doc:"whether to use TLS, 1.2 or newer"`
	CAFile       string `toml:"ca_file" doc:"PEM file of the certificate authorities for brokers; empty: the system's authorities"`
	CertFile     string `toml:"cert_file" doc:"PEM file of the client certificate, for brokers that require one; empty: none"`
	KeyFile      string `toml:"key_file" secret:"file" doc:"PEM file of the private key of cert_file"`
	ServerName   string `toml:"server_name" doc:"name that every broker's certificate must contain; empty: the host of the broker's address"`
	SASL         string `toml:"sasl" doc:"login mechanism: plain (needs tls), scram-sha-256 or scram-sha-512; empty: no login"`
	User         string `toml:"user" doc:"user name for sasl"`
	PasswordFile string `toml:"password_file" secret:"file" doc:"file with the password for sasl, one line"`

	// Trust names the group that may read key_file and password_file.
	Trust ownfile.Trust `toml:"-"`
}

// Fault is a wrong setting. It never contains the content of a secret file.
type Fault struct {
	Field string // name of the setting, such as "ca_file"
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Setting names the field to package conf.
func (f *Fault) Setting() string { return f.Field }

// Validate returns the faults, one *Fault each. It reads the files, so that settings without faults can be
// opened.
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

// load checks the settings and reads the files.
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
				fault(f.field, "has no effect without tls: set tls or remove it")
			}
		}
	}
	switch s.SASL {
	case "":
		if s.User != "" {
			fault("user", "has no effect without sasl: set sasl or remove it")
		}
		if s.PasswordFile != "" {
			fault("password_file", "has no effect without sasl: set sasl or remove it")
		}
	case saslPlain, saslSHA256, saslSHA512:
		if s.SASL == saslPlain && !s.TLS {
			fault("sasl", "plain needs tls, otherwise the password is sent unencrypted; SCRAM does not send it")
		}
		c.sasl = s.loadSASL(fault)
	default:
		fault("sasl", "must be empty, %s, %s or %s", saslPlain, saslSHA256, saslSHA512)
	}
	return c, faults
}
