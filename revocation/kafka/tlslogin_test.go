package kafka_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation/kafka"
)

func TestEnteringOverTLS(t *testing.T) {
	house, foreign := newAuthority(t, "house"), newAuthority(t, "foreign")
	cert, key := house.issue(t, "gateway")
	foreignCert, foreignKey := foreign.issue(t, "gateway")
	old := house.server(t, false)
	old.MaxVersion = tls.VersionTLS11
	for name, c := range map[string]struct {
		server *tls.Config
		s      kafka.Security
		says   string // in the error; "": it works
	}{
		"trusted":              {house.server(t, false), kafka.Security{TLS: true, CAFile: house.file}, ""},
		"by another name":      {house.server(t, false), kafka.Security{TLS: true, CAFile: house.file, ServerName: "kafka"}, ""},
		"known client":         {house.server(t, true), kafka.Security{TLS: true, CAFile: house.file, CertFile: cert, KeyFile: key}, ""},
		"wrong authority":      {house.server(t, false), kafka.Security{TLS: true, CAFile: foreign.file}, "unknown authority"},
		"system's authorities": {house.server(t, false), kafka.Security{TLS: true}, "unknown authority"},
		"wrong name":           {house.server(t, false), kafka.Security{TLS: true, CAFile: house.file, ServerName: "mallory"}, "mallory"},
		"client without paper": {house.server(t, true), kafka.Security{TLS: true, CAFile: house.file}, "certificate required"},
		"unknown client":       {house.server(t, true), kafka.Security{TLS: true, CAFile: house.file, CertFile: foreignCert, KeyFile: foreignKey}, "tls: "},
		"TLS 1.1":              {old, kafka.Security{TLS: true, CAFile: house.file}, "protocol version"},
		"plaintext":            {house.server(t, false), kafka.Security{}, "does not greet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newCluster(t, kfake.TLS(c.server))
			enter(t, cluster, c.s, c.says)
		})
	}
}

// enter makes one call and compares its outcome with what it should say.
func enter(t *testing.T, c *cluster, s kafka.Security, says string) error {
	t.Helper()
	config := c.config(0)
	config.Security = s
	err := fetch(t.Context(), open(t, config))
	switch {
	case says == "" && err != nil:
		t.Error(err)
	case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
		t.Errorf("got %v, want an error that says %q", err, says)
	}
	return err
}

func TestLoggingIn(t *testing.T) {
	const password = "correct horse battery staple"
	house := newAuthority(t, "house")
	right, wrong := write(t, "right", password+"\n"), write(t, "wrong", "incorrect "+password)
	for ours, theirs := range map[string]string{
		"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512",
	} {
		t.Run(ours, func(t *testing.T) {
			c := newCluster(t, kfake.TLS(house.server(t, false)), kfake.EnableSASL(), kfake.Superuser(theirs, "gateway", password))
			s := kafka.Security{TLS: true, CAFile: house.file, SASL: ours, User: "gateway", PasswordFile: right}
			enter(t, c, s, "")
			for name, change := range map[string]func(*kafka.Security){
				"password": func(s *kafka.Security) { s.PasswordFile = wrong },
				"user":     func(s *kafka.Security) { s.User = "mallory" },
			} {
				s := s
				change(&s)
				err := enter(t, c, s, "check user and password_file")
				if !errors.Is(err, kafka.ErrRefused) {
					t.Errorf("wrong %s: not a refusal: %v", name, err)
				}
				if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), s.User)) {
					t.Errorf("wrong %s: the error tells too much: %v", name, err)
				}
			}
		})
	}
	t.Run("no login where one is asked for", func(t *testing.T) {
		c := newCluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "gateway", password))
		enter(t, c, kafka.Security{}, "EOF")
	})
}

// A broker that says no in words, as Kafka does, need not be the real one: its
// words may hold the password that it was just sent.
func TestARefusalInWords(t *testing.T) {
	const password = "correct horse battery staple"
	house := newAuthority(t, "house")
	s := kafka.Security{TLS: true, CAFile: house.file, SASL: "plain", User: "gateway", PasswordFile: write(t, "password", password)}
	for _, step := range []struct {
		key  kmsg.Key
		no   func(kmsg.Request) kmsg.Response
		says string
	}{
		{kmsg.SASLHandshake, func(r kmsg.Request) kmsg.Response {
			no := r.ResponseKind().(*kmsg.SASLHandshakeResponse)
			no.ErrorCode = int16(kafkago.UnsupportedSASLMechanism)
			return no
		}, "does not offer PLAIN"},
		{kmsg.SASLAuthenticate, func(r kmsg.Request) kmsg.Response {
			no := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			no.ErrorCode = int16(kafkago.SASLAuthenticationFailed)
			no.ErrorMessage = kmsg.StringPtr("no user with " + password)
			return no
		}, "check user and password_file"},
	} {
		t.Run(step.key.Name(), func(t *testing.T) {
			c := newCluster(t, kfake.TLS(house.server(t, false)), kfake.EnableSASL(), kfake.Superuser("PLAIN", "gateway", password))
			c.ControlKey(int16(step.key), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				return step.no(r), nil, true
			})
			err := enter(t, c, s, step.says)
			if !errors.Is(err, kafka.ErrRefused) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v", err)
			}
		})
	}
}
