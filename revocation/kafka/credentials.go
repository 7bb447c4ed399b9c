package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	maxPasswordFile = 4 << 10 // bytes
	maxPEMFile      = 1 << 20 // bytes
)

// loadTLS reads the certificates; it reports errors through fault.
func (s Security) loadTLS(fault func(field, format string, args ...any)) *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: s.ServerName,
		// A resumed session saves a restarted broker most of the work when all clients reconnect.
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	if s.CAFile != "" {
		pem, err := s.readTrusted(s.CAFile, maxPEMFile)
		c.RootCAs = x509.NewCertPool()
		if err != nil {
			fault("ca_file", "%w", err)
		} else if !c.RootCAs.AppendCertsFromPEM(pem) {
			fault("ca_file", "contains no PEM certificate")
		}
	}
	switch {
	case s.CertFile == "" && s.KeyFile == "":
		return c
	case s.KeyFile == "":
		fault("key_file", "must be set together with cert_file")
		return c
	case s.CertFile == "":
		fault("cert_file", "must be set together with key_file")
		return c
	}
	cert, certErr := s.readTrusted(s.CertFile, maxPEMFile)
	if certErr != nil {
		fault("cert_file", "%w", certErr)
	}
	key, keyErr := s.readSecret(s.KeyFile, maxPEMFile)
	if keyErr != nil {
		fault("key_file", "%w", keyErr)
	}
	if certErr != nil || keyErr != nil {
		return c
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		fault("cert_file", "does not match key_file: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c
}

// loadSASL reads the password; it reports errors through fault.
func (s Security) loadSASL(fault func(field, format string, args ...any)) sasl.Mechanism {
	password, err := s.password()
	if err != nil {
		fault("password_file", "%w", err)
	}
	if s.User == "" || strings.ContainsRune(s.User, 0) {
		fault("user", "must be set")
		return nil
	}
	if err != nil {
		return nil
	}
	var m sasl.Mechanism
	switch s.SASL {
	case saslPlain:
		return plain.Mechanism{Username: s.User, Password: password}
	case saslSHA256:
		m, err = scram.Mechanism(scram.SHA256, s.User, password)
	default:
		m, err = scram.Mechanism(scram.SHA512, s.User, password)
	}
	if err != nil {
		// err may quote the password.
		fault("password_file", "the password or user contains characters that SCRAM does not allow")
		return nil
	}
	return m
}

func (s Security) password() (string, error) {
	if s.PasswordFile == "" {
		return "", errors.New("must be set")
	}
	raw, err := s.readSecret(s.PasswordFile, maxPasswordFile)
	if err != nil {
		return "", err
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	switch {
	case password == "":
		return "", errors.New("is empty")
	case strings.ContainsAny(password, "\x00\r\n") || !utf8.ValidString(password):
		return "", errors.New("must contain one line of text")
	}
	return password, nil
}

// readTrusted reads a file that other users may read, but not write.
func (s Security) readTrusted(path string, limit int64) ([]byte, error) {
	raw, err := s.Trust.Read(path, limit)
	return within(limit, raw, err)
}

// readSecret reads a file that only this process's user, root and the trusted group may read.
func (s Security) readSecret(path string, limit int64) ([]byte, error) {
	raw, err := s.Trust.ReadSecret(path, limit, "make it 0600, and replace the secret if they could")
	return within(limit, raw, err)
}

func within(limit int64, raw []byte, err error) ([]byte, error) {
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("is longer than %d bytes", limit)
	}
	return raw, err
}
