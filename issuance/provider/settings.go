package provider

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
)

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
