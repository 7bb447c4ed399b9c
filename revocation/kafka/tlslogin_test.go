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

func TestConnectingOverTLS(t *testing.T) {
	ca, foreign := newAuthority(t, "house"), newAuthority(t, "foreign")
	cert, key := ca.issue(t, "gateway")
	foreignCert, foreignKey := foreign.issue(t, "gateway")
	old := ca.server(t, false)
	old.MaxVersion = tls.VersionTLS11
	for name, c := range map[string]struct {
		server *tls.Config
		s      kafka.Security
		want   string // in the error; "": it works
	}{
		"trusted":                    {ca.server(t, false), kafka.Security{TLS: true, CAFile: ca.file}, ""},
		"by another name":            {ca.server(t, false), kafka.Security{TLS: true, CAFile: ca.file, ServerName: "kafka"}, ""},
		"known client":               {ca.server(t, true), kafka.Security{TLS: true, CAFile: ca.file, CertFile: cert, KeyFile: key}, ""},
		"wrong authority":            {ca.server(t, false), kafka.Security{TLS: true, CAFile: foreign.file}, "unknown authority"},
		"system's authorities":       {ca.server(t, false), kafka.Security{TLS: true}, "unknown authority"},
		"wrong name":                 {ca.server(t, false), kafka.Security{TLS: true, CAFile: ca.file, ServerName: "mallory"}, "mallory"},
		"client without certificate": {ca.server(t, true), kafka.Security{TLS: true, CAFile: ca.file}, "certificate required"},
		"unknown client":             {ca.server(t, true), kafka.Security{TLS: true, CAFile: ca.file, CertFile: foreignCert, KeyFile: foreignKey}, "tls: "},
		"TLS 1.1":                    {old, kafka.Security{TLS: true, CAFile: ca.file}, "protocol version"},
		"plaintext":                  {ca.server(t, false), kafka.Security{}, "does not answer ApiVersions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newCluster(t, kfake.TLS(c.server))
			checkConnection(t, cluster, c.s, c.want)
		})
	}
}

// checkConnection makes one call and compares its result with the expected error.
func checkConnection(t *testing.T, c *cluster, s kafka.Security, want string) error {
	t.Helper()
	config := c.config(0)
	config.Security = s
	err := fetch(t.Context(), open(t, config))
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want an error with %q", err, want)
	}
	return err
}

func TestLogin(t *testing.T) {
	const password = "correct horse battery staple"
	ca := newAuthority(t, "house")
	right, wrong := write(t, "right", password+"\n"), write(t, "wrong", "incorrect "+password)
	for ours, theirs := range map[string]string{
		"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512",
	} {
		t.Run(ours, func(t *testing.T) {
			c := newCluster(t, kfake.TLS(ca.server(t, false)), kfake.EnableSASL(), kfake.Superuser(theirs, "gateway", password))
			s := kafka.Security{TLS: true, CAFile: ca.file, SASL: ours, User: "gateway", PasswordFile: right}
			checkConnection(t, c, s, "")
			for name, change := range map[string]func(*kafka.Security){
				"password": func(s *kafka.Security) { s.PasswordFile = wrong },
				"user":     func(s *kafka.Security) { s.User = "mallory" },
			} {
				s := s
				change(&s)
				err := checkConnection(t, c, s, "check user and password_file")
				if !errors.Is(err, kafka.ErrRefused) {
					t.Errorf("wrong %s: not a refusal: %v", name, err)
				}
				if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), s.User)) {
					t.Errorf("wrong %s: the error contains a secret: %v", name, err)
				}
			}
		})
	}
	t.Run("no login where one is required", func(t *testing.T) {
		c := newCluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "gateway", password))
		checkConnection(t, c, kafka.Security{}, "EOF")
	})
}

// A broker that refuses with a text, as Kafka does, may be an impostor: its text may contain the password
// that it just received.
func TestRefusalTextIsNotReported(t *testing.T) {
	const password = "correct horse battery staple"
	ca := newAuthority(t, "house")
	s := kafka.Security{TLS: true, CAFile: ca.file, SASL: "plain", User: "gateway", PasswordFile: write(t, "password", password)}
	for _, step := range []struct {
		key  kmsg.Key
		no   func(kmsg.Request) kmsg.Response
		want string
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
			c := newCluster(t, kfake.TLS(ca.server(t, false)), kfake.EnableSASL(), kfake.Superuser("PLAIN", "gateway", password))
			c.ControlKey(int16(step.key), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				return step.no(r), nil, true
			})
			err := checkConnection(t, c, s, step.want)
			if !errors.Is(err, kafka.ErrRefused) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v", err)
			}
		})
	}
}
